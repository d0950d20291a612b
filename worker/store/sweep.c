// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "sweep.h"

#include "base/failpoint.h"
#include "base/log.h"
#include "figures.h"
#include "generation.h"
#include "io/gather.h"
#include "io/pg.h"
#include "statements.h"
#include "sync/outbox.h"
#include "table.h"
#include "task.h"
#include "task_list.h"
#include "worker.h"

#define BATCH 32 /* tasks of one transaction: small accounts share its commit */
#define AGAIN_AFTER_MS 200

static const char setup[] =
    "set statement_timeout = '60s'; set idle_in_transaction_session_timeout = '5s'; set lock_timeout = "
    "'20s'; set enable_seqscan = off; set jit = off; set client_min_messages = error";

/* The columns of sweep_tasks behind those of an event. */
enum sweep_column { TASK_ID = 8, STEP, DELETED, WITHHELD, LIVE, NOTE };

struct sweep {
	struct worker *worker;
	struct pg *pg; /* NULL until the first sweep */
	struct task_list waiting;
	struct task_list sent;
	struct gather start;
	struct timer *again;
	struct pg_args args;
	bool busy;
	size_t alone; /* so many batches of one task: one of them failed */
};

/* ---- what became of a step ---- */

/* Off the list before it is told: a task that has ended is freed at once. */
static struct task *take_sent(struct task_list *sent, const struct pg_result *res, int row)
{
	struct uuid id;

	for (size_t i = 0; pg_uuid(res, row, TASK_ID, &id) && i < sent->n; i++) {
		struct task *t = sent->at[i];

		if (!uuid_eq(&t->task_id, &id))
			continue;
		task_list_remove(sent, i, 1);
		return t;
	}
	return NULL;
}

static void tell_end(const struct task *t, const struct pg_result *res, int row)
{
	bool withheld = !pg_is_null(res, row, WITHHELD);

	if (withheld)
		figures_withheld(t->walk.resource);
	if (!pg_is_null(res, row, NOTE))
		log_event(LOG_LEVEL_WARN, withheld ? "deletions_withheld" : "generation_incomplete",
		    LOG_UUID("task_id", &t->task_id), LOG_UUID("connection_id", &t->connection_id),
		    LOG_STR("resource", t->walk.resource->name),
		    LOG_INT("records", pg_i64(res, row, WITHHELD)), LOG_INT("of", pg_i64(res, row, LIVE)),
		    LOG_STR("reason", pg_str(res, row, NOTE)));
}

static void tell_task(struct task *t, const struct pg_result *res, int row)
{
	struct str step = pg_str(res, row, STEP);
	bool done = str_is(step, "done");

	t->sweeping = false;
	figures_deleted(t->walk.resource, pg_i64(res, row, DELETED));
	if (done)
		tell_end(t, res, row);
	if (str_is(step, "lost") && t->step != TASK_GONE)
		task_lost(t);
	else
		task_swept(t, done);
}

static void tell_all(struct sweep *s, const struct pg_result *res)
{
	struct task_list sent = s->sent;

	s->sent = (struct task_list){0};
	for (int i = 0; i < pg_rows(res); i++) {
		if (pg_is_null(res, i, TASK_ID)) {
			FAILPOINT(sweep_before_publish);
			outbox_send(s->worker->outbox, res, i);
		}
	}
	for (int i = 0; i < pg_rows(res); i++) {
		struct task *t = pg_is_null(res, i, TASK_ID) ? NULL : take_sent(&sent, res, i);

		if (t)
			tell_task(t, res, i);
	}
	task_list_done(&sent);
}

/* The tasks go back to those that wait, in front. */
static void take_back(struct sweep *s)
{
	struct task_list first = s->sent;
	struct task_list rest = s->waiting;

	s->sent = s->waiting = (struct task_list){0};
	for (size_t i = 0; i < first.n; i++) {
		first.at[i]->sweeping = false;
		if (first.at[i]->step == TASK_GONE)
			task_swept(first.at[i], false);
		else
			task_list_add(&s->waiting, first.at[i]);
	}
	for (size_t i = 0; i < rest.n; i++)
		task_list_add(&s->waiting, rest.at[i]);
	task_list_done(&first);
	task_list_done(&rest);
}

static void failed(struct sweep *s, const struct err *err)
{
	log_event(LOG_LEVEL_WARN, "sweep_again", LOG_ERR(err));
	if (pg_error_passes(err) || s->sent.n > 1) {
		if (!pg_error_passes(err))
			s->alone = s->sent.n;
		take_back(s);
		timer_set(s->again, AGAIN_AFTER_MS, 0);
		return;
	}
	struct task *t = s->sent.at[0];
	s->sent.n = 0;
	t->sweeping = false;
	task_refused(t, 0, err->text);
}

