// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "task.h"

#include "base/clock.h"
#include "base/failpoint.h"
#include "base/json.h"
#include "base/log.h"
#include "answer.h"
#include "ask.h"
#include "bearings.h"
#include "breaker.h"
#include "ends.h"
#include "evidence.h"
#include "generation.h"
#include "io/crypto.h"
#include "replay.h"
#include "rows.h"
#include "settle.h"
#include "sweep.h"
#include "tokens.h"
#include "trouble.h"
#include "worker.h"

#define HOLD_MS 30000      /* so much longer a slice may last, not to lose a cursor that dies young */
#define PAGES_AHEAD_MAX 64 /* of one task that are not stored yet; the page budget bounds them all */

typedef enum task_step step_fn(struct task *t);

static step_fn step_token;
static step_fn step_bearings;
static step_fn step_permit;
static step_fn step_replay;
static step_fn step_fetch;
static step_fn step_sweep;
static step_fn step_drain;
static step_fn step_settle;

/* What happens on entering a step: the step to go on with, or the same one to wait in it. NULL: nothing, it
 * waits. */
static step_fn *const enter[] = {
    [TASK_TOKEN] = step_token,
    [TASK_BEARINGS] = step_bearings,
    [TASK_PERMIT] = step_permit,
    [TASK_REPLAY] = step_replay,
    [TASK_FETCH] = step_fetch,
    [TASK_ANSWER] = NULL,
    [TASK_REPLY] = NULL,
    [TASK_PAUSE] = NULL,
    [TASK_SWEEP] = step_sweep,
    [TASK_DRAIN] = step_drain,
    [TASK_SETTLE] = step_settle,
    [TASK_GONE] = NULL,
};

static const char *const names[] = {
#define X(id, name) [TASK_##id] = (name),
    TASK_STEPS(X)
#undef X
};

const char *task_step_name(enum task_step step)
{
	return names[step];
}

static void task_goto(struct task *t, enum task_step step)
{
	for (;;) {
		t->step = step;
		log_event(LOG_LEVEL_DEBUG, "task_step", LOG_UUID("task_id", &t->task_id),
		    LOG_STR("step", names[step]), LOG_INT("page", t->page));
		enum task_step next = enter[step] ? enter[step](t) : step;
		if (next == step)
			return;
		step = next;
	}
}

/* ---- the end ---- */

void task_abandon(struct task *t)
{
	limits_drop(t->worker->limits, t);
	worker_remove_task(t->worker, t);
	timer_free(t->timer);
	evidence_free(t->evidence);
	json_object_put(t->account.settings);
	json_object_put(t->walk.arguments);
	replay_free(t->replaying);
	bearings_free(t->bearings);
	buf_done(&t->cursor);
	buf_done(&t->external_id);
	crypto_wipe(&t->token);
	free(t);
}

static void release(struct task *t)
{
	if (t->step == TASK_GONE && t->unstored == 0 && !t->settling && !t->sweeping && !t->replaying &&
	    !t->bearing)
		task_abandon(t);
}

/* Stops whatever is under way for it. */
static void silence(struct task *t)
{
	if (t->call)
		http_cancel(t->call);
	t->call = NULL;
	timer_stop(t->timer);
	tokens_forget(t->worker->tokens, t);
	sweep_forget(t->worker->sweep, t);
	limits_forget(t->worker->limits, t);
}

static void end(struct task *t)
{
	if (t->step == TASK_GONE)
		return;
	silence(t);
	task_goto(t, TASK_GONE);
	release(t);
}

static void completed(struct task *t)
{
	ends_completed(t->worker->ends, t->walk.provider);
	if (t->walk.resource->is_parent)
		bearings_wake(t);
	end(t);
}

/* ---- token ---- */

static bool token_ends_soon(const struct task *t)
{
	return t->token_expires_us <= clock_unix_us() + t->walk.provider->auth.refresh_early_s * 1000000;
}

static enum task_step step_token(struct task *t)
{
	if (replay_is_due(t))
		return TASK_REPLAY;
	if (bearings_are_due(t))
		return TASK_BEARINGS;
	if (!breaker_allows(t->worker->breakers, t))
		return trouble_wait_for_provider(t);
	if (t->refresh)
		return ask_refresh(t);
	if (t->walk.provider->auth.kind != AUTH_OAUTH2 || t->token_expires_us == 0 || !token_ends_soon(t))
		return TASK_PERMIT;
	if ((t->token_tried || t->token_kept || t->token_short) && t->token_expires_us > clock_unix_us())
		return TASK_PERMIT;
	t->token_tried = true;
	tokens_refresh(t->worker->tokens, t);
	return TASK_TOKEN;
}

