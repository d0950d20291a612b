// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "load_internal.h"

#include "base/failpoint.h"
#include "sync/outbox.h"

void load_committed(void *user, const struct pg_result *res, const struct err *err)
{
	struct load *b = user;

	if (err) {
		load_fail(b, err);
		return;
	}
	FAILPOINT(store_after_commit);
	for (int i = 0; res && i < pg_rows(res); i++) {
		FAILPOINT(end_before_publish);
		outbox_send(b->lane.worker->outbox, res, i);
	}
	b->lane.ended(b->lane.user, LOAD_DONE, NULL);
}

enum figure {
	FIGURE_PAGE,
	FIGURE_INSERTED,
	FIGURE_UPDATED,
	FIGURE_UNCHANGED,
	FIGURE_QUARANTINED,
	FIGURE_EXPECTED
};

static int64_t entry_figure(const struct entry *e, enum figure figure)
{
	switch (figure) {
	case FIGURE_PAGE:
		return e->last->number + 1;
	case FIGURE_INSERTED:
		return e->inserted;
	case FIGURE_UPDATED:
		return e->updated;
	case FIGURE_UNCHANGED:
		return (int64_t)e->rows - e->inserted - e->updated;
	case FIGURE_QUARANTINED:
		return (int64_t)entry_bad(e);
	case FIGURE_EXPECTED:
		return e->last->total;
	}
	abort();
}

static void add_figures(struct load *b, enum figure figure)
{
	pg_array_begin(&b->args, PG_INT8);
	for (struct entry *e = b->entries; e; e = e->hh.next) {
		if (e->fate != ENTRY_ALIVE)
			continue;
		int64_t v = entry_figure(e, figure);
		if (figure == FIGURE_EXPECTED && v < 0)
			pg_array_null(&b->args);
		else
			pg_array_i64(&b->args, v);
	}
	pg_array_end(&b->args);
}

/* Its task ends with this load: no sweep follows. */
static bool entry_finishes(const struct entry *e)
{
	return e->fate == ENTRY_ALIVE && e->last->last && !e->last->sweeps;
}

static void send_advance(struct load *b)
{
	struct pg_args *a = &b->args;

	pg_args_clear(a);
	pg_array_begin(a, PG_UUID);
	for (struct entry *e = b->entries; e; e = e->hh.next) {
		if (e->fate == ENTRY_ALIVE)
			pg_array_uuid(a, &e->task->task_id);
	}
	pg_array_end(a);
	add_figures(b, FIGURE_PAGE);
	pg_array_begin(a, PG_TEXT);
	for (struct entry *e = b->entries; e; e = e->hh.next) {
		if (entry_finishes(e) || (e->fate == ENTRY_ALIVE && e->last->cursor.n == 0))
			pg_array_null(a);
		else if (e->fate == ENTRY_ALIVE)
			pg_array_text(a, buf_str(&e->last->cursor));
	}
	pg_array_end(a);
	for (enum figure f = FIGURE_INSERTED; f <= FIGURE_EXPECTED; f++)
		add_figures(b, f);
	pg_exec(b->lane.pg, &sql_advance, a, NULL, NULL);
}

/* Ends the walks whose last page is here; its result, the events, comes back with the COMMIT. */
static void send_finish(struct load *b)
{
	struct pg_args *a = &b->args;

	pg_args_clear(a);
	pg_array_begin(a, PG_UUID);
	for (struct entry *e = b->entries; e; e = e->hh.next) {
		if (entry_finishes(e))
			pg_array_uuid(a, &e->task->task_id);
	}
	pg_array_end(a);
	pg_array_begin(a, PG_INT8);
	for (struct entry *e = b->entries; e; e = e->hh.next) {
		if (!entry_finishes(e))
			continue;
		if (e->last->watermark_us)
			pg_array_i64(a, e->last->watermark_us);
		else
			pg_array_null(a);
	}
	pg_array_end(a);
	pg_exec_held(b->lane.pg, &sql_finish, a);
}

void load_commit(struct load *b)
{
	bool last = false;

	FAILPOINT(store_after_rows);
	for (struct entry *e = b->entries; e; e = e->hh.next) {
		if (e->fate != ENTRY_ALIVE)
			continue;
		last = last || entry_finishes(e);
	}
	load_quarantine(b);
	load_keep(b);
	load_erase(b);
	load_forget(b);
	load_bear(b);
	send_advance(b);
	load_replace(b);
	if (last)
		send_finish(b);
	pg_args_clear(&b->args);
	if (outbox_take_acknowledged(b->lane.worker->outbox, &b->args))
		pg_exec(b->lane.pg, &sql_clear_outbox, &b->args, NULL, NULL);
	FAILPOINT(store_before_commit);
	pg_exec(b->lane.pg, &sql_commit, NULL, NULL, NULL);
	pg_sync(b->lane.pg, load_committed, b);
}
