// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "ticker.h"

#include "base/clock.h"
#include "base/failpoint.h"
#include "base/log.h"
#include "dispatch.h"
#include "io/pg.h"
#include "schedules.h"
#include "statements.h"
#include "stops.h"
#include "sync/outbox.h"

#define OVERDUE_TICKS 20     /* without an answer for so many ticks the clock is not ready */
#define FAST_MS 40           /* between two dispatches while tasks wait */
#define KICK_MS 250          /* a request that found no room is committed and seen within this */
#define SWEEP_MS 2000        /* between two looks for tasks without an owner */
#define FORGET_MS 60000      /* between two looks for answers kept for long enough */
#define RETENTION_MS 60000   /* between two looks for what is too old, unless the last one found much */
#define RETENTION_MANY 500   /* rows of a look: see clock_retention.sql */
#define RETENTION_BUDGETS 60 /* one look in so many is for idle budgets, too */
#define GAP_MS 2000          /* a longer pause between two answers: the database was not watched all along */

struct ticker {
	struct ticker_options o;
	struct timer *timer;
	struct timer *fast; /* dispatching only, while tasks wait for room */
	struct schedules *schedules;
	struct stops *stops;
	struct pg_args args;
	bool busy;
	bool dispatching;
	bool backlog;
	bool failed;
	int64_t fast_until_ms;
	int64_t answered_ms;
	int64_t watched_since_ms;
	int64_t sweep_ms;     /* when the next one is due */
	int64_t forget_ms;    /* likewise */
	int64_t retention_ms; /* likewise */
	uint64_t retentions;
};

static void tick(void *user);

static int64_t max_gap_ms(const struct ticker *t)
{
	return MAX((int64_t)GAP_MS, 3 * t->o.settings->tick_ms);
}

bool ticker_is_up(const struct ticker *t)
{
	return t->answered_ms &&
	       clock_mono_ms() - t->answered_ms < MAX(OVERDUE_TICKS * t->o.settings->tick_ms, max_gap_ms(t));
}

void ticker_session_lost(struct ticker *t)
{
	t->answered_ms = 0;
}

static void dispatched(void *user, const struct pg_result *res, const struct err *err)
{
	struct ticker *t = user;

	t->dispatching = false;
	t->backlog = false;
	for (int i = 0; !err && i < pg_rows(res); i++) {
		struct str messages = pg_str(res, i, 3);

		t->backlog = t->backlog || pg_bool(res, i, 2);
		dispatch_set_room(t->o.dispatch, pg_str(res, i, 0), pg_i64(res, i, 1), pg_bool(res, i, 2));
		dispatch_send(t->o.dispatch, &messages, 1);
	}
	if (t->backlog || clock_mono_ms() < t->fast_until_ms)
		timer_set(t->fast, FAST_MS, 0);
}

static void sent_again(void *user, const struct pg_result *res, const struct err *err)
{
	struct ticker *t = user;

	if (err)
		return;
	struct str messages = pg_str(res, 0, 0);
	dispatch_send(t->o.dispatch, &messages, 1);
}

static void events_due(void *user, const struct pg_result *res, const struct err *err)
{
	struct ticker *t = user;

	for (int i = 0; !err && i < pg_rows(res); i++) {
		outbox_send(t->o.outbox, res, i);
		FAILPOINT(clock_publish_before_ack);
	}
}

static void last_answer(void *user, const struct pg_result *res, const struct err *err)
{
	struct ticker *t = user;
	int64_t now_ms = clock_mono_ms();

	events_due(t, res, err);
	t->busy = false;
	if (err) {
		if (!t->failed)
			log_event(LOG_LEVEL_WARN, "clock_failed", LOG_ERR(err));
		t->failed = true;
		t->answered_ms = 0;
		return;
	}
	t->failed = false;
	if (!t->answered_ms || now_ms - t->answered_ms > max_gap_ms(t))
		t->watched_since_ms = now_ms;
	t->answered_ms = now_ms;
}

