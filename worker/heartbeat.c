// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "heartbeat.h"

#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/version.h"
#include "breaker.h"
#include "ends.h"
#include "intake.h"
#include "io/loop.h"
#include "io/pg.h"
#include "orders.h"
#include "statements.h"
#include "task.h"
#include "worker.h"

/* Beats must not wait behind a slow server's locks, nor for a compiler: a scan of a small table counts as
 * dear where scans are off. */
static const char setup[] =
    "set statement_timeout = '3s'; set lock_timeout = '2s'; set enable_seqscan = off; set jit = off; "
    "set plan_cache_mode = force_generic_plan; set client_min_messages = error";

#define CALLS_MAX (1u << 20) /* 64 calls a provider take 3 KB */

struct heartbeat {
	struct worker *worker;
	struct pg *pg;
	struct timer *timer;
	struct pg_args args;
	struct buf calls; /* how they went */
	struct buf ends;
	bool registered;
	bool asking; /* a statement is under way */
	bool leaving;
	bool was_fresh;
	int64_t asked_ms;
	int64_t acknowledged_ms; /* when the beat was sent that was answered last; 0: none */
	void (*left)(void *user);
	void *left_user;
};

static void tick(void *user);

bool heartbeat_is_fresh(const struct heartbeat *h)
{
	return h->registered && clock_mono_ms() - h->acknowledged_ms < h->worker->settings.beat_stop_after_ms;
}

bool heartbeat_is_up(const struct heartbeat *h)
{
	return heartbeat_is_fresh(h) && pg_is_up(h->pg);
}

static void acknowledged(struct heartbeat *h)
{
	bool was_fresh = heartbeat_is_fresh(h);

	h->acknowledged_ms = h->asked_ms;
	if (!was_fresh && heartbeat_is_fresh(h))
		worker_resume_tasks(h->worker);
}

static void registered(void *user, const struct pg_result *res, const struct err *err)
{
	struct heartbeat *h = user;

	(void)res;
	h->asking = false;
	if (err) {
		log_event(LOG_LEVEL_WARN, "register_failed", LOG_ERR(err));
		return;
	}
	h->registered = true;
	log_event(LOG_LEVEL_INFO, "joined", LOG_UUID("worker_id", &h->worker->id));
	acknowledged(h);
	intake_wake(h->worker->intake);
}

static void do_register(struct heartbeat *h)
{
	struct worker *w = h->worker;
	char host[256] = "";

	gethostname(host, sizeof host - 1);
	pg_args_clear(&h->args);
	pg_arg_uuid(&h->args, &w->id);
	pg_arg_text(&h->args, str_of(host));
	pg_arg_i64(&h->args, getpid());
	pg_arg_text(&h->args, str_of(version_text()));
	pg_arg_i64(&h->args, w->settings.slots);
	pg_arg_bool(&h->args, w->draining);
	pg_query(h->pg, &sql_register, &h->args, registered, h);
}

static struct task *find_task(struct worker *w, const struct uuid *id)
{
	for (struct task *t = w->tasks; t; t = t->next) {
		if (uuid_eq(&t->task_id, id) && t->step != TASK_GONE)
			return t;
	}
	return NULL;
}

/* Somebody else has declared this worker dead: nothing it holds is its own. */
static void declared_dead(struct heartbeat *h)
{
	struct worker *w = h->worker;

	log_event(
	    LOG_LEVEL_WARN, "declared_dead", LOG_UUID("worker_id", &w->id), LOG_INT("tasks", w->ntasks));
	h->registered = false;
	for (struct task *t = w->tasks, *next; t; t = next) {
		next = t->next;
		task_lost(t);
	}
	w->id = uuid_new();
}

struct claimed {
	struct uuid task_id;
	int64_t epoch;
};

/* The text of an array: {a,b}. */
static struct str elements(struct str list)
{
	return (struct str){list.p + 1, list.n >= 2 ? list.n - 2 : 0};
}

/* Takes the next id/epoch off `rest`. */
static bool next_claimed(struct str *rest, struct claimed *ret)
{
	struct str epoch = str_cut(rest, ',');
	struct str id = str_cut(&epoch, '/');

	return uuid_parse(id, &ret->task_id) && str_to_i64(epoch, &ret->epoch);
}

static void drop_gone(struct worker *w, struct str list)
{
	struct str rest = elements(list);
	struct claimed c;

	while (rest.n && next_claimed(&rest, &c)) {
		struct task *t = find_task(w, &c.task_id);

		/* A task whose last page is being committed is not running any more either: the store knows.
		 */
		if (t && t->epoch == c.epoch && t->step != TASK_SETTLE && t->unstored == 0)
			task_lost(t);
	}
}

/* The row says that a task is ours, and nobody here works on it: the answer to its claim was lost. */
static bool is_stray(struct worker *w, const struct claimed *c)
{
	return !find_task(w, &c->task_id) && !intake_is_claiming(w->intake, &c->task_id);
}

