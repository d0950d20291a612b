// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "io/http_private.h"

#define SWEEP_MS 100            /* how exact the deadline of a waiting call is */
#define SPARE_CALLS_MIN 64      /* about 10 KB each; more while more are under way */
#define BUFFER_BYTES 8192L      /* 16 KB is 7 % faster at 256 transfers */
#define BUFFER_BYTES_MANY 3072L /* 10 MB less at 2,000 transfers */
#define MANY_TRANSFERS 512
#define TYPICAL_FIRST (16u << 10) /* what a body is thought to take before one was seen */

/* ---- lists ---- */

static size_t *list_count(struct http_client *c, const struct http_calls *list)
{
	if (list == &c->spare)
		return &c->nspare;
	if (list == &c->waiting)
		return &c->nwaiting;
	return list == &c->active ? &c->nactive : &c->nrefused;
}

static void call_move(struct http_call *call, struct http_calls *list)
{
	struct http_client *c = call->client;

	if (call->on) {
		TAILQ_REMOVE(call->on, call, link);
		--*list_count(c, call->on);
	}
	call->on = list;
	if (list) {
		TAILQ_INSERT_TAIL(list, call, link);
		++*list_count(c, list);
	}
}

/* ---- a call's life ---- */

static void call_recycle(struct http_call *call)
{
	struct http_client *c = call->client;

	http_body_put(c, &call->body);
	http_call_clear(call);
	if (c->nspare < MAX(SPARE_CALLS_MIN, c->nactive)) {
		call_move(call, &c->spare);
	} else {
		call_move(call, NULL);
		http_call_free(call);
	}
}

static struct http_lane *lane_with_room(struct http_client *c)
{
	for (size_t i = 0; i < c->nlanes; i++) {
		if (c->lane[i]->active < HTTP_LANE_TRANSFERS_MAX)
			return c->lane[i];
	}
	if (c->nlanes == HTTP_LANES_MAX)
		return NULL;
	struct http_lane *lane = http_lane_new(c, NULL);
	if (lane)
		c->lane[c->nlanes++] = lane;
	return lane;
}

static void call_refuse(struct http_call *call)
{
	struct http_client *c = call->client;

	call_move(call, &c->refused);
	loop_defer(c->loop, &c->tell);
}

static void call_start(struct http_call *call)
{
	struct http_client *c = call->client;
	struct http_lane *lane = lane_with_room(c);
	int64_t left_ms = call->deadline_ms - loop_now_ms(c->loop);

	curl_easy_setopt(call->easy, CURLOPT_TIMEOUT_MS, (long)MAX(left_ms, 1));
	curl_easy_setopt(
	    call->easy, CURLOPT_BUFFERSIZE, c->nactive < MANY_TRANSFERS ? BUFFER_BYTES : BUFFER_BYTES_MANY);
	if (lane && http_lane_add(lane, call)) {
		call_move(call, &c->active);
		return;
	}
	http_call_fail(call, RC_IO, "libcurl took no further transfer");
	call_refuse(call);
}

static void start_waiting(struct http_client *c)
{
	struct http_call *call;

	while (c->nactive < (size_t)c->o.max_connections && (call = TAILQ_FIRST(&c->waiting)))
		call_start(call);
}

static void call_deliver(struct http_call *call, const struct http_response *res, const struct err *err)
{
	struct http_client *c = call->client;
	size_t reserved = call->reserved;
	size_t bytes = call->body.n;
	size_t used = c->used;

	c->depth++;
	call->done(call->user, res, err);
	c->depth--;
	if (call->begun && res)
		http_budget_learn(c, bytes, c->used > used ? c->used - used : 0);
	http_budget_give(c, reserved);
	call_recycle(call);
	if (!c->freed)
		start_waiting(c);
}

void http_call_finish(struct http_call *call, CURLcode code)
{
	struct http_client *c = call->client;

	/* libcurl must not be called in `done` about a transfer that it still has. */
	http_lane_remove(call);
	struct err err = {0};
	if (code == CURLE_OK && !call->headed)
		http_call_fail(call, RC_IO, "the response was cut in its headers");
	bool failed = code != CURLE_OK || call->fail_rc != RC_OK;
	if (failed)
		http_call_error(call, code, &err);
	http_call_unhold(call);
	call_move(call, NULL);
	if (failed) {
		call_deliver(call, NULL, &err);
		return;
	}
	long status = 0;
	curl_easy_getinfo(call->easy, CURLINFO_RESPONSE_CODE, &status);
	struct http_response res = {.status = (int)status,
	    .body = &call->body,
	    .headers = c->headers,
	    .nheaders = http_call_headers(call),
	    .elapsed_ms = loop_now_ms(c->loop) - call->started_ms};
	call_deliver(call, &res, NULL);
}

static void tell_refused(void *user)
{
	struct http_client *c = user;
	struct http_call *call;

	c->depth++;
	while (!c->freed && (call = TAILQ_FIRST(&c->refused))) {
		struct err err = {0};

		http_call_error(call, CURLE_OK, &err);
		call_move(call, NULL);
		call_deliver(call, NULL, &err);
	}
	c->depth--;
	http_client_leave(c);
}

