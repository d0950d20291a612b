// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "limits_internal.h"

#include "backoff.h"
#include "base/log.h"
#include "task.h"
#include "worker.h"

#define RATHER_LATE_US 1000 /* the loop's timers count milliseconds */
#define SPREAD_US 50000     /* between parked tasks of a limit that is no rate */

int64_t limits_cost(const struct budget *b, const struct task *t)
{
	return b->rule->limit.kind == LIMIT_QUOTA && b->rule->limit.weighted ? t->permit.cost : 1;
}

static bool budget_allows(const struct limits *l, const struct budget *b, const struct task *t, int64_t now)
{
	int64_t timeout_us = t->walk.resource->timeout_s * 1000 * US_PER_MS;

	if (b->closed > now)
		return false;
	switch (b->rule->limit.kind) {
	case LIMIT_QUOTA:
		return b->units >= limits_cost(b, t) && limit_clock_latest(&l->clock, now) < b->expires;
	case LIMIT_CONCURRENCY:
		return b->in_use < b->units && (!b->turn_ends || now < b->turn_ends) &&
		       limit_clock_latest(&l->clock, now) + timeout_us < b->expires;
	case LIMIT_RATE:
		break;
	}
	return true;
}

bool limits_allow(const struct lane *l, const struct task *t, int64_t now)
{
	for (size_t i = 0; i < l->n; i++)
		if (!budget_allows(l->owner, l->budget[i], t, now))
			return false;
	return true;
}

static bool take_start(struct lane *l, int64_t now)
{
	const struct limit_clock *c = &l->owner->clock;
	size_t late = limit_starts_discard(&l->starts, limit_clock_latest(c, now), l->valid_us);

	for (size_t i = 0; late && i < l->n; i++)
		if (l->budget[i]->rule->limit.kind == LIMIT_RATE)
			metric_add(l->budget[i]->rule->discarded, (double)late);
	if (!limit_starts_take(&l->starts, limit_clock_earliest(c, now)))
		return false;
	l->recent++;
	return true;
}

bool lane_try(struct lane *l, struct task *t)
{
	int64_t now = limit_clock_now();

	l->used = now;
	if (!limits_allow(l, t, now) || (l->paced && !take_start(l, now)))
		return false;
	for (size_t i = 0; i < l->n; i++) {
		struct budget *b = l->budget[i];
		int64_t cost = limits_cost(b, t);

		if (b->rule->limit.kind == LIMIT_RATE)
			continue;
		b->in_use += cost;
		b->peak = MAX(b->peak, b->in_use);
		if (b->rule->limit.kind == LIMIT_QUOTA) {
			b->units -= cost;
			b->recent += cost;
		}
	}
	t->permit.granted = true;
	return true;
}

/* ---- the queue ---- */

static void list_lane(struct lane *l)
{
	struct limits *o = l->owner;

	l->listed = true;
	l->next = NULL;
	l->prev = o->tail;
	if (o->tail)
		o->tail->next = l;
	else
		o->head = l;
	o->tail = l;
}

static void unlist_lane(struct lane *l)
{
	struct limits *o = l->owner;

	l->listed = false;
	if (l->prev)
		l->prev->next = l->next;
	else
		o->head = l->next;
	if (l->next)
		l->next->prev = l->prev;
	else
		o->tail = l->prev;
}

/* Connections take turns: a task comes behind what waits already of its own connection, beside the first of
 * each other. */
static uint64_t turn_of(const struct lane *l, const struct task *t)
{
	uint64_t turn = l->turn;

	for (const struct task *o = l->head; o; o = o->permit.next)
		if (uuid_eq(&o->connection_id, &t->connection_id))
			turn = MAX(turn, o->permit.turn + 1);
	return turn;
}

void lane_add(struct lane *l, struct task *t)
{
	struct permit *p = &t->permit;

	p->turn = turn_of(l, t);
	p->since_us = limit_clock_now();
	p->waiting = true;
	p->next = NULL;
	p->prev = l->tail;
	if (l->tail)
		l->tail->permit.next = t;
	else
		l->head = t;
	l->tail = t;
	l->waiting++;
	if (!l->listed)
		list_lane(l);
	for (size_t i = 0; i < l->n; i++)
		metric_add(l->budget[i]->rule->waiting, 1);
}

void lane_remove(struct lane *l, struct task *t)
{
	struct permit *p = &t->permit;

	p->waiting = false;
	if (p->prev)
		p->prev->permit.next = p->next;
	else
		l->head = p->next;
	if (p->next)
		p->next->permit.prev = p->prev;
	else
		l->tail = p->prev;
	if (--l->waiting == 0)
		unlist_lane(l);
	for (size_t i = 0; i < l->n; i++)
		metric_add(l->budget[i]->rule->waiting, -1);
}

static bool comes_before(const struct task *a, const struct task *b)
{
	enum resource_priority x = a->walk.resource->priority;
	enum resource_priority y = b->walk.resource->priority;

	return x != y ? x < y : a->permit.turn < b->permit.turn;
}

static struct task *first_of(const struct lane *l)
{
	struct task *first = l->head;

	for (struct task *t = first; t; t = t->permit.next)
		if (comes_before(t, first))
			first = t;
	return first;
}

static struct task *last_of(const struct lane *l)
{
	struct task *last = l->head;