void task_token_ready(struct task *t, const struct verdict *v)
{
	bool passing = v->class == VERDICT_TRANSIENT || v->class == VERDICT_THROTTLED;

	if (t->step != TASK_TOKEN)
		return;
	if (t->refresh) {
		task_goto(t, ask_refreshed(t, v));
		return;
	}
	if (v->class == VERDICT_OK) {
		t->token_short = token_ends_soon(t);
		task_goto(t, TASK_PERMIT);
		return;
	}
	t->token_tried = false;
	t->token_kept = passing && t->token_expires_us > clock_unix_us();
	task_goto(t, t->token_kept ? TASK_PERMIT : trouble_step(t, v));
}

/* ---- replay ---- */

static bool slice_over(const struct task *t)
{
	const struct settings *s = &t->worker->settings;

	if (t->fleeting && clock_mono_ms() < t->slice_end_ms + HOLD_MS)
		return false;
	return t->worker->others_wait &&
	       (t->slice_pages >= s->slice_pages || clock_mono_ms() >= t->slice_end_ms);
}

/* NULL: it goes on in place. */
static const char *must_leave(const struct task *t)
{
	if (t->yield)
		return t->yield;
	if (t->worker->stopping)
		return "the worker ends";
	return slice_over(t) ? "others wait for the slot" : NULL;
}

static enum task_step step_replay(struct task *t)
{
	const char *why = must_leave(t);

	if (why)
		return trouble_leave(t, OUTCOME_QUEUED, why);
	if (worker_may_call(t->worker) && t->unstored == 0 && !t->replaying)
		replay_read(t);
	return TASK_REPLAY;
}

void task_replayed(struct task *t, struct rows *rows)
{
	if (t->step == TASK_REPLAY) {
		task_goto(t, answer_store(t, rows));
		return;
	}
	rows_free(rows);
	release(t);
}

void task_replay_failed(struct task *t, const struct err *err)
{
	if (t->step != TASK_REPLAY)
		release(t);
	else if (err->rc == RC_LOST)
		task_goto(t, trouble_leave(t, OUTCOME_QUEUED, "the database was away"));
	else
		task_goto(t, trouble_fail(t, VERDICT_PERMANENT, err->text));
}

/* ---- bearings ---- */

static enum task_step step_bearings(struct task *t)
{
	const char *why = must_leave(t);
	struct err err;

	if (why)
		return trouble_leave(t, OUTCOME_QUEUED, why);
	if (!t->bearing && bearings_read(t, &err))
		return trouble_fail(t, VERDICT_PERMANENT, err.text);
	return TASK_BEARINGS;
}

void task_bearings(struct task *t, const struct err *err)
{
	if (t->step != TASK_BEARINGS)
		release(t);
	else if (err && err->rc == RC_LOST)
		task_goto(t, trouble_leave(t, OUTCOME_QUEUED, "the database was away"));
	else if (err)
		task_goto(t, trouble_fail(t, VERDICT_PERMANENT, err->text));
	else
		task_goto(t, t->walk.bearings.over ? answer_over(t) : TASK_TOKEN);
}

void task_bearings_wait(struct task *t, int64_t ms)
{
	if (t->step != TASK_BEARINGS) {
		release(t);
		return;
	}
	t->wait_ms = ms;
	task_goto(t, trouble_leave(t, OUTCOME_WAITING, WAIT_FOR_PARENT));
}

/* ---- fetch ---- */

static bool held_up(const struct task *t)
{
	return !worker_may_call(t->worker) || t->unstored >= PAGES_AHEAD_MAX;
}

static enum task_step step_permit(struct task *t)
{
	struct worker *w = t->worker;
	const char *why = must_leave(t);

	if (why)
		return trouble_leave(t, OUTCOME_QUEUED, why);
	if (held_up(t))
		return TASK_PERMIT;
	if (!breaker_allows(w->breakers, t))
		return trouble_wait_for_provider(t);
	return t->walk.provider->limits.n == 0 || limits_ask(w->limits, t) ? TASK_FETCH : TASK_PERMIT;
}

void task_permitted(struct task *t)
{
	bool allowed = breaker_allows(t->worker->breakers, t);

	if (!allowed || held_up(t))
		limits_forget(t->worker->limits, t);
	if (!allowed)
		task_goto(t, trouble_wait_for_provider(t));
	else if (!held_up(t))
		task_goto(t, TASK_FETCH);
}

void task_parked(struct task *t, int64_t ms, const char *reason)
{
	t->wait_ms = ms;
	task_goto(t, trouble_leave(t, OUTCOME_WAITING, reason));
}

static void answered(void *user, const struct http_response *res, const struct err *err);

static enum task_step step_fetch(struct task *t)
{
	struct worker *w = t->worker;
	struct provider_request *rq = &w->request;
	struct err err;

