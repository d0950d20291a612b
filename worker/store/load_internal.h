// SPDX-License-Identifier: Apache-2.0
#pragma once
/* What the files of a load share: load.c (its life and the fence), load_rows.c, load_commit.c. */
#include "base/base.h"
#include "load.h"

#include "statements.h"
#include "table.h"
#include "task.h"
#include "worker.h"

/* The rows of one table in this load. */
struct group {
	struct load *load;
	struct table *table;
	bool straight; /* COPY into the table: first loads */
	size_t rows;
	struct str *pieces; /* what COPY sends; NULL: not known yet */
	size_t npieces;
	struct group *next;
};

struct load {
	struct load_lane lane;
	struct rows *pages;
	struct rows **tail;
	size_t npages;
	size_t nrows;
	struct entry *entries;
	struct entry **order; /* the entries as they came: what the fence counts by */
	size_t norder;
	size_t alive; /* entries that the fence found to be ours */
	size_t asked; /* entries whose rows were asked for */
	struct group *groups;
	struct group *group; /* being written */
	struct pg_args args;
	struct err err;
	bool failed;
};

bool load_page_alive(struct load *b, const struct rows *r);
/* A statement failed: rolls back and says how to go on. */
void load_fail(struct load *b, const struct err *err);

/*
 * Asks which rows of the living entries differ, then writes those. Goes in one chain with the fence, before
 * its answer: nearly always all tasks are ours; else it is asked once more, without the pages of the others.
 */
void load_ask(struct load *b);
/* Writes the rows of b->group and of those behind it, then commits. */
void load_write_groups(struct load *b);
void load_free_groups(struct load *b);
/* Nothing of it is ours to write. */
void load_abandon(struct load *b);

/* Bad records go to the quarantine, what was stored leaves it. */
void load_quarantine(struct load *b);

/* Keeps aside what the pages of generations showed. */
void load_keep(struct load *b);
/* Deletes what the pages of feeds say, after load_keep. */
void load_erase(struct load *b);
/* After load_erase: walks that are over drop what was kept of them. */
void load_forget(struct load *b);
/* Slots of windows that are complete take the place of what was read of them before, behind the
 * counters. */
void load_replace(struct load *b);
/* What walks leave for the next ones. */
void load_bear(struct load *b);
/* Cursors, counters, quarantine, ends of walks and COMMIT. */
void load_commit(struct load *b);
/* The transaction is over: events go out, the lane hears of it. */
void load_committed(void *user, const struct pg_result *res, const struct err *err);