static void give_back_strays(struct heartbeat *h, struct str list)
{
	AUTO(pg_args_done) struct pg_args ids = PG_ARGS;
	struct worker *w = h->worker;
	struct str rest = elements(list);
	struct claimed c;
	size_t n = 0;

	if (!rest.n)
		return;
	pg_arg_uuid(&ids, &w->id);
	pg_array_begin(&ids, PG_UUID);
	while (rest.n && next_claimed(&rest, &c))
		if (is_stray(w, &c))
			pg_array_uuid(&ids, &c.task_id), n++;
	pg_array_end(&ids);
	rest = elements(list);
	pg_array_begin(&ids, PG_INT8);
	while (rest.n && next_claimed(&rest, &c))
		if (is_stray(w, &c))
			pg_array_i64(&ids, c.epoch);
	pg_array_end(&ids);
	if (!n)
		return;
	log_event(LOG_LEVEL_WARN, "strays_given_back", LOG_INT("tasks", n));
	pg_query(h->pg, &sql_give_back, &ids, NULL, NULL);
}

static void beaten(void *user, const struct pg_result *res, const struct err *err)
{
	struct heartbeat *h = user;

	h->asking = false;
	if (err) {
		log_event(LOG_LEVEL_WARN, "heartbeat_failed", LOG_ERR(err));
		return;
	}
	if (pg_i64(res, 0, 0) == 0) {
		declared_dead(h);
		tick(h);
		return;
	}
	h->worker->others_wait = pg_bool(res, 0, 1);
	drop_gone(h->worker, pg_str(res, 0, 2));
	give_back_strays(h, pg_str(res, 0, 3));
	breakers_learn(h->worker->breakers, pg_str(res, 0, 4), h->asked_ms);
	breakers_judge(h->worker->breakers);
	orders_obey(h->worker, pg_str(res, 0, 5), pg_bool(res, 0, 6));
	acknowledged(h);
}

static void beat(struct heartbeat *h)
{
	struct worker *w = h->worker;
	struct pg_args *a = &h->args;

	pg_args_clear(a);
	pg_arg_uuid(a, &w->id);
	pg_arg_bool(a, w->stopping);
	pg_arg_i64(a, (int64_t)intake_free_slots(w->intake));
	pg_array_begin(a, PG_UUID);
	for (struct task *t = w->tasks; t; t = t->next) {
		if (t->step != TASK_GONE)
			pg_array_uuid(a, &t->task_id);
	}
	pg_array_end(a);
	pg_array_begin(a, PG_INT8);
	for (struct task *t = w->tasks; t; t = t->next) {
		if (t->step != TASK_GONE)
			pg_array_i64(a, t->epoch);
	}
	pg_array_end(a);
	buf_clear(&h->calls);
	breakers_report(w->breakers, &h->calls);
	pg_arg_text(a, buf_str(&h->calls));
	ends_report(w->ends, &h->ends);
	pg_arg_text(a, buf_str(&h->ends));
	pg_query(h->pg, &sql_beat, a, beaten, h);
}

static void tick(void *user)
{
	struct heartbeat *h = user;

	if (h->was_fresh && !heartbeat_is_fresh(h))
		log_event(LOG_LEVEL_ERROR, "heartbeat_overdue",
		    LOG_INT("silent_ms", clock_mono_ms() - h->acknowledged_ms));
	h->was_fresh = heartbeat_is_fresh(h);
	if (h->asking || h->leaving || !pg_is_up(h->pg))
		return;
	h->asking = true;
	h->asked_ms = clock_mono_ms();
	if (h->registered)
		beat(h);
	else
		do_register(h);
}

static void left(void *user, const struct pg_result *res, const struct err *err)
{
	struct heartbeat *h = user;

	(void)res;
	if (err)
		log_event(LOG_LEVEL_WARN, "leave_failed", LOG_ERR(err));
	h->left(h->left_user);
}

void heartbeat_leave(struct heartbeat *h, void (*done)(void *user), void *user)
{
	h->leaving = true;
	h->left = done;
	h->left_user = user;
	pg_args_clear(&h->args);
	pg_arg_uuid(&h->args, &h->worker->id);
	pg_query(h->pg, &sql_leave, &h->args, left, h);
}

static void session_down(void *user, const struct err *err)
{
	(void)user;
	log_event(LOG_LEVEL_WARN, "database_lost", LOG_STR("session", "heartbeat"), LOG_ERR(err));
}

struct heartbeat *heartbeat_new(struct worker *w)
{
	struct heartbeat *h = mem_zalloc(sizeof *h);

	h->worker = w;
	h->args = PG_ARGS;
	buf_init(&h->calls, CALLS_MAX);
	buf_init(&h->ends, CALLS_MAX);
	h->timer = timer_new(w->loop, tick, h);
	timer_set(h->timer, w->settings.beat_interval_ms, w->settings.beat_interval_ms);
	h->pg = pg_open(w->loop, &(struct pg_options){.conninfo = w->settings.database_url,
	                             .application_name = "sync-worker heartbeat",
	                             .setup = setup,
	                             .on_up = tick,
	                             .on_down = session_down,
	                             .user = h});
	return h;
}

void heartbeat_free(struct heartbeat *h)
{
	if (!h)
		return;
	pg_close(h->pg);
	timer_free(h->timer);
	pg_args_done(&h->args);
	buf_done(&h->calls);
	buf_done(&h->ends);
	free(h);
}