static void send_dispatch(void *user)
{
	struct ticker *t = user;
	struct pg_args *a = &t->args;

	if (t->dispatching || !pg_is_up(t->o.pg))
		return;
	t->dispatching = true;
	stops_judge(t->stops);
	pg_args_clear(a);
	pg_array_begin(a, PG_TEXT);
	for (size_t i = 0; i < registry_count(t->o.registry); i++)
		pg_array_text(a, str_of(registry_at(t->o.registry, i)->name));
	pg_array_end(a);
	pg_arg_i64(a, t->o.settings->slots_floor);
	pg_arg_i64(a, t->o.settings->dead_after_ms);
	pg_query(t->o.pg, &sql_clock_dispatch, a, dispatched, t);
}

static void send_reap(struct ticker *t)
{
	struct pg_args *a = &t->args;
	int64_t now_ms = clock_mono_ms();
	bool sweep = now_ms >= t->sweep_ms;

	if (sweep)
		t->sweep_ms = now_ms + SWEEP_MS;
	pg_args_clear(a);
	pg_arg_i64(a, t->o.settings->dead_after_ms);
	pg_arg_i64(a, t->answered_ms ? t->answered_ms - t->watched_since_ms : 0);
	pg_arg_i64(a, t->o.settings->takeovers_max);
	pg_arg_bool(a, sweep);
	pg_query(t->o.pg, &sql_clock_reap, a, events_due, t);
}

static void send_forget(struct ticker *t)
{
	int64_t now_ms = clock_mono_ms();

	if (now_ms < t->forget_ms)
		return;
	t->forget_ms = now_ms + FORGET_MS;
	pg_query(t->o.pg, &sql_clock_forget, NULL, NULL, NULL);
}

static void retained(void *user, const struct pg_result *res, const struct err *err)
{
	struct ticker *t = user;

	if (!err && pg_i64(res, 0, 0) >= RETENTION_MANY)
		t->retention_ms = 0;
}

static void send_retention(struct ticker *t)
{
	struct pg_args *a = &t->args;
	int64_t now_ms = clock_mono_ms();

	if (now_ms < t->retention_ms)
		return;
	t->retention_ms = now_ms + RETENTION_MS;
	pg_args_clear(a);
	pg_arg_i64(a, t->o.settings->evidence_days);
	pg_arg_i64(a, t->o.settings->syncs_days);
	pg_arg_bool(a, t->retentions++ % RETENTION_BUDGETS == 0);
	pg_query(t->o.pg, &sql_clock_retention, a, retained, t);
}

/* Each duty is a transaction of its own; dispatching is last but one, so that what came due goes out in the
 * same tick. */
static void tick(void *user)
{
	struct ticker *t = user;

	if (t->busy || !pg_is_up(t->o.pg))
		return;
	t->busy = true;
	send_reap(t);
	pg_query(t->o.pg, &sql_clock_due, NULL, NULL, NULL);
	schedules_tick(t->schedules);
	send_forget(t);
	send_retention(t);
	send_dispatch(t);
	pg_query(t->o.pg, &sql_clock_again, NULL, sent_again, t);
	pg_query(t->o.pg, &sql_clock_outbox, NULL, last_answer, t);
}

struct ticker *ticker_new(struct loop *loop, const struct ticker_options *o)
{
	struct ticker *t = mem_zalloc(sizeof *t);

	t->o = *o;
	t->args = PG_ARGS;
	t->schedules = schedules_new(o->pg, o->registry);
	t->timer = timer_new(loop, tick, t);
	t->fast = timer_new(loop, send_dispatch, t);
	t->stops = stops_new(o->settings, o->registry, o->pg);
	timer_set(t->timer, 0, o->settings->tick_ms);
	return t;
}

void ticker_free(struct ticker *t)
{
	if (!t)
		return;
	timer_free(t->timer);
	timer_free(t->fast);
	schedules_free(t->schedules);
	stops_free(t->stops);
	pg_args_done(&t->args);
	free(t);
}

void ticker_kick(struct ticker *t)
{
	if (clock_mono_ms() >= t->fast_until_ms && !t->backlog)
		timer_set(t->fast, FAST_MS, 0);
	t->fast_until_ms = clock_mono_ms() + KICK_MS;
}