	t->walk.cursor = buf_str(&t->cursor);
	t->walk.now_us = clock_unix_us();
	t->walk.last_try = t->attempts + 1 >= w->settings.retry_max_attempts;
	enum rc rc = provider_next(&t->walk, &t->account, rq, &err);
	if (rc == RC_NOT_FOUND)
		return trouble_restart(t, err.text);
	if (rc != RC_OK)
		return trouble_fail(t, VERDICT_PERMANENT, err.text);
	FAILPOINT(fetch_before);
	t->call = http_send(w->http,
	    &(struct http_request){.method = rq->method,
	        .url = rq->url,
	        .headers = rq->headers,
	        .nheaders = rq->nheaders,
	        .body = rq->body,
	        .timeout_ms = rq->timeout_ms},
	    answered, t);
	return TASK_ANSWER;
}

static void answered(void *user, const struct http_response *res, const struct err *err)
{
	struct task *t = user;

	t->call = NULL;
	limits_answered(t->worker->limits, t, res);
	if (res)
		breaker_answered(t->worker->breakers, t->walk.provider, res->elapsed_ms);
	FAILPOINT(fetch_after);
	if (t->ask)
		task_goto(t, res ? ask_read(t, res) : ask_missing(t, err));
	else
		task_goto(t, res ? answer_read(t, res) : answer_missing(t, err));
}

static void pause_over(void *user)
{
	task_goto(user, TASK_TOKEN);
}

/* ---- the walk's end ---- */

static enum task_step step_sweep(struct task *t)
{
	const char *why = must_leave(t);

	if (why)
		return trouble_leave(t, OUTCOME_QUEUED, why);
	t->slice_pages++;
	sweep_add(t->worker->sweep, t);
	return TASK_SWEEP;
}

void task_swept(struct task *t, bool done)
{
	if (t->step == TASK_GONE)
		release(t);
	else if (done)
		completed(t);
	else if (t->step == TASK_SWEEP)
		task_goto(t, TASK_SWEEP);
}

/* ---- the slice's end ---- */

static enum task_step step_drain(struct task *t)
{
	return t->unstored == 0 && t->outcome != OUTCOME_NONE ? TASK_SETTLE : TASK_DRAIN;
}

static enum task_step step_settle(struct task *t)
{
	t->settling = true;
	settle_add(t->worker->settle, t);
	return TASK_SETTLE;
}

/* ---- what others say ---- */

static void init(struct task *t)
{
	t->timer = timer_new(t->worker->loop, pause_over, t);
	t->slice_end_ms = clock_mono_ms() + t->worker->settings.slice_seconds * 1000;
	worker_add_task(t->worker, t);
}

void task_start(struct task *t)
{
	init(t);
	task_goto(t, generation_is_sweep(buf_str(&t->cursor)) ? TASK_SWEEP : TASK_TOKEN);
}

void task_start_failed(struct task *t, enum verdict_class class, const char *reason)
{
	init(t);
	task_goto(t, trouble_fail(t, class, reason));
}

void task_stored(struct task *t, size_t n, bool ended)
{
	t->unstored -= n;
	if (t->step == TASK_GONE)
		release(t);
	else if (ended && generation_is_sweep(buf_str(&t->cursor)))
		task_goto(t, TASK_SWEEP);
	else if (ended)
		completed(t);
	else if (t->step == TASK_DRAIN || t->step == TASK_PERMIT || t->step == TASK_REPLAY)
		task_goto(t, t->step);
}

void task_lost(struct task *t)
{
	if (t->step == TASK_GONE)
		return;
	log_event(LOG_LEVEL_INFO, "task_lost", LOG_UUID("task_id", &t->task_id), LOG_INT("epoch", t->epoch),
	    LOG_INT("page", t->page));
	end(t);
}

void task_refused(struct task *t, size_t pages, const char *reason)
{
	t->unstored -= pages;
	t->refused = true;
	if (t->step == TASK_GONE) {
		release(t);
		return;
	}
	silence(t);
	evidence_clear(t->evidence); /* no call explains it */
	task_goto(t, trouble_fail(t, VERDICT_PERMANENT, reason));
}

void task_answered(struct task *t, bool stored)
{
	t->settling = false;
	if (t->step == TASK_GONE)
		release(t);
	else if (stored)
		end(t);
	else
		task_goto(t, trouble_leave(t, OUTCOME_QUEUED, "the answer could not be stored"));
}

void task_settled(struct task *t)
{
	t->settling = false;
	if (t->outcome == OUTCOME_FAILED && t->walk.resource && t->walk.resource->is_parent)
		bearings_wake(t);
	if (t->step == TASK_GONE)
		release(t);
	else
		end(t);
}

void task_yield(struct task *t, const char *why)
{
	t->yield = why;
	if (t->step != TASK_TOKEN && t->step != TASK_REPLAY && t->step != TASK_BEARINGS &&
	    t->step != TASK_PERMIT && t->step != TASK_PAUSE)
		return;
	silence(t);
	task_goto(t, trouble_leave(t, OUTCOME_QUEUED, why));
}

void task_resume(struct task *t)
{
	if (t->step == TASK_PERMIT || t->step == TASK_REPLAY)
		task_goto(t, t->step);
}