	for (struct task *t = last; t; t = t->permit.next)
		if (!comes_before(t, last))
			last = t;
	return last;
}

/* When this lane is worth another look. */
static int64_t next_look(const struct lane *l, int64_t now)
{
	int64_t at = now + 1000 * US_PER_MS;
	int64_t start = limit_starts_next(&l->starts);

	for (size_t i = 0; i < l->n; i++) {
		at = l->budget[i]->blocked > now ? MIN(at, l->budget[i]->blocked) : at;
		at = l->budget[i]->turn_ends > now ? MIN(at, l->budget[i]->turn_ends) : at;
	}
	if (l->blocked > now)
		at = MIN(at, l->blocked);
	if (start != INT64_MAX)
		at = MIN(at, now + start - limit_clock_earliest(&l->owner->clock, now));
	return at;
}

static void arm(struct lane *l)
{
	int64_t now = limit_clock_now();

	if (l->waiting)
		timer_set(l->timer, (MAX(next_look(l, now) - now, 0) + RATHER_LATE_US - 1) / US_PER_MS, 0);
	else
		timer_stop(l->timer);
}

void lane_run(struct lane *l)
{
	while (l->waiting) {
		struct task *t = first_of(l);

		if (!lane_try(l, t))
			break;
		l->turn = MAX(l->turn, t->permit.turn);
		lane_remove(l, t);
		task_permitted(t);
	}
	if (l->waiting)
		limits_wake(l->owner);
	arm(l);
}

void lanes_run(struct limits *o)
{
	for (struct lane *l = o->head, *next; l; l = next) {
		next = l->next;
		lane_run(l);
	}
}

size_t lane_startable(const struct lane *l)
{
	int64_t now = limit_clock_now();
	int64_t n = (int64_t)l->waiting;

	if (!l->head || !limits_allow(l, l->head, now))
		return 0;
	for (size_t i = 0; i < l->n; i++) {
		const struct budget *b = l->budget[i];

		if (b->rule->limit.kind == LIMIT_CONCURRENCY)
			n = MIN(n, b->units - b->in_use);
		else if (b->rule->limit.kind == LIMIT_QUOTA)
			n = MIN(n, b->units / limits_cost(b, l->head));
	}
	return (size_t)MAX(n, 0);
}

/* ---- parking ---- */

/* Between two calls that this worker can make under the budget. */
static int64_t spread_us(const struct budget *b)
{
	double interval = b->rule->limit.kind == LIMIT_RATE ? b->rule->pace.interval_us : SPREAD_US;

	return (int64_t)(interval * (double)(b->rivals + 1));
}

static void park(struct task *t, int64_t us, const struct budget *b)
{
	char reason[VERDICT_REASON_MAX];

	snprintf(reason, sizeof reason, "the provider's limit %s", b->rule->limit.name);
	metric_add(b->rule->parks, 1);
	lane_remove(t->permit.lane, t);
	task_parked(t, us / US_PER_MS + 1, reason);
}

static void log_parked(const struct budget *b, size_t tasks, int64_t us)
{
	log_event(LOG_LEVEL_INFO, "limit_parked", LOG_STR("provider", b->rule->provider->name),
	    LOG_STR("limit", b->rule->limit.name), LOG_STR("budget", b->key), LOG_INT("tasks", tasks),
	    LOG_INT("wait_ms", us / US_PER_MS));
}

static void park_all(struct lane *l, int64_t us, const struct budget *b)
{
	int64_t step = spread_us(b);
	size_t n = l->waiting;

	log_parked(b, n, us);
	for (int64_t i = 0; l->waiting; i++) {
		int64_t jitter_ms = backoff_ms(step / US_PER_MS + 1, INT64_MAX, 0);

		park(first_of(l), us + i * step + jitter_ms * US_PER_MS, b);
	}
}

static const struct budget *slowest(const struct lane *l)
{
	const struct budget *found = NULL;

	for (size_t i = 0; i < l->n; i++) {
		const struct budget *b = l->budget[i];

		if (b->rule->limit.kind != LIMIT_QUOTA && (!found || spread_us(b) > spread_us(found)))
			found = b;
	}
	return found;
}

static void park_tail(struct lane *l, int64_t patience)
{
	const struct budget *b = slowest(l);
	size_t n = 0;

	if (!b)
		return;
	int64_t step = spread_us(b);
	int64_t room = MAX(patience / step, 2);
	for (; (int64_t)l->waiting > room; n++)
		park(last_of(l), (int64_t)l->waiting * step, b);
	if (n)
		log_parked(b, n, room * step);
}

void lane_park_waiting(struct lane *l, int64_t now)
{
	int64_t patience = l->owner->worker->settings.retry_park_after_ms * US_PER_MS;

	if (l->waiting && l->blocked - now > patience && l->slow)
		park_all(l, l->blocked - now, l->slow);
	for (size_t i = 0; i < l->n && l->waiting; i++) {
		const struct budget *b = l->budget[i];
		int64_t until = MAX(b->closed, b->rule->limit.kind == LIMIT_QUOTA ? b->blocked : 0);

		/* As the database has said since the first of them came. */
		if (until - now > patience && b->asked >= l->head->permit.since_us && !l->owner->busy)
			park_all(l, until - now, b);
	}
	if (l->waiting)
		park_tail(l, patience);
}
