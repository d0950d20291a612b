// SPDX-License-Identifier: Apache-2.0
#pragma once
/*
 * One asynchronous PostgreSQL session on the loop (libpq in pipeline mode; nobody else includes libpq-fe.h).
 *
 * Statements are queued with pg_exec and closed by pg_sync: everything between two pg_syncs is one
 * transaction unless it holds explicit BEGIN and COMMIT statements. Results arrive in order, each statement's
 * before the sync's. After a failed statement the rest of its chain is skipped (their callbacks get the same
 * error) and the sync reports the first error. A lost connection fails everything queued with RC_LOST and is
 * opened again with growing delay; what was sent and not answered may have been committed. While the session
 * is down every request fails so, in a later turn of the loop.
 */
#include "base/base.h"
#include "base/buf.h"
#include "base/uuid.h"
#include "io/loop.h"

struct pg;

/*
 * A statement, prepared once per session. Static storage: sessions remember its address. One of a set is
 * executed once for many who ask: its parameters are arrays (pg_args_stack), and its rows theirs in order.
 */
struct pg_statement {
	const char *name;
	const char *sql;
	bool set;
};

/* ---- parameters ---- */

#define PG_ARGS_MAX 24
#define PG_ARGS_BYTES_MAX (64u << 20) /* one statement's parameters; pages are bounded long before */

/* OIDs of the types we send in binary (pg_type.dat). */
enum pg_type {
	PG_BOOL = 16,
	PG_BYTEA = 17,
	PG_INT8 = 20,
	PG_INT4 = 23,
	PG_TEXT = 25,
	PG_FLOAT8 = 701,
	PG_TIMESTAMPTZ = 1184,
	PG_UUID = 2950,
	PG_JSONB = 3802
};

struct pg_arg {
	size_t at;
	int len; /* -1: NULL */
	unsigned type;
	bool binary;
};

/* Binds in order $1, $2, ... Values are copied. Zero-initialise with PG_ARGS, release with pg_args_done. */
struct pg_args {
	struct buf bytes;
	struct pg_arg arg[PG_ARGS_MAX];
	int n;
	size_t array_at; /* of the open array */
};
#define PG_ARGS ((struct pg_args){.bytes = {.max = PG_ARGS_BYTES_MAX}})

void pg_args_clear(struct pg_args *a);
void pg_args_done(struct pg_args *a);
/* What was bound as $i+1, in the form it is sent; p NULL for NULL. Valid until the next binding. */
struct str pg_arg_value(const struct pg_args *a, int i);
void pg_arg_null(struct pg_args *a);
void pg_arg_text(struct pg_args *a, struct str s); /* sent untyped: the statement's context decides */
void pg_arg_i64(struct pg_args *a, int64_t v);     /* int8 */
void pg_arg_bool(struct pg_args *a, bool v);
void pg_arg_uuid(struct pg_args *a, const struct uuid *id);
void pg_arg_bytea(struct pg_args *a, struct str s);
/* An array: begin, then one call per element, then end. Element calls match the type. */
void pg_array_begin(struct pg_args *a, enum pg_type element);
void pg_array_i64(struct pg_args *a, int64_t v);
void pg_array_text(struct pg_args *a, struct str s); /* PG_TEXT and PG_BYTEA */
void pg_array_uuid(struct pg_args *a, const struct uuid *id);
void pg_array_bool(struct pg_args *a, bool v);
void pg_array_jsonb(struct pg_args *a, struct str json);
void pg_array_null(struct pg_args *a);
void pg_array_end(struct pg_args *a);
/*
 * Binds each parameter of `n` others as one array of their values, in order. Each has the same type in all of
 * them, and is no array: those do not go into each other. Texts become text[]; what is NULL everywhere, NULL.
 */
void pg_args_stack(struct pg_args *a, const struct pg_args *const *of, size_t n);

/* ---- results (text format; valid during the callback only) ---- */

struct pg_result;

enum pg_read_type { PG_READ_JSON = 114, PG_READ_NUMERIC = 1700 };

int pg_rows(const struct pg_result *r);
int pg_columns(const struct pg_result *r);
const char *pg_column_name(const struct pg_result *r, int col);
/* The OID: of enum pg_type, or one of those that we only read. */
unsigned pg_column_type(const struct pg_result *r, int col);
/* Rows that an INSERT, UPDATE, DELETE or COPY touched. */
int64_t pg_affected(const struct pg_result *r);
bool pg_is_null(const struct pg_result *r, int row, int col);
struct str pg_str(const struct pg_result *r, int row, int col); /* empty for NULL */
int64_t pg_i64(const struct pg_result *r, int row, int col);    /* 0 for NULL */
bool pg_bool(const struct pg_result *r, int row, int col);
/* False for NULL or no UUID. */
bool pg_uuid(const struct pg_result *r, int row, int col, struct uuid *ret);
/* Decodes a bytea ("\x...") into `ret`. */
bool pg_bytea(const struct pg_result *r, int row, int col, struct buf *ret);

/*
 * Whether the same may work a moment later: the session was lost, or the SQLSTATE's class says deadlock or
 * serialization (40), lock or prerequisite (55), an operator's word or a time-out (57), resources (53), a
 * system error (58), connection (08).
 */
bool pg_error_passes(const struct err *err);

/* `err` is NULL when it went well. */
typedef void pg_done(void *user, const struct pg_result *res, const struct err *err);

/* ---- session ---- */

struct pg_options {
	const char *conninfo;         /* URI or key=value; libpq's environment fills the rest */
	const char *application_name; /* what pg_stat_activity shows */
	const char *setup;            /* SQL run on every new connection before anything else, or NULL */
	loop_fn *on_up;               /* after setup on every connection, or NULL */
	void (*on_down)(void *user, const struct err *err); /* after everything queued was failed, or NULL */
	void *user;
};

/* Opens in the background. The strings of `o` must outlive the session, `setup` included. */
struct pg *pg_open(struct loop *loop, const struct pg_options *o);
/* Closes; queued callbacks are not called. Accepts NULL. */
void pg_close(struct pg *pg);
bool pg_is_up(const struct pg *pg);
/* Statements, copies and syncs that are queued or on the wire. */
size_t pg_pending(const struct pg *pg);

/* Queues one statement of the open chain. `done` may be NULL. */
void pg_exec(
    struct pg *pg, const struct pg_statement *st, const struct pg_args *args, pg_done *done, void *user);
/* The same, but its result is given to the callback of the chain's pg_sync. One in a chain. */
void pg_exec_held(struct pg *pg, const struct pg_statement *st, const struct pg_args *args);
/* Closes the chain: without an error the transaction is committed. `res` is the held statement's, or NULL. */
void pg_sync(struct pg *pg, pg_done *done, void *user);
/* pg_exec and pg_sync of one statement; `done` is called once, after the commit, with the statement's result.
 */
void pg_query(
    struct pg *pg, const struct pg_statement *st, const struct pg_args *args, pg_done *done, void *user);

/*
 * COPY ... FROM STDIN (FORMAT binary): `pieces` are tuples without header and trailer, which are added here.
 * The pieces and `sql` must live until `done`. Nothing else may be pending on the session, and nothing be
 * queued before `done`: COPY does not go in pipeline mode.
 */
void pg_copy(struct pg *pg, const char *sql, const struct str *pieces, size_t n, pg_done *done, void *user);
