// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "limits_internal.h"

#include "base/jsonw.h"
#include "statements.h"
#include "task.h"
#include "worker.h"

#define ASK_MAX 256 /* budgets in one statement; the rest follow */
#define ASK_BYTES_MAX (1u << 20)
#define HORIZON_MIN_US INT64_C(500000)
#define POLL_CLOSED_US 200000
#define LEASE_SHARE 20 /* one lease of a quota is at most this part of it */

void limits_wake(struct limits *l)
{
	gather_wake(&l->gather);
}

/* ---- what is due ---- */

static void ask(struct limits *l, struct budget *b)
{
	if (b->due)
		return;
	b->due = true;
	if (l->nasked == l->asked_cap) {
		l->asked_cap = l->asked_cap ? 2 * l->asked_cap : 64;
		l->asked = mem_realloc(l->asked, l->asked_cap * sizeof(struct budget *));
	}
	l->asked[l->nasked++] = b;
	if (b->close_us && b->wide)
		ask(l, b->wide);
}

static void ask_lane(struct limits *l, struct lane *lane)
{
	if (l->nlanes == l->lane_cap) {
		l->lane_cap = l->lane_cap ? 2 * l->lane_cap : 64;
		l->lane_asked = mem_realloc(l->lane_asked, l->lane_cap * sizeof(struct lane *));
	}
	l->lane_asked[l->nlanes++] = lane;
	for (size_t i = 0; i < lane->n; i++)
		if (lane->budget[i]->rule->limit.kind == LIMIT_RATE)
			ask(l, lane->budget[i]);
}

static void add_needs(struct limits *l)
{
	struct budget *b, *next;

	HASH_ITER(hh, l->budgets, b, next)
	{
		b->need = 0;
		b->due = false;
		b->place = -1;
	}
	for (const struct lane *lane = l->head; lane; lane = lane->next)
		for (const struct task *t = lane->head; t; t = t->permit.next)
			for (size_t i = 0; i < lane->n; i++)
				lane->budget[i]->need += limits_cost(lane->budget[i], t);
}

static int64_t wanted(const struct budget *b)
{
	int64_t allowance = (int64_t)b->rule->limit.count;

	if (b->rule->limit.kind == LIMIT_CONCURRENCY) {
		if (b->turn_ends && b->turn_ends <= limit_clock_now())
			return b->in_use;
		return MIN(MAX(b->in_use + b->need, b->peak), MAX(allowance, b->in_use));
	}
	return MAX(b->need, MIN(b->need + 2 * b->recent, allowance / LEASE_SHARE));
}

/* Units that were leased and are not spent go back with every question, and are leased anew: so they are
 * always counted in the slot of their period in which they will be spent. */
static bool is_short(const struct limits *l, const struct budget *b, int64_t now)
{
	bool over = limit_clock_latest(&l->clock, now) + b->rule->keep_us / 4 > b->expires;

	switch (b->rule->limit.kind) {
	case LIMIT_QUOTA:
		return b->need > b->units || (b->units && over);
	case LIMIT_CONCURRENCY:
		return b->need && (b->in_use >= b->units || over) && !b->turn_ends;
	case LIMIT_RATE:
		break;
	}
	return false;
}

/* Others wait for permits that this worker has had for long enough. */
static bool gives_back(const struct budget *b, int64_t now)
{
	return b->turn_ends && b->turn_ends <= now && b->units > b->in_use;
}

static bool is_due(const struct limits *l, const struct budget *b, int64_t now)
{
	bool held = b->units || b->in_use || b->need || b->told;

	if (b->close_us || gives_back(b, now))
		return true;
	if (l->leaving)
		return b->units > 0;
	if (b->need && b->closed > now && b->asked + POLL_CLOSED_US <= now)
		return true; /* it may have been opened by hand */
	if (b->asked + b->rule->poll_us <= now && held)
		return true;
	return b->blocked <= now && b->closed <= now && is_short(l, b, now);
}

static bool lane_is_due(struct lane *l, int64_t now)
{
	size_t starts = limit_starts_count(&l->starts);
	size_t startable;

	if (!l->paced || l->blocked > now || starts * 4 > l->batch)
		return false;
	startable = lane_startable(l);
	l->need = startable > starts ? startable - starts : 0;
	return l->need > 0;
}

static void select_due(struct limits *l)
{
	int64_t now = limit_clock_now();
	struct budget *b, *next;

	l->nasked = l->nlanes = 0;
	add_needs(l);
	HASH_ITER(hh, l->budgets, b, next)
	{
		if (l->nasked < ASK_MAX && is_due(l, b, now))
			ask(l, b);
	}
	for (struct lane *lane = l->head; lane && l->nasked < ASK_MAX && !l->leaving; lane = lane->next)
		if (lane_is_due(lane, now))
			ask_lane(l, lane);
}

/* ---- the question ---- */

