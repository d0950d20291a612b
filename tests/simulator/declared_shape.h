// SPDX-License-Identifier: Apache-2.0
#pragma once
/*
 * A provider's declaration as the other side of the wire sees it: its requests are read back, and its
 * records, pages and token answers are made. Pure. The simulator's `resource` and `account` are not the
 * declaration's, so neither side's headers are included here, and only declared_shape*.c know the latter.
 */
#include "base/base.h"
#include "base/buf.h"
#include "request.h"

struct shape;

enum rc shape_load(const char *file, struct shape **ret, struct err *err) MUST_USE;
/* Accepts NULL. */
void shape_free(struct shape *s);

/* ---- requests ---- */

enum shape_call { SHAPE_NOTHING, SHAPE_TOKEN, SHAPE_RECORDS, SHAPE_BEYOND, SHAPE_DELETIONS };

struct shape_asked {
	enum shape_call call;
	const char *resource;       /* its name; the shape's */
	char credential[PARAM_MAX]; /* the access token; of the token endpoint, the refresh token */
	char account[PARAM_MAX];    /* ${connection.external_id}, where the declaration sends it */
	int64_t size;               /* of a page; 0: the request does not say */
	bool by_page;               /* `at` counts pages, not records */
	int64_t at;                 /* where the page begins */
	int64_t since_us;           /* INT64_MIN: everything */
	int64_t before_us;          /* end of the window; 0: no end */
	char parent[PARAM_MAX];     /* what the request says of its parent; empty: nothing */
	char parent_key[PARAM_MAX]; /* and which of its keys that is */
	char after[PARAM_MAX];      /* key of the last record seen; empty: none */
	struct buf keys;            /* of the records that are asked for one by one; empty: not so */
	const char *fault;          /* why the request is refused; NULL: it is good */
};

void shape_ask(const struct shape *s, const struct request *req, struct shape_asked *ret);
void shape_asked_done(struct shape_asked *asked);
/* Whether pages are found by counting, not by something that the answer gave. */
bool shape_counts(const struct shape *s, const char *resource);
/* Whether requests carry something that tells accounts apart. */
bool shape_has_tokens(const struct shape *s);

/* ---- records ---- */

struct shape_facts {
	uint64_t salt;
	uint64_t i;
	uint32_t revision;
	int64_t created_s;
	int64_t updated_s;
	int64_t deleted_s;                   /* of a deletions feed's entry */
	uint64_t parent;                     /* of a resource whose records have parents: which one */
	const struct shape_facts *of_parent; /* its facts when it is a record, too */
	bool told; /* what the parent says is in the record: for those who ask what there is, not for pages */
};

/* Whose records the resource's hang on: another resource's name, "" for a setting's elements, NULL: nobody's.
 */
const char *shape_parent(const struct shape *s, const char *resource);
/* Appends what a child's requests say of a parent. */
void shape_parent_key(const struct shape *s, const char *resource, const char *key,
    const struct shape_facts *f, struct buf *ret);
/* How long the windows are of a resource that is asked for by them, and how far back they go; false: it is
 * not. */
bool shape_windows(const struct shape *s, const char *resource, int64_t *ret_step_s, int64_t *ret_back_s);

bool shape_serves(const struct shape *s, const char *resource);
/* One record as a JSON object. */
void shape_record(const struct shape *s, const char *resource, const struct shape_facts *f, struct buf *ret);
/* The identity as the table has it: the parts joined with '/'. */
void shape_id(const struct shape *s, const char *resource, const struct shape_facts *f, struct buf *ret);
/* The index of the record with that key (of paging by key); below 0: there is none. */
int64_t shape_index(const struct shape *s, const char *resource, struct str key);
/* An entry of the deletions feed. */
void shape_deleted(const struct shape *s, const char *resource, const struct shape_facts *f, struct buf *ret);
/* The texts before a record's first identity and before its first text column, quote included; NULL: none. */
const char *shape_id_key(const struct shape *s, const char *resource);
const char *shape_text_key(const struct shape *s, const char *resource);

/* ---- pages ---- */

struct shape_page {
	const struct request *request;
	const char *resource;
	enum shape_call call;
	bool more;
	int64_t next; /* record at which the next page begins */
	int64_t total;
	int64_t now_us;
};

/* What is around the records, and header lines. */
void shape_envelope(const struct shape *s, const struct shape_page *page, struct buf *before,
    struct buf *after, struct buf *headers);

/* ---- tokens ---- */

struct shape_grant {
	const char *access;
	const char *refresh;
	int64_t life_s;
};

/* Whether a refresh spends the refresh token. */
bool shape_rotates(const struct shape *s);
void shape_grant(const struct shape *s, const struct shape_grant *grant, struct buf *ret);
