// SPDX-License-Identifier: Apache-2.0
#pragma once
/* A page on its way to the database: tuples encoded when it arrived; its JSON is gone. */
#include "base/base.h"
#include "base/buf.h"
#include "provider.h"
#include "row.h"

struct resource;
struct task;

/* A record that cannot be stored, as it may be kept: without what the declaration redacts. */
struct bad_record {
	struct buf id; /* empty: not known */
	char *column;  /* NULL: not known */
	char *reason;
	struct buf raw; /* empty: it could not be redacted */
	size_t at;      /* tuples of the page before it, as it was read */
	bool repeated;  /* it came again in a later page: it counts, but is not kept */
};

/* One record that the provider says is deleted. */
struct gone_record {
	size_t id_at; /* in rows.bytes */
	size_t id_n;
	int64_t deleted_us; /* 0: it does not say when */
	size_t at;          /* tuples of the page before it, as it was read */
	bool fed;           /* by a feed: what the walk has shown is there again */
};

/* What a page leaves behind that ends the walk of a parent. */
struct bearing {
	char *parent;
	char *token;        /* NULL: none */
	int64_t touched_us; /* of the last page: when the whole walk began; else 0 */
	bool whole;         /* of the last page: the walk met every parent that there is */
};

struct rows {
	struct task *task;
	int64_t number; /* of the page, from 0 */
	struct buf bytes;
	struct row_mark *mark;
	size_t n;
	size_t cap;
	struct bad_record *bad;
	size_t nbad;
	struct gone_record *gone;
	size_t ngone;
	size_t unchanged;  /* records that are counted as unchanged and not written */
	struct buf cursor; /* where the next page begins; meaningless when last */
	bool last;
	bool keep;            /* its ids are kept aside (generation.h): */
	int64_t walk_us;      /*   the walk's start, */
	bool begins;          /*   and whether this is its first page */
	bool forgets;         /* last: nothing that was kept is needed any more */
	bool sweeps;          /* last: a sweep follows, and `cursor` is where it begins */
	int64_t slot_from_us; /* its records are of this slot of windows; 0: they have identities */
	int64_t slot_to_us;
	int64_t attempt;         /* the reading of the slot that they belong to */
	bool slot_done;          /* which is complete with this page */
	struct bearing *bearing; /* what it leaves for the next walk of its parent; NULL: nothing */
	int64_t watermark_us;
	int64_t total; /* expected records, or -1 */
	size_t budget; /* bytes taken from the page budget */
	bool alone;    /* goes in a transaction of its own: its load failed on data */
	bool sieved;   /* its bad records were searched for: another failure is not theirs */
	struct uuid
	    *replayed; /* the quarantined records that this page is made of; NULL: the provider sent it */
	size_t nreplayed;
	struct rows *next;
};

static inline struct str rows_id(const struct rows *r, size_t i)
{
	return (struct str){r->bytes.p + r->mark[i].id_at, r->mark[i].id_n};
}

static inline struct str rows_gone_id(const struct rows *r, size_t i)
{
	return (struct str){r->bytes.p + r->gone[i].id_at, r->gone[i].id_n};
}

/* The page behind `r` in the list that ends with `last`, or NULL; for (r = first; r; r = rows_next(r, last)).
 */
static inline struct rows *rows_next(const struct rows *r, const struct rows *last)
{
	return r == last ? NULL : r->next;
}

/* Of a walk that has no other. */
static inline bool rows_are_whole_walk(const struct rows *r)
{
	return r->number == 0 && r->last;
}

/* Makes an empty page, reusing a freed one's memory when there is one. */
struct rows *rows_new(struct task *task);
void rows_free(struct rows *r);
/* Frees what rows_free kept for reuse. */
void rows_drain_pool(void);

/* Encodes one record at the end, or notes it as bad. RC_LIMIT only when the page passes its ceiling. */
enum rc rows_add(
    struct rows *r, const struct row_writer *writer, struct str raw, const struct slice *fields) MUST_USE;
/* The same for one that is gone. */
enum rc rows_add_gone(struct rows *r, const struct row_writer *writer, const struct record *rec) MUST_USE;
/* The same for one that the provider refuses to show. */
enum rc rows_add_refused(struct rows *r, const struct row_writer *writer, const struct record *rec) MUST_USE;
/* Notes a record as bad that is not even one. */
void rows_add_bad(struct rows *r, struct str id, const char *reason, struct str raw);
/* Notes what the page leaves for the walks to come. */
void rows_set_bearing(struct rows *r, struct str parent, struct str token, int64_t touched_us);
/* Moves record `i` from the tuples to the bad ones, with the database's reason. */
void rows_reject(struct rows *r, const struct resource *resource, size_t i, const char *reason);

void bad_record_done(struct bad_record *bad);
