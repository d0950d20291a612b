// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "limits.h"

#include "base/clock.h"
#include "base/log.h"
#include "limits_internal.h"
#include "task.h"
#include "worker.h"

#define KEY_MAX 512
#define POLL_MS 250
#define LEAD_US 20000 /* until a round trip was measured */
#define IDLE_US INT64_C(10000000)

static const struct metric_family_def leases = {.name = "limit_leases_total",
    .kind = METRIC_COUNTER,
    .help = "Leases of starts, units or permits of a provider's limit.",
    .labels = {"provider", "limit"}};
static const struct metric_family_def waits = {.name = "limit_waits_total",
    .kind = METRIC_COUNTER,
    .help = "Calls that had to wait for a provider's limit.",
    .labels = {"provider", "limit"}};
static const struct metric_family_def parks = {.name = "limit_parks_total",
    .kind = METRIC_COUNTER,
    .help = "Tasks that gave their slot back to wait for a provider's limit.",
    .labels = {"provider", "limit"}};
static const struct metric_family_def closings = {.name = "limit_closings_total",
    .kind = METRIC_COUNTER,
    .help = "Refusals of a provider that closed a limit for the fleet.",
    .labels = {"provider", "limit"}};
static const struct metric_family_def discarded = {.name = "limit_starts_discarded_total",
    .kind = METRIC_COUNTER,
    .help = "Leased starts of calls that were too late to be used.",
    .labels = {"provider", "limit"}};
static const struct metric_family_def waiting = {.name = "limit_waiting_tasks",
    .kind = METRIC_GAUGE,
    .help = "Tasks that wait for a provider's limit with a slot in this worker.",
    .labels = {"provider", "limit"}};

enum rc limits_check(const struct registry *r, const char *overrides, struct err *err)
{
	return limit_rules_check(r, overrides, err);
}

/* ---- budgets and lanes ---- */

static struct budget *budget_of(struct limits *l, struct limit_rule *rule, const struct limit_call *call)
{
	AUTO(buf_done) struct buf key = BUF(KEY_MAX);
	struct budget *b;

	limit_key(rule, call, &key);
	HASH_FIND(hh, l->budgets, key.p, key.n, b);
	if (b)
		return b;
	b = mem_zalloc(sizeof *b);
	b->key = mem_strndup(key.p, key.n);
	b->rule = rule;
	b->scale = 1;
	HASH_ADD_KEYPTR(hh, l->budgets, b->key, key.n, b);
	return b;
}

static void lane_due(void *user)
{
	lane_run(user);
}

static struct lane *lane_new(struct limits *l, struct budget *const *budget, size_t n)
{
	struct lane *lane = mem_zalloc(sizeof *lane);

	lane->owner = l;
	lane->n = n;
	lane->valid_us = INT64_MAX;
	lane->timer = timer_new(l->worker->loop, lane_due, lane);
	for (size_t i = 0; i < n; i++) {
		const struct limit_rule *rule = budget[i]->rule;

		lane->budget[i] = budget[i];
		budget[i]->lanes++;
		if (rule->limit.kind != LIMIT_RATE)
			continue;
		lane->paced = true;
		lane->valid_us = MIN(lane->valid_us, rule->pace.valid_us);
	}
	HASH_ADD(hh, l->lanes, budget, sizeof lane->budget, lane);
	return lane;
}

static struct lane *lane_of(struct limits *l, const struct task *t)
{
	struct budget *budget[LIMITS_PER_CALL] = {0};
	char connection[UUID_TEXT_LEN + 1];
	struct limit_call call = {t->walk.resource, connection, t->app};
	struct lane *lane;
	size_t n = 0;

	uuid_format(&t->connection_id, connection);
	for (size_t i = 0; i < l->nrules; i++)
		if (limit_rule_counts(&l->rule[i], t->walk.resource))
			budget[n++] = budget_of(l, &l->rule[i], &call);
	HASH_FIND(hh, l->lanes, budget, sizeof budget, lane);
	return lane ? lane : lane_new(l, budget, n);
}

static void lane_free(struct lane *lane)
{
	for (size_t i = 0; i < lane->n; i++)
		lane->budget[i]->lanes--;
	timer_free(lane->timer);
	limit_starts_done(&lane->starts);
	free(lane);
}

static void budget_free(struct budget *b)
{
	free(b->key);
	free(b);
}