static void write_numbers(struct jsonw *j, const struct limit_rule *r)
{
	static const char *const kinds[] = {"rate", "quota", "concurrency"};

	jsonw_text(j, "provider", r->provider->name);
	jsonw_text(j, "name", r->limit.name);
	jsonw_text(j, "kind", kinds[r->limit.kind]);
	jsonw_int(j, "keep_us", r->keep_us);
	if (r->limit.kind == LIMIT_RATE) {
		jsonw_double(j, "interval_us", r->pace.interval_us);
		jsonw_int(j, "window_us", r->pace.window_us);
		jsonw_int(j, "burst", r->pace.burst);
		jsonw_bool(j, "refills", r->pace.refills);
		return;
	}
	jsonw_double(j, "allowance", r->limit.count);
	jsonw_int(j, "period_us", MAX((int64_t)(r->limit.period_s * 1e6), 1));
	jsonw_bool(j, "rolling", r->limit.rolling);
}

static void write_told(struct jsonw *j, struct budget *b)
{
	if (b->told && b->word.remaining >= 0)
		jsonw_int(j, "remaining", b->word.remaining);
	if (b->told && b->word.reset_us)
		jsonw_int(j, "reset_us", b->word.reset_us);
	if (b->told && b->word.scale > 0)
		jsonw_double(j, "scale", b->word.scale);
	if (b->close_us) {
		jsonw_int(j, "close_us", b->close_us);
		if (b->wide)
			jsonw_int(j, "wide", b->wide->place);
	}
	b->told = false;
	b->closing_us = b->close_us;
	b->close_us = 0;
}

static void write_budget(struct jsonw *j, struct budget *b, bool leaving)
{
	bool quota = b->rule->limit.kind == LIMIT_QUOTA;

	jsonw_object(j, NULL);
	jsonw_text(j, "budget", b->key);
	write_numbers(j, b->rule);
	jsonw_int(j, "want", leaving ? 0 : wanted(b));
	jsonw_int(j, "need", leaving ? 0 : b->need);
	jsonw_int(j, "held", b->in_use);
	jsonw_int(j, "give", quota ? b->units : 0);
	jsonw_int(j, "give_slot", b->slot);
	write_told(j, b);
	jsonw_object_end(j);
	/* No call draws on it until the answer is here, which may grant less. */
	b->units = quota ? 0 : b->in_use;
	b->recent = 0;
	b->peak = b->in_use;
	b->asked = limit_clock_now();
}

static void write_lane(struct jsonw *j, struct lane *lane)
{
	jsonw_object(j, NULL);
	jsonw_array(j, "budgets");
	for (size_t i = 0; i < lane->n; i++)
		if (lane->budget[i]->rule->limit.kind == LIMIT_RATE)
			jsonw_int(j, NULL, lane->budget[i]->place);
	jsonw_array_end(j);
	jsonw_int(j, "need", (int64_t)lane->need);
	jsonw_int(j, "want", (int64_t)lane->need + 2 * lane->recent);
	jsonw_object_end(j);
	lane->recent = 0;
}

static int by_key(const void *a, const void *b)
{
	struct budget *const *x = a;
	struct budget *const *y = b;

	return strcmp((*x)->key, (*y)->key);
}

static void write_question(struct limits *l, struct buf *budgets, struct buf *lanes)
{
	struct jsonw j = JSONW(budgets);

	qsort(l->asked, l->nasked, sizeof(struct budget *), by_key);
	for (size_t i = 0; i < l->nasked; i++)
		l->asked[i]->place = (int)i;
	jsonw_array(&j, NULL);
	for (size_t i = 0; i < l->nasked; i++)
		write_budget(&j, l->asked[i], l->leaving);
	jsonw_array_end(&j);
	j = JSONW(lanes);
	jsonw_array(&j, NULL);
	for (size_t i = 0; i < l->nlanes; i++)
		write_lane(&j, l->lane_asked[i]);
	jsonw_array_end(&j);
}

static void leave_now(struct limits *l)
{
	void (*left)(void *user) = l->left;

	l->left = NULL;
	if (left)
		left(l->left_user);
}

void limits_exchange(void *user)
{
	struct limits *l = user;
	AUTO(buf_done) struct buf budgets = BUF(ASK_BYTES_MAX);
	AUTO(buf_done) struct buf lanes = BUF(ASK_BYTES_MAX);
	int64_t patience = l->worker->settings.retry_park_after_ms * US_PER_MS;

	if (l->busy)
		return;
	if (!pg_is_up(l->worker->control)) {
		leave_now(l);
		return;
	}
	select_due(l);
	if (l->nasked == 0) {
		leave_now(l);
		return;
	}
	gather_begun(&l->gather);
	l->busy = true;
	write_question(l, &budgets, &lanes);
	pg_args_clear(&l->args);
	pg_arg_uuid(&l->args, &l->worker->id);
	pg_arg_i64(&l->args, l->lead_us);
	pg_arg_i64(&l->args, MAX(patience, HORIZON_MIN_US));
	pg_arg_text(&l->args, buf_str(&budgets));
	pg_arg_text(&l->args, buf_str(&lanes));
	l->sent = limit_clock_now();
	pg_query(l->worker->control, &sql_limits_exchange, &l->args, limits_exchanged, l);
}

void limits_leave(struct limits *l, void (*done)(void *user), void *user)
{
	l->leaving = true;
	l->left = done;
	l->left_user = user;
	limits_exchange(l);
}
