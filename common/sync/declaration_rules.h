// SPDX-License-Identifier: Apache-2.0
#pragma once
/* Parts of a declaration (declaration.h): its lists, what answers mean, and limits. */
#include "base/base.h"

/* Every list of a declaration has this shape: `at` points to `n` elements. */
#define LIST_OF(type)                                                                                        \
	struct {                                                                                             \
		type *at;                                                                                    \
		size_t n;                                                                                    \
	}

struct texts {
	const char **at;
	size_t n;
};

struct ints {
	int64_t *at;
	size_t n;
};

/* ---- what an answer means ---- */

/* The classes of the design's "A task's life". */
#define VERDICT_CLASSES(X)                                                                                   \
	X(OK, "ok")                                                                                          \
	X(TRANSIENT, "transient")                                                                            \
	X(THROTTLED, "throttled")                                                                            \
	X(TOKEN, "token")                                                                                    \
	X(AUTH, "auth")                                                                                      \
	X(CURSOR, "cursor")                                                                                  \
	X(CAP, "cap")                                                                                        \
	X(STALLED, "stalled")                                                                                \
	X(PERMANENT, "permanent")                                                                            \
	X(EMPTY, "empty") /* a page without records that ends the walk; only rules say it, callers see ok */

enum verdict_class {
#define X(id, name) VERDICT_##id,
	VERDICT_CLASSES(X)
#undef X
};

const char *verdict_class_name(enum verdict_class c);

enum tristate { TRI_ANY, TRI_NO, TRI_YES };

/* Every condition that is given must hold. Rules are tried in order; the first that holds decides. */
struct verdict_rule {
	struct ints status;    /* one of these; empty: any status */
	const char *path;      /* dotted path in the JSON body; numbers index arrays, * is any element */
	struct texts equals;   /* the value at `path` is one of these */
	struct texts contains; /* the value at `path` (the whole body without a path) holds one of these */
	enum tristate present; /* there is a value at `path` that is not null */
	const char *header;    /* this header is present */
	enum tristate cursor_sent; /* the request carried a cursor of the provider */
	enum verdict_class class;
	int64_t wait_s;     /* what to wait when the answer does not say; 0: the caller's own backoff */
	const char *reason; /* for people; empty: made from status and body */
};

/* ---- limits ---- */

enum limit_kind { LIMIT_RATE, LIMIT_QUOTA, LIMIT_CONCURRENCY };
/* A limit counts per distinct value of everything in its scope: connection|operation is a bucket per account
 * and call. */
enum limit_scope { SCOPE_APP = 1, SCOPE_CONNECTION = 2, SCOPE_OPERATION = 4 };
enum reset_format { RESET_DELTA_S, RESET_DELTA_MS, RESET_EPOCH_S, RESET_EPOCH_MS };

struct limit {
	const char *version; /* it counts with this version of `version_of` only; NULL: always */
	const char *version_of;
	const char *name;
	enum limit_kind kind;
	unsigned scope;         /* of enum limit_scope */
	struct texts resources; /* counts calls of these resources only; empty: all */
	double count;           /* rate and quota: so many per period; concurrency: so many at once */
	double period_s;
	int64_t burst; /* rate: calls at once after a rest; 0: `count`; more than `count`: a bucket that
	                  refills */
	bool weighted; /* quota: counts the calls' cost, not the calls */
	bool rolling;  /* quota: the period slides; else it is renewed at once */
	const char *header_limit;     /* headers that tell: the allowance, */
	const char *header_remaining; /* what is left of it, */
	const char *header_reset;     /* when it is renewed, */
	const char *header_rate;      /* the rate per second (Amazon) */
	enum reset_format reset_format;
};
