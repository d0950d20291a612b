// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "breaker.h"

#include "backoff.h"
#include "base/clock.h"
#include "base/jsonw.h"
#include "base/log.h"
#include "figures.h"
#include "io/pg.h"
#include "statements.h"
#include "task.h"
#include "worker.h"

/*
 * The latest calls of a provider that count. A number instead of a time alone: at thousands of calls a second
 * an outage shows within these, at one a minute the good ones of an hour are not forgotten after a few bad
 * ones.
 */
#define CALLS_KEPT 64
#define ANSWERS_WEIGHED 32

struct call {
	struct uuid connection_id;
	int64_t at_ms;
	bool failed;
};

struct breaker {
	struct breakers *owner;
	const struct provider *provider;
	enum breaker_state state;
	int64_t changed_ms;
	int64_t half_open_ms; /* monotonic: when it becomes half open */
	struct call calls[CALLS_KEPT];
	size_t n; /* calls ever counted since it was cleared */
	size_t failures;
	int64_t answers;  /* since the start */
	double answer_ms; /* a mean in which the latest ones weigh most */
	bool telling;     /* the database hears what a probe came to */
	char last[VERDICT_REASON_MAX];
};

struct breakers {
	struct worker *worker;
	struct breaker *at;
	size_t n;
	struct pg_args args;
};

static struct breaker *find(const struct breakers *b, const struct provider *p)
{
	for (size_t i = 0; i < b->n; i++) {
		if (b->at[i].provider == p)
			return &b->at[i];
	}
	return NULL;
}

static size_t kept(const struct breaker *b)
{
	return MIN(b->n, (size_t)CALLS_KEPT);
}

static bool is_recent(const struct breaker *b, const struct call *c)
{
	return clock_mono_ms() - c->at_ms < b->owner->worker->settings.breaker_window_ms;
}

static void forget(struct breaker *b)
{
	b->n = 0;
	b->failures = 0;
}

static void remember(struct breaker *b, const struct uuid *connection_id, bool failed)
{
	struct call *c = &b->calls[b->n % CALLS_KEPT];

	b->failures -= b->n >= CALLS_KEPT && c->failed;
	b->failures += failed;
	b->n++;
	*c = (struct call){*connection_id, clock_mono_ms(), failed};
}

/* ---- what tasks ask ---- */

/* Open for a time that passes here, too: the next heartbeat need not come first. */
static enum breaker_state state_now(const struct breaker *b)
{
	return b->state == BREAKER_OPEN && clock_mono_ms() >= b->half_open_ms ? BREAKER_HALF_OPEN : b->state;
}

enum breaker_state breaker_state(const struct breakers *b, const struct provider *p, int64_t *ret_wait_ms)
{
	const struct breaker *of = find(b, p);
	enum breaker_state state = of ? state_now(of) : BREAKER_CLOSED;

	if (state == BREAKER_OPEN)
		*ret_wait_ms = of->half_open_ms - clock_mono_ms() +
		               backoff_ms(MAX(b->worker->settings.breaker_open_ms / 10, 1), INT32_MAX, 0);
	return state;
}

bool breaker_allows(const struct breakers *b, const struct task *t)
{
	const struct breaker *of = find(b, t->walk.provider);
	enum breaker_state state = of ? state_now(of) : BREAKER_CLOSED;

	return state == BREAKER_CLOSED || (state == BREAKER_HALF_OPEN && t->probe);
}

/* ---- what calls came to ---- */

static void clear_state(struct breaker *b, enum breaker_state state)
{
	b->state = state;
	b->changed_ms = clock_mono_ms();
	forget(b);
	figures_breaker(b->provider, (int)state);
}

/* From the three columns of a row: openings, milliseconds, reason. */
static void opened(struct breaker *b, const struct pg_result *res, int col)
{
	b->half_open_ms = clock_mono_ms() + pg_i64(res, 0, col + 1);
	clear_state(b, BREAKER_OPEN);
	figures_breaker_opened(b->provider);
	log_event(LOG_LEVEL_WARN, "breaker_opened", LOG_STR("provider", b->provider->name),
	    LOG_INT("openings", pg_i64(res, 0, col)), LOG_INT("open_ms", pg_i64(res, 0, col + 1)),
	    LOG_STR("reason", pg_str(res, 0, col + 2)));
}

static void probed(void *user, const struct pg_result *res, const struct err *err)
{
	struct breaker *b = user;

	b->telling = false;
	if (err || pg_rows(res) == 0)
		return; /* somebody else has decided, or the next probe tells */
	if (pg_bool(res, 0, 0)) {
		clear_state(b, BREAKER_CLOSED);
		log_event(LOG_LEVEL_INFO, "breaker_closed", LOG_STR("provider", b->provider->name));
		return;
	}
	opened(b, res, 1);
}

static void tell(struct breaker *b, bool good)
{
	struct worker *w = b->owner->worker;
	struct pg_args *a = &b->owner->args;

	if (b->telling)
		return;
	b->telling = true;
	pg_args_clear(a);
	pg_arg_text(a, str_of(b->provider->name));
	pg_arg_bool(a, good);
	pg_arg_i64(a, w->settings.breaker_open_ms);
	pg_arg_i64(a, w->settings.breaker_open_max_ms);
	pg_arg_text(a, str_of(b->last));
	pg_query(w->control, &sql_breaker_probed, a, probed, b);
}

