// SPDX-License-Identifier: Apache-2.0
#pragma once
/*
 * Turns one record of a page into one tuple of PostgreSQL's binary COPY format (documentation of COPY,
 * "Binary Format"), ready to be sent or to be hashed against what is stored. Pure: no I/O and no clock.
 *
 * A tuple's columns, in this order: connection_id uuid, tenant_id uuid, id text, window_from timestamptz and
 * walk bigint (of records whose place is their identity), the declared columns,
 * payload jsonb (when the resource keeps it), content_hash bigint. The hash is XXH3 (64 bits) over the
 * encoded declared columns and payload.
 */
#include "base/base.h"
#include "base/buf.h"
#include "base/slice.h"
#include "base/uuid.h"

#define ROW_ID_MAX 1024 /* bytes of an id: a B-tree entry must stay below a third of a page */

struct resource; /* sync/declaration.h */
struct row_layout;

/* Compiles a resource's columns; `resource` must outlive the layout. Free with row_layout_free. */
struct row_layout *row_layout_new(const struct resource *resource) MUST_USE;
void row_layout_free(struct row_layout *layout);

/* What a column of the table holds, as PostgreSQL says it: it would cut or round the rest. */
struct row_limit {
	int max_length; /* characters of a varchar(n) or char(n); 0: any */
	int precision;  /* of a numeric(p, s); 0: any */
	int scale;
};

/* A value beyond the limit is refused from now on. A column that was not declared is ignored. */
void row_layout_narrow(struct row_layout *layout, struct str column, const struct row_limit *limit);

/* The paths that row_encode wants as `fields`, for slice_plan_new: the id's parts, then the columns'. Owned
 * by the layout. */
const char *const *row_layout_paths(const struct row_layout *layout, size_t *ret_n);
/* The columns of a tuple, in order ("connection_id", "tenant_id", "id", ...), for COPY's list. Owned by the
 * layout. */
const char *const *row_layout_columns(const struct row_layout *layout, size_t *ret_n);

/* Where tuples go, and whose they are: the same for all records of a page. */
struct row_writer {
	const struct row_layout *layout;
	struct uuid connection_id;
	struct uuid tenant_id;
	int64_t window_us; /* of such a resource: where its window begins, Unix time, */
	int64_t walk;      /*   and the number of its reading */
	struct str id;     /* the next record's, when the resource declares no identity (IDENTITY_POSITION) */
	size_t max_bytes;  /* of a record's text; 0: any */
	struct buf *out;
};

/* One tuple in row_writer.out, as offsets because the buffer may move. */
struct row_mark {
	size_t at; /* first byte of the tuple */
	size_t n;  /* its bytes */
	size_t id_at;
	size_t id_n;
	int64_t hash;
};

/* Why a record cannot be stored; both texts live as long as the layout. */
struct row_fault {
	const char *column;
	const char *reason;
	struct str
	    id; /* the record's, p NULL when it is what is wrong; good until the buffer is written to */
};

/*
 * Appends one tuple. RC_INVALID: the record cannot be stored, `fault` says why; RC_LIMIT: the buffer has no
 * room for it. On both nothing is appended and `ret` is untouched. An id is made of strings and numbers;
 * several parts are joined by '/'. Null, absent and, but for text and json, an empty string are stored as
 * NULL.
 */
enum rc row_encode(const struct row_writer *writer, struct str raw, const struct slice *fields,
    struct row_mark *ret, struct row_fault *fault) MUST_USE;

/* How many parts the identity has. */
size_t row_id_parts(const struct row_layout *layout);
/* Appends the id that the parts of an identity make, as row_encode stores it, without its length. RC_INVALID
 * and RC_LIMIT as there. */
enum rc row_id(const struct row_layout *layout, const struct slice *parts, struct buf *out,
    struct row_fault *fault) MUST_USE;

/* Appends a record's text as it may be kept and shown: without what the declaration redacts. For quarantine.
 */
enum rc row_redact(const struct row_layout *layout, struct str raw, struct buf *out) MUST_USE;

/* Appends the record that a tuple of ours was made from: its payload, or, when it keeps none, an object of
 * its columns by their paths, which row_encode makes the same tuple of. */
void row_render(const struct resource *resource, struct str tuple, struct buf *out);
