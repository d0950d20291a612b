// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "load_internal.h"

#include "base/failpoint.h"

#define LOAD_PAGES_MAX 1000

struct load *load_new(const struct load_lane *lane)
{
	struct load *b = mem_zalloc(sizeof *b);

	b->lane = *lane;
	b->tail = &b->pages;
	b->args = PG_ARGS;
	return b;
}

void load_free(struct load *b)
{
	struct entry *e;
	struct entry *next;

	if (!b)
		return;
	HASH_FREE(b->entries, e, next, free);
	load_free_groups(b);
	free(b->order);
	pg_args_done(&b->args);
	free(b);
}

static struct entry *entry_of(struct load *b, const struct task *t)
{
	struct entry_key key = {t->connection_id, t->table};
	struct entry *e;

	HASH_FIND(hh, b->entries, &key, sizeof key, e);
	return e;
}

bool load_has_room(struct load *b, const struct rows *rows)
{
	if (!b->pages)
		return true;
	struct entry *e = entry_of(b, rows->task);
	/* Of the same resource: cancelled, and asked for again. */
	bool another_run = e && e->task != rows->task;

	return !another_run && !rows->alone && !b->pages->alone && b->npages < LOAD_PAGES_MAX &&
	       b->nrows + rows->n <= (size_t)b->lane.worker->settings.store_rows_max;
}

void load_add(struct load *b, struct rows *rows)
{
	struct task *t = rows->task;
	struct entry *e = entry_of(b, t);

	if (!e) {
		e = mem_zalloc(sizeof *e);
		e->key = (struct entry_key){t->connection_id, t->table};
		e->task = t;
		e->first = rows;
		HASH_ADD(hh, b->entries, key, sizeof e->key, e);
		b->order = mem_realloc(b->order, (b->norder + 1) * sizeof(struct entry *));
		b->order[b->norder++] = e;
	}
	e->last = rows;
	e->pages++;
	e->rows += rows->n + rows->unchanged;
	rows->next = NULL;
	*b->tail = rows;
	b->tail = &rows->next;
	b->npages++;
	b->nrows += rows->n;
}

size_t entry_bad(const struct entry *e)
{
	size_t n = 0;

	for (const struct rows *r = e->first; r; r = rows_next(r, e->last))
		n += r->nbad;
	return n;
}

size_t load_pages(const struct load *b)
{
	return b->npages;
}

void load_part(struct load *b)
{
	for (struct entry *e = b->entries; e; e = e->hh.next)
		e->last->next = NULL;
	b->pages = NULL;
	b->tail = &b->pages;
	b->npages = 0;
}

struct entry *load_entries(struct load *b)
{
	return b->entries;
}

bool load_page_alive(struct load *b, const struct rows *r)
{
	return entry_of(b, r->task)->fate == ENTRY_ALIVE;
}

static enum load_end end_for(const struct load *b)
{
	const char *state = b->err.sqlstate;

	if (pg_error_passes(&b->err))
		return LOAD_AGAIN;
	if (!strcmp(state, "23505") && b->group && b->group->straight)
		return LOAD_AGAIN;
	if (!strncmp(state, "22", 2) || !strncmp(state, "23", 2) || !strncmp(state, "54", 2))
		return b->npages > 1 ? LOAD_SPLIT : b->pages->sieved ? LOAD_REFUSED : LOAD_SIEVE;
	return LOAD_REFUSED;
}

/* A straight copy that met rows which are there already: from now on these tasks go through the stage. */
static void leave_straight(struct load *b)
{
	struct entry *e;
	struct entry *next;

	if (strcmp(b->err.sqlstate, "23505") != 0 || !b->group)
		return;
	HASH_ITER(hh, b->entries, e, next)
	{
		if (e->key.table == b->group->table)
			e->task->first_load = false;
	}
}

static void rolled_back(void *user, const struct pg_result *res, const struct err *err)
{
	struct load *b = user;

	(void)res;
	(void)err;
	enum load_end end = end_for(b);
	leave_straight(b);
	b->lane.ended(b->lane.user, end, &b->err);
}

void load_fail(struct load *b, const struct err *err)
{
	if (b->failed)
		return;
	b->failed = true;
	b->err = *err;
	if (err->rc == RC_LOST)
		rolled_back(b, NULL, NULL);
	else
		pg_query(b->lane.pg, &sql_rollback, NULL, rolled_back, b);
}

static enum entry_fate fate_of(const struct entry *e, const struct pg_result *r, int row)
{
	bool ours = pg_i64(r, row, 1) == e->task->epoch;
	int64_t page = pg_i64(r, row, 2);
	bool running = str_is(pg_str(r, row, 3), "running");

	if (ours && running && page == e->first->number)
		return ENTRY_ALIVE;
	if (ours && page == e->last->number + 1 &&
	    (running || (e->last->last && str_is(pg_str(r, row, 3), "completed"))))
		return ENTRY_COMMITTED;
	return ENTRY_LOST;
}

static void fenced(void *user, const struct pg_result *res, const struct err *err)
{
	struct load *b = user;

	if (err)
		return;
	b->alive = 0;
	for (size_t i = 0; i < b->norder; i++)
		b->order[i]->fate = ENTRY_LOST; /* also when its row is not there */
	for (int i = 0; i < pg_rows(res); i++) {
		struct entry *e = b->order[pg_i64(res, i, 0) - 1];

		e->fate = fate_of(e, res, i);
		b->alive += e->fate == ENTRY_ALIVE;
	}
	FAILPOINT(store_after_fence);
}

void load_abandon(struct load *b)
{
	pg_exec(b->lane.pg, &sql_rollback, NULL, NULL, NULL);
	pg_sync(b->lane.pg, load_committed, b);
}

/* Not made: the next load makes them again. */
static void stages_made(void *user, const struct pg_result *res, const struct err *err)
{
	struct load *b = user;

	(void)res;
	if (err)
		memset(b->lane.staged, 0, tables_count(b->lane.worker->tables) * sizeof *b->lane.staged);
}

/* Stages live as long as the session; each is made before the transaction that first needs it. */
static void make_stages(struct load *b)
{
	bool made = false;

	for (struct entry *e = b->entries; e; e = e->hh.next) {
		struct table *t = e->task->table;

		if (b->lane.staged[t->index] || e->task->first_load)
			continue;
		b->lane.staged[t->index] = made = true;
		pg_exec(b->lane.pg, &t->stage, NULL, NULL, NULL);
	}
	if (made)
		pg_sync(b->lane.pg, stages_made, b);
}

void load_run(struct load *b)
{
	struct pg_args *a = &b->args;

	b->failed = false;
	b->group = NULL;
	for (struct entry *e = b->entries; e; e = e->hh.next) {
		e->fate = ENTRY_ALIVE;
		e->inserted = e->updated = 0;
	}
	make_stages(b);
	pg_args_clear(a);
	pg_array_begin(a, PG_UUID);
	for (size_t i = 0; i < b->norder; i++)
		pg_array_uuid(a, &b->order[i]->task->task_id);
	pg_array_end(a);
	pg_exec(b->lane.pg, &sql_begin, NULL, NULL, NULL);
	pg_exec(b->lane.pg, &sql_fence, a, fenced, b);
	load_ask(b);
}
