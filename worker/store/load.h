// SPDX-License-Identifier: Apache-2.0
#pragma once
/*
 * One transaction of a lane: BEGIN, the fence, the rows of each table, the tasks' cursors and counters, the
 * ends of walks with their events, COMMIT. Pages whose task the fence did not find are dropped. A lost
 * session, and so a COMMIT without an answer, runs the same load again: the fence then finds which pages were
 * committed (design, invariant 5).
 */
#include "base/base.h"
#include "base/hash.h"
#include "base/uuid.h"
#include "io/pg.h"
#include "rows.h"

struct load;
struct table;
struct task;
struct worker;

enum entry_fate {
	ENTRY_ALIVE,     /* ours to write; believed until the fence answers */
	ENTRY_COMMITTED, /* an earlier run of this load did it */
	ENTRY_LOST,      /* the fence is closed */
};

/* One live task per connection and resource: this names a task inside of a load. */
struct entry_key {
	struct uuid connection_id;
	const struct table *table;
};

/* The pages of one task, consecutive and in order. */
struct entry {
	struct entry_key key;
	struct task *task;
	struct rows *first;
	struct rows *last;
	size_t pages;
	size_t rows; /* those counted as unchanged without being written included */
	enum entry_fate fate;
	int64_t inserted;
	int64_t updated;
	UT_hash_handle hh;
};

/* Records of its pages that cannot be stored. */
size_t entry_bad(const struct entry *e);

enum load_end {
	LOAD_DONE,
	LOAD_AGAIN,   /* run the same pages again: session lost, deadlock, a straight copy met old rows */
	LOAD_SPLIT,   /* the data is bad somewhere: every page alone */
	LOAD_SIEVE,   /* a page alone is bad: find its records */
	LOAD_REFUSED, /* the database refuses for another reason */
};

/* `err` is NULL for LOAD_DONE. Each entry's fate tells what became of its pages. */
typedef void load_ended(void *user, enum load_end end, const struct err *err);

/* A lane's transaction; `staged` remembers which tables' stages the session has (cleared when it is lost). */
struct load_lane {
	struct worker *worker;
	struct pg *pg;
	bool *staged;
	load_ended *ended;
	void *user;
};

struct load *load_new(const struct load_lane *lane);
void load_free(struct load *b);
/* Whether the page may go in the same transaction. An empty load has room for any page. */
bool load_has_room(struct load *b, const struct rows *rows);
/* Adds a page; pages of a task come in order, behind each other. */
void load_add(struct load *b, struct rows *rows);
size_t load_pages(const struct load *b);
/* Runs the transaction; `ended` is called in a later turn of the loop. May be called again after LOAD_AGAIN.
 */
void load_run(struct load *b);
/* Gives each entry its pages as a list of its own (first to last), which the caller owns now; the load keeps
 * only its entries. */
void load_part(struct load *b);
/* The entries, as an uthash list (hh.next). */
struct entry *load_entries(struct load *b);