void breaker_count(struct breakers *breakers, const struct provider *p, const struct uuid *connection_id,
    bool probe, const char *failed)
{
	struct breaker *b = find(breakers, p);

	if (!b)
		return;
	if (failed)
		str_copy(b->last, sizeof b->last, failed);
	if (b->state == BREAKER_CLOSED)
		remember(b, connection_id, failed != NULL);
	else if (probe)
		tell(b, !failed);
}

void breaker_answered(struct breakers *breakers, const struct provider *p, int64_t ms)
{
	struct breaker *b = find(breakers, p);

	if (!b)
		return;
	b->answers++;
	b->answer_ms += ((double)ms - b->answer_ms) / (double)MIN(b->answers, ANSWERS_WEIGHED);
}

/* ---- the heartbeat ---- */

static void report_failures(const struct breaker *b, struct jsonw *w)
{
	for (size_t i = 0; i < kept(b); i++) {
		const struct call *c = &b->calls[i];
		char id[UUID_TEXT_LEN + 1];
		int64_t failures = 0;
		bool counted = !c->failed || !is_recent(b, c);

		for (size_t k = 0; k < kept(b) && !counted; k++) {
			const struct call *o = &b->calls[k];

			counted = k < i && o->failed && is_recent(b, o) &&
			          uuid_eq(&o->connection_id, &c->connection_id);
			failures += o->failed && is_recent(b, o) &&
			            uuid_eq(&o->connection_id, &c->connection_id);
		}
		uuid_format(&c->connection_id, id);
		if (!counted)
			jsonw_int(w, id, failures);
	}
}

void breakers_report(const struct breakers *breakers, struct buf *out)
{
	struct jsonw w = JSONW(out);

	jsonw_object(&w, NULL);
	for (size_t i = 0; i < breakers->n; i++) {
		const struct breaker *b = &breakers->at[i];
		int64_t calls = 0;

		for (size_t k = 0; k < kept(b); k++)
			calls += is_recent(b, &b->calls[k]);
		if (!calls && !b->answers)
			continue;
		jsonw_object(&w, b->provider->name);
		jsonw_int(&w, "calls", calls);
		jsonw_object(&w, "failed");
		if (b->failures)
			report_failures(b, &w);
		jsonw_object_end(&w);
		jsonw_int(&w, "answers", b->answers);
		jsonw_double(&w, "answer_ms", b->answer_ms);
		jsonw_object_end(&w);
	}
	jsonw_object_end(&w);
}

/* The milliseconds that the list names for a provider; false when its breaker is not in it. */
static bool listed(struct str list, const char *provider, int64_t *ret_ms)
{
	struct str rest = {list.p + 1, list.n >= 2 ? list.n - 2 : 0};

	while (rest.n) {
		struct str ms = str_cut(&rest, ',');
		struct str name = str_cut(&ms, '/');

		if (str_is(name, provider))
			return str_to_i64(ms, ret_ms);
	}
	return false;
}

void breakers_learn(struct breakers *breakers, struct str list, int64_t asked_ms)
{
	static const char *const names[] = {"closed", "half open", "open"};

	for (size_t i = 0; i < breakers->n; i++) {
		struct breaker *b = &breakers->at[i];
		int64_t ms = 0;
		enum breaker_state state = BREAKER_CLOSED;

		if (listed(list, b->provider->name, &ms))
			state = ms > 0 ? BREAKER_OPEN : BREAKER_HALF_OPEN;
		if (asked_ms < b->changed_ms)
			continue; /* a slow answer: something newer is known */
		b->half_open_ms = clock_mono_ms() + ms;
		if (state == b->state)
			continue;
		clear_state(b, state);
		log_event(LOG_LEVEL_INFO, "breaker_state", LOG_STR("provider", b->provider->name),
		    LOG_STR("state", names[state]), LOG_INT("open_ms", ms));
	}
}

static void judged(void *user, const struct pg_result *res, const struct err *err)
{
	struct breaker *b = user;

	if (!err && pg_rows(res) == 1)
		opened(b, res, 0);
}

void breakers_judge(struct breakers *breakers)
{
	const struct settings *s = &breakers->worker->settings;
	struct pg_args *a = &breakers->args;

	for (size_t i = 0; i < breakers->n; i++) {
		struct breaker *b = &breakers->at[i];

		if (b->state != BREAKER_CLOSED || !b->failures)
			continue;
		pg_args_clear(a);
		pg_arg_text(a, str_of(b->provider->name));
		pg_arg_i64(a, s->beat_stop_after_ms);
		pg_arg_i64(a, s->breaker_failures);
		pg_arg_i64(a, s->breaker_connections);
		pg_arg_i64(a, s->breaker_percent);
		pg_arg_i64(a, s->breaker_open_ms);
		pg_arg_i64(a, s->breaker_open_max_ms);
		pg_arg_i64(a, s->breaker_probes);
		pg_arg_text(a, str_of(b->last));
		pg_query(breakers->worker->control, &sql_breaker_judge, a, judged, b);
	}
}

/* ---- life ---- */

struct breakers *breakers_new(struct worker *w)
{
	struct breakers *b = mem_zalloc(sizeof *b);

	b->worker = w;
	b->args = PG_ARGS;
	b->n = registry_count(w->registry);
	b->at = mem_array(b->n, sizeof *b->at);
	for (size_t i = 0; i < b->n; i++) {
		b->at[i] = (struct breaker){.owner = b, .provider = registry_at(w->registry, i)};
		figures_breaker(b->at[i].provider, BREAKER_CLOSED);
	}
	return b;
}

void breakers_free(struct breakers *b)
{
	if (!b)
		return;
	pg_args_done(&b->args);
	free(b->at);
	free(b);
}