static void sweep(struct limits *l, int64_t now)
{
	struct lane *lane, *lane_next;
	struct budget *b, *b_next;

	HASH_ITER(hh, l->lanes, lane, lane_next)
	{
		if (lane->tasks || lane->used + IDLE_US >= now)
			continue;
		HASH_DEL(l->lanes, lane);
		lane_free(lane);
	}
	HASH_ITER(hh, l->budgets, b, b_next)
	{
		if (b->lanes || b->units || b->told || b->close_us || b->closed >= now)
			continue;
		// NOLINTNEXTLINE(clang-analyzer-unix.Malloc): the analyzer loses uthash's list
		HASH_DEL(l->budgets, b);
		budget_free(b);
	}
}

static void poll(void *user)
{
	struct limits *l = user;

	for (struct lane *lane = l->head, *next; lane; lane = next) {
		next = lane->next;
		lane_park_waiting(lane, limit_clock_now());
	}
	if (!l->busy)
		sweep(l, limit_clock_now());
	if (l->budgets)
		limits_wake(l);
	else
		timer_stop(l->poll);
}

static void run(void *user)
{
	lanes_run(user);
}

/* ---- what tasks ask ---- */

static void count_wait(const struct lane *lane)
{
	for (size_t i = 0; i < lane->n; i++)
		metric_add(lane->budget[i]->rule->waits, 1);
}

bool limits_ask(struct limits *l, struct task *t)
{
	struct permit *p = &t->permit;

	if (p->granted)
		return true;
	if (p->waiting)
		return false;
	t->walk.cursor = buf_str(&t->cursor);
	p->cost = provider_cost(&t->walk);
	if (!p->lane) {
		if (!l->lanes)
			timer_set(l->poll, POLL_MS, POLL_MS);
		p->lane = lane_of(l, t);
		p->lane->tasks++;
	}
	if (p->lane->n == 0 || (p->lane->waiting == 0 && lane_try(p->lane, t)))
		return true;
	count_wait(p->lane);
	lane_add(p->lane, t);
	if (p->lane->waiting == 1)
		loop_defer(l->worker->loop, &l->run);
	else
		limits_wake(l);
	return false;
}

/* Others may have what this call held. */
static void release(struct limits *l, struct task *t)
{
	struct lane *lane = t->permit.lane;

	t->permit.granted = false;
	for (size_t i = 0; i < lane->n; i++) {
		struct budget *b = lane->budget[i];

		if (b->rule->limit.kind != LIMIT_RATE)
			b->in_use -= limits_cost(b, t);
		if (b->rule->limit.kind == LIMIT_CONCURRENCY && l->head)
			loop_defer(l->worker->loop, &l->run);
	}
}

static void log_learnt(const struct budget *b)
{
	log_event(LOG_LEVEL_INFO, "limit_learnt", LOG_STR("provider", b->rule->provider->name),
	    LOG_STR("limit", b->rule->limit.name), LOG_STR("budget", b->key),
	    LOG_INT("percent_of_declared", 100 / b->scale));
}

/* Of many answers the lowest count is handed on: they may come out of order. */
static void take_word(struct budget *b, const struct limit_word *word)
{
	bool first = !b->told;

	if (word->remaining >= 0)
		b->word.remaining = first || b->word.remaining < 0 ? word->remaining
		                                                   : MIN(b->word.remaining, word->remaining);
	else if (first)
		b->word.remaining = -1;
	b->word.reset_us = word->reset_us;
	b->word.scale = word->scale > 0 ? word->scale : first ? 0 : b->word.scale;
	b->told = true;
	if (word->scale > 0 && (word->scale > b->scale * 1.01 || word->scale < b->scale / 1.01)) {
		b->scale = word->scale;
		log_learnt(b);
	}
}

void limits_answered(struct limits *l, struct task *t, const struct http_response *res)
{
	struct lane *lane = t->permit.lane;

	if (!lane || !t->permit.granted)
		return;
	release(l, t);
	t->permit.exhausted = 0;
	for (size_t i = 0; res && i < lane->n; i++) {
		struct budget *b = lane->budget[i];
		struct limit_word word;

		limit_word_of(&b->rule->limit, res, clock_unix_us(), &word);
		if (word.remaining == 0)
			t->permit.exhausted |= 1u << i;
		if (word.scale > 0 || (word.remaining >= 0 && b->rule->limit.kind == LIMIT_QUOTA))
			take_word(b, &word);
	}
}