static void sweep_waiting(void *user)
{
	struct http_client *c = user;
	int64_t now = loop_now_ms(c->loop);
	struct http_call *next;

	for (struct http_call *call = TAILQ_FIRST(&c->waiting); call; call = next) {
		next = TAILQ_NEXT(call, link);
		if (call->deadline_ms > now)
			continue;
		http_call_fail(
		    call, RC_BUSY, "timed out while waiting for one of %d connections", c->o.max_connections);
		call_refuse(call);
	}
	if (c->nwaiting == 0)
		timer_stop(c->sweep);
}

struct http_call *http_send(struct http_client *c, const struct http_request *rq, http_done *done, void *user)
{
	struct http_call *call = TAILQ_FIRST(&c->spare);

	if (!call)
		call = http_call_new(c);
	call->done = done;
	call->user = user;
	call->started_ms = loop_now_ms(c->loop);
	call->deadline_ms = call->started_ms + rq->timeout_ms;
	if (!http_call_prepare(call, rq)) {
		call_refuse(call);
	} else if (c->nactive < (size_t)c->o.max_connections) {
		call_start(call);
	} else {
		if (c->nwaiting == 0)
			timer_set(c->sweep, SWEEP_MS, SWEEP_MS);
		call_move(call, &c->waiting);
	}
	return call;
}

void http_cancel(struct http_call *call)
{
	struct http_client *c = call->client;

	if (call->lane)
		http_lane_remove(call);
	http_call_unhold(call);
	http_budget_give(c, call->reserved);
	call_recycle(call);
	start_waiting(c);
}

size_t http_in_flight(const struct http_client *c)
{
	return c->nwaiting + c->nactive + c->nrefused;
}

struct str http_response_header(const struct http_response *r, const char *name)
{
	for (size_t i = 0; i < r->nheaders; i++) {
		if (str_eq_nocase(r->headers[i].name, str_of(name)))
			return r->headers[i].value;
	}
	return (struct str){0};
}

/* ---- the client ---- */

struct http_client *http_client_new(struct loop *loop, const struct http_options *o, struct err *err)
{
	CURLcode code = curl_global_init(CURL_GLOBAL_DEFAULT);

	if (code != CURLE_OK) {
		err_set(err, RC_IO, "starting libcurl: %s", curl_easy_strerror(code));
		return NULL;
	}
	struct http_client *c = mem_zalloc(sizeof *c);
	c->loop = loop;
	c->o = *o;
	c->o.budget_bytes = o->budget_bytes ? o->budget_bytes : SIZE_MAX;
	c->o.max_connections = MIN(MAX(o->max_connections, 1), HTTP_LANES_MAX * HTTP_LANE_TRANSFERS_MAX);
	c->typical = MIN(TYPICAL_FIRST, o->body_max);
	TAILQ_INIT(&c->spare);
	TAILQ_INIT(&c->waiting);
	TAILQ_INIT(&c->active);
	TAILQ_INIT(&c->refused);
	TAILQ_INIT(&c->held);
	c->tell = (struct defer){.fn = tell_refused, .user = c};
	c->resume = (struct defer){.fn = http_budget_resume, .user = c};
	c->sweep = timer_new(loop, sweep_waiting, c);
	c->share = curl_share_init();
	if (!c->share || !lane_with_room(c)) {
		err_set(err, RC_IO, "starting libcurl: out of handles");
		http_client_free(c);
		return NULL;
	}
	curl_share_setopt(c->share, CURLSHOPT_SHARE, CURL_LOCK_DATA_DNS);
	curl_share_setopt(c->share, CURLSHOPT_SHARE, CURL_LOCK_DATA_SSL_SESSION);
	return c;
}

static void list_free(struct http_calls *list)
{
	struct http_call *call;

	while ((call = TAILQ_FIRST(list))) {
		if (call->lane)
			http_lane_remove(call);
		call_move(call, NULL);
		http_call_free(call);
	}
}

static void client_destroy(struct http_client *c)
{
	list_free(&c->waiting);
	list_free(&c->active);
	list_free(&c->refused);
	list_free(&c->spare);
	for (size_t i = 0; i < c->nlanes; i++)
		http_lane_free(c->lane[i]);
	if (c->share)
		curl_share_cleanup(c->share);
	while (c->nspare_body > 0)
		buf_done(&c->spare_body[--c->nspare_body]);
	loop_defer_cancel(c->loop, &c->tell);
	loop_defer_cancel(c->loop, &c->resume);
	timer_free(c->sweep);
	free(c->watch);
	free(c);
	curl_global_cleanup();
}

void http_client_leave(struct http_client *c)
{
	if (c->freed && c->depth == 0)
		client_destroy(c);
}

void http_client_free(struct http_client *c)
{
	if (!c)
		return;
	c->freed = true;
	http_client_leave(c);
}
