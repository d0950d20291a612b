// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "trouble.h"

#include "backoff.h"
#include "base/log.h"
#include "base/utf8.h"
#include "breaker.h"
#include "evidence.h"
#include "figures.h"
#include "io/loop.h"
#include "worker.h"

#define RESTARTS_MAX 1
/* Then it stands in the queue, out of which the clock sends nobody before probes are due: who hears late that
 * the breaker was closed has not parked it for long. */
#define IN_QUEUE_AFTER_MS 5000
#define THROTTLED_ATTEMPT 4 /* told nothing, a throttled task waits as after so many failed tries */

enum task_step trouble_leave(struct task *t, enum outcome outcome, const char *message)
{
	t->outcome = outcome;
	str_copy(t->message, sizeof t->message, message);
	utf8_mend(t->message); /* reasons quote providers, and are cut */
	return TASK_DRAIN;
}

enum task_step trouble_fail(struct task *t, enum verdict_class class, const char *reason)
{
	t->class = class;
	evidence_mark(t);
	log_event(LOG_LEVEL_WARN, "task_failed", LOG_UUID("task_id", &t->task_id),
	    LOG_STR("class", verdict_class_name(class)), LOG_STR("reason", reason), LOG_INT("page", t->page));
	return trouble_leave(t, OUTCOME_FAILED, reason);
}

static enum task_step pause_for(struct task *t, int64_t ms, const char *reason)
{
	if (ms <= t->worker->settings.retry_park_after_ms) {
		timer_set(t->timer, ms, 0);
		return TASK_PAUSE;
	}
	t->wait_ms = ms;
	return trouble_leave(t, OUTCOME_WAITING, reason);
}

enum task_step trouble_wait_for_provider(struct task *t)
{
	const struct provider *p = t->walk.provider;
	char reason[VERDICT_REASON_MAX];

	snprintf(reason, sizeof reason, "provider %s is failing", p->name);
	if (breaker_state(t->worker->breakers, p, &t->wait_ms) == BREAKER_OPEN) {
		t->wait_ms = MIN(t->wait_ms, IN_QUEUE_AFTER_MS);
		return trouble_leave(t, OUTCOME_WAITING, reason);
	}
	return trouble_leave(t, OUTCOME_QUEUED, reason); /* of these the clock sends a few */
}

static enum task_step try_again(struct task *t, const struct verdict *v)
{
	const struct settings *s = &t->worker->settings;
	int64_t ms;

	if (breaker_state(t->worker->breakers, t->walk.provider, &ms) != BREAKER_CLOSED)
		return trouble_wait_for_provider(t);
	evidence_mark(t);
	t->attempts++;
	if (t->attempts >= s->retry_max_attempts)
		return trouble_fail(t, VERDICT_TRANSIENT, v->reason);
	ms = backoff_ms(s->retry_base_ms, s->retry_max_ms, t->attempts);
	return pause_for(t, MAX(v->wait_ms, ms), v->reason);
}

/* What the provider asks for, never before it: the jitter is added. */
static enum task_step throttled(struct task *t, const struct verdict *v)
{
	const struct settings *s = &t->worker->settings;
	int64_t ms = v->wait_ms;

	if (ms)
		ms += backoff_ms(MAX(ms / 10, 1), s->retry_max_ms, 0);
	else
		ms = backoff_ms(s->retry_base_ms, s->retry_max_ms, THROTTLED_ATTEMPT);
	if (t->step == TASK_ANSWER) /* and not the token endpoint, whose limits are its own */
		limits_throttled(t->worker->limits, t, v->wait_ms ? v->wait_ms : ms);
	return pause_for(t, ms, v->reason);
}

static enum task_step renew_token(struct task *t, const struct verdict *v)
{
	if (t->token_tried || t->walk.provider->auth.kind != AUTH_OAUTH2)
		return trouble_fail(t, VERDICT_TOKEN, v->reason);
	t->token_expires_us = 1; /* long over */
	return TASK_TOKEN;
}

/* By way of the queue: the row forgets the cursor and counts, so that neither a crash nor the next slice
 * begins with the old one. */
enum task_step trouble_restart(struct task *t, const char *reason)
{
	char text[VERDICT_REASON_MAX];

	if (t->restarts >= RESTARTS_MAX) {
		snprintf(text, sizeof text, "the walk was begun anew already, and again: %s", reason);
		return trouble_fail(t, VERDICT_STALLED, text);
	}
	log_event(
	    LOG_LEVEL_WARN, "walk_restarted", LOG_UUID("task_id", &t->task_id), LOG_STR("reason", reason));
	t->restarting = true;
	return trouble_leave(t, OUTCOME_QUEUED, "the walk begins anew");
}

enum task_step trouble_step(struct task *t, const struct verdict *v)
{
	figures_verdict(t->walk.resource, v->class);
	switch (v->class) {
	case VERDICT_TRANSIENT:
		return try_again(t, v);
	case VERDICT_THROTTLED:
		return throttled(t, v);
	case VERDICT_TOKEN:
		return renew_token(t, v);
	case VERDICT_CURSOR:
		return trouble_restart(t, v->reason);
	default:
		evidence_mark(t);
		t->attempts++;
		return trouble_fail(t, v->class, v->reason);
	}
}
