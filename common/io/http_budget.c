// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "io/http_private.h"

#define EXPECTED_MAX 4 /* times a body: one provider's tiny bodies say little of another's */

/* ---- body buffers ---- */

struct buf http_body_get(struct http_client *c, size_t bytes)
{
	struct buf b = BUF(c->o.body_max);

	if (c->nspare_body > 0)
		b = c->spare_body[--c->nspare_body];
	if (bytes >= b.cap) { /* exactly: growing would double it */
		buf_done(&b);
		if (bytes > 0) {
			b.p = mem_alloc(bytes + 1);
			b.cap = bytes + 1;
			buf_clear(&b);
		}
	}
	return b;
}

void http_body_put(struct http_client *c, struct buf *b)
{
	buf_clear(b);
	if (b->p && b->cap <= HTTP_SPARE_BODY_BYTES_MAX && c->nspare_body < HTTP_SPARE_BODIES_MAX) {
		c->spare_body[c->nspare_body++] = *b;
		*b = BUF(c->o.body_max);
	} else {
		buf_done(b);
	}
}

/* ---- budget ---- */

void http_budget_reserve(struct http_call *call, size_t bytes)
{
	call->client->used = call->client->used - call->reserved + bytes;
	call->reserved = bytes;
}

static size_t running_mean(size_t mean, size_t next)
{
	return mean - mean / 8 + next / 8;
}

void http_budget_learn(struct http_client *c, size_t bytes, size_t kept)
{
	c->typical = running_mean(c->typical, bytes);
	c->typical_kept = running_mean(c->typical_kept, kept);
}

size_t http_budget_expected(const struct http_client *c, size_t bytes)
{
	size_t kept = bytes * c->typical_kept / MAX(c->typical, 1);

	return MIN(MAX(bytes, kept), EXPECTED_MAX * bytes);
}

/* As long as anything of the budget is left a body may begin, so one body may pass the budget but none waits
 * forever. */
bool http_budget_admit(struct http_call *call)
{
	struct http_client *c = call->client;

	if (c->used >= c->o.budget_bytes)
		return false;
	call->admitted = true;
	http_budget_reserve(call, MAX(c->typical, c->typical_kept));
	return true;
}

void http_call_hold(struct http_call *call)
{
	call->held = true;
	TAILQ_INSERT_TAIL(&call->client->held, call, held_link);
}

void http_call_unhold(struct http_call *call)
{
	if (call->held)
		TAILQ_REMOVE(&call->client->held, call, held_link);
	call->held = false;
}

void http_budget_take(struct http_client *c, size_t bytes)
{
	c->used += bytes;
}

void http_budget_give(struct http_client *c, size_t bytes)
{
	assert(bytes <= c->used);
	c->used -= bytes;
	if (!TAILQ_EMPTY(&c->held) && c->used < c->o.budget_bytes)
		loop_defer(c->loop, &c->resume);
}

static void call_resume(struct http_call *call)
{
	struct http_watch *w = call->watch;
	bool paused = call->paused;

	http_call_unhold(call);
	call->watch = NULL;
	call->paused = false;
	if (w)
		http_watch_resume(w);
	if (!paused)
		return;
	CURLcode code = curl_easy_pause(call->easy, CURLPAUSE_CONT);
	if (code != CURLE_OK)
		http_call_finish(call, code);
}

void http_budget_resume(void *user)
{
	struct http_client *c = user;
	struct http_call *call;

	c->depth++;
	while (!c->freed && (call = TAILQ_FIRST(&c->held)) && http_budget_admit(call))
		call_resume(call);
	c->depth--;
	http_client_leave(c);
}