static void stepped(void *user, const struct pg_result *res, const struct err *err)
{
	struct sweep *s = user;

	s->busy = false;
	if (err) {
		failed(s, err);
	} else {
		FAILPOINT(sweep_after_step);
		tell_all(s, res);
	}
	gather_wake(&s->start);
}

/* ---- asking ---- */

static int64_t percent_of(const struct sweep *s, const struct task *t)
{
	int64_t set = s->worker->settings.deletions_max_percent;

	return set ? set : t->walk.resource->deletion.threshold_percent;
}

static void add_tasks(struct sweep *s)
{
	struct pg_args *a = &s->args;
	const struct task_list *l = &s->sent;

	pg_array_begin(a, PG_UUID);
	for (size_t i = 0; i < l->n; i++)
		pg_array_uuid(a, &l->at[i]->task_id);
	pg_array_end(a);
	pg_array_begin(a, PG_INT8);
	for (size_t i = 0; i < l->n; i++)
		pg_array_i64(a, l->at[i]->epoch);
	pg_array_end(a);
	pg_array_begin(a, PG_TEXT);
	for (size_t i = 0; i < l->n; i++)
		pg_array_text(a, str_of(l->at[i]->walk.resource->table));
	pg_array_end(a);
	pg_array_begin(a, PG_INT8);
	for (size_t i = 0; i < l->n; i++)
		pg_array_i64(a, generation_walks(l->at[i]->walk.resource));
	pg_array_end(a);
	pg_array_begin(a, PG_INT8);
	for (size_t i = 0; i < l->n; i++)
		pg_array_i64(a, percent_of(s, l->at[i]));
	pg_array_end(a);
}

static void take_batch(struct sweep *s)
{
	size_t n = s->alone ? 1 : MIN(s->waiting.n, BATCH);

	s->alone -= s->alone ? 1 : 0;
	s->sent.n = 0;
	for (size_t i = 0; i < n; i++) {
		s->waiting.at[i]->sweeping = true;
		task_list_add(&s->sent, s->waiting.at[i]);
	}
	task_list_remove(&s->waiting, 0, n);
}

static void send(void *user)
{
	struct sweep *s = user;

	if (s->busy || s->waiting.n == 0 || !pg_is_up(s->pg))
		return;
	s->busy = true;
	gather_begun(&s->start);
	take_batch(s);
	pg_args_clear(&s->args);
	add_tasks(s);
	pg_arg_i64(&s->args, s->worker->settings.deletions_floor);
	pg_arg_i64(&s->args, s->worker->settings.deletions_step_rows);
	FAILPOINT(sweep_before_step);
	pg_query(s->pg, &sql_sweep, &s->args, stepped, s);
}

/* ---- its life ---- */

static void wake(void *user)
{
	struct sweep *s = user;

	gather_wake(&s->start);
}

static void down(void *user, const struct err *err)
{
	(void)user;
	log_event(LOG_LEVEL_WARN, "database_lost", LOG_STR("session", "sweep"), LOG_ERR(err));
}

void sweep_add(struct sweep *s, struct task *t)
{
	if (!s->pg)
		s->pg = pg_open(
		    s->worker->loop, &(struct pg_options){.conninfo = s->worker->settings.database_url,
		                         .application_name = "sync-worker sweep",
		                         .setup = setup,
		                         .on_up = wake,
		                         .on_down = down,
		                         .user = s});
	task_list_add(&s->waiting, t);
	gather_wake(&s->start);
}

void sweep_forget(struct sweep *s, const struct task *t)
{
	for (size_t i = s->waiting.n; i-- > 0;) {
		if (s->waiting.at[i] == t)
			task_list_remove(&s->waiting, i, 1);
	}
}

struct sweep *sweep_new(struct worker *w)
{
	struct sweep *s = mem_zalloc(sizeof *s);

	s->worker = w;
	s->args = PG_ARGS;
	s->again = timer_new(w->loop, wake, s);
	gather_init(&s->start, w->loop, GATHER_MS, send, s);
	return s;
}

void sweep_free(struct sweep *s)
{
	if (!s)
		return;
	pg_close(s->pg);
	gather_done(&s->start);
	timer_free(s->again);
	pg_args_done(&s->args);
	task_list_done(&s->waiting);
	task_list_done(&s->sent);
	free(s);
}