/* Without a word of the provider it is the narrowest that is not about calls at once: one account's trouble
 * stays its own, until a second account meets it too (0006_limits.sql). */
static struct budget *concerned(const struct lane *lane, unsigned exhausted)
{
	struct budget *found = NULL;

	for (size_t i = 0; i < lane->n; i++) {
		struct budget *b = lane->budget[i];
		bool calls = b->rule->limit.kind != LIMIT_CONCURRENCY;

		if (exhausted & (1u << i))
			return b;
		if (!found || (calls && found->rule->limit.kind == LIMIT_CONCURRENCY) ||
		    (calls && (b->rule->limit.scope & SCOPE_CONNECTION) >
		                  (found->rule->limit.scope & SCOPE_CONNECTION)))
			found = b;
	}
	return found;
}

static struct budget *wider(const struct lane *lane, const struct budget *than)
{
	for (size_t i = 0; i < lane->n; i++) {
		struct budget *b = lane->budget[i];

		if (b != than && than->rule->limit.scope & SCOPE_CONNECTION &&
		    !(b->rule->limit.scope & SCOPE_CONNECTION) && b->rule->limit.kind != LIMIT_CONCURRENCY)
			return b;
	}
	return NULL;
}

void limits_throttled(struct limits *l, struct task *t, int64_t ms)
{
	struct lane *lane = t->permit.lane;

	if (!lane || lane->n == 0)
		return;
	struct budget *b = concerned(lane, t->permit.exhausted);
	b->close_us = MAX(b->close_us, ms * US_PER_MS);
	b->closed = MAX(b->closed, limit_clock_now() + ms * US_PER_MS);
	b->wide = wider(lane, b);
	metric_add(b->rule->closings, 1);
	log_event(LOG_LEVEL_WARN, "limit_closed", LOG_STR("provider", b->rule->provider->name),
	    LOG_STR("limit", b->rule->limit.name), LOG_STR("budget", b->key), LOG_INT("wait_ms", ms));
	limits_wake(l);
}

void limits_forget(struct limits *l, struct task *t)
{
	if (t->permit.waiting)
		lane_remove(t->permit.lane, t);
	if (t->permit.granted)
		release(l, t);
}

void limits_drop(struct limits *l, struct task *t)
{
	if (!t->permit.lane)
		return;
	limits_forget(l, t);
	t->permit.lane->tasks--;
	t->permit.lane = NULL;
}

void limits_retry(struct limits *l)
{
	limits_wake(l);
}

/* ---- start and end ---- */

static void add_metrics(struct limit_rule *r)
{
	const char *labels[] = {r->provider->name, r->limit.name};

	r->leases = metric_series(metrics_family(&leases), labels);
	r->waits = metric_series(metrics_family(&waits), labels);
	r->parks = metric_series(metrics_family(&parks), labels);
	r->closings = metric_series(metrics_family(&closings), labels);
	r->waiting = metric_series(metrics_family(&waiting), labels);
	r->discarded = metric_series(metrics_family(&discarded), labels);
}

struct limits *limits_new(struct worker *w)
{
	struct limits *l = mem_zalloc(sizeof *l);

	l->worker = w;
	l->args = PG_ARGS;
	l->lead_us = LEAD_US;
	for (size_t i = 0; i < registry_count(w->registry); i++)
		limit_rules_add(registry_at(w->registry, i), w->settings.limits, &l->rule, &l->nrules);
	for (size_t i = 0; i < l->nrules; i++)
		add_metrics(&l->rule[i]);
	gather_init(&l->gather, w->loop, GATHER_MS, limits_exchange, l);
	l->run = (struct defer){.fn = run, .user = l};
	l->poll = timer_new(w->loop, poll, l);
	return l;
}

void limits_free(struct limits *l)
{
	struct lane *lane, *lane_next;
	struct budget *b, *b_next;

	if (!l)
		return;
	HASH_FREE(l->lanes, lane, lane_next, lane_free);
	HASH_FREE(l->budgets, b, b_next, budget_free);
	loop_defer_cancel(l->worker->loop, &l->run);
	gather_done(&l->gather);
	timer_free(l->poll);
	pg_args_done(&l->args);
	free(l->asked);
	free(l->lane_asked);
	free(l->rule);
	free(l);
}
