// SPDX-License-Identifier: Apache-2.0
#pragma once
/* A server whose paths say what it does (see handle), and its clients, on one loop. For tests only. */
#include "base/base.h"
#include "base/buf.h"
#include "base/clock.h"
#include "io/httpd.h"

#include "../http_peer.h"

#define GUARD_MS INT64_C(20000) /* a test that waits longer than this has failed */
#define BODY_MAX 1000
#define HEAD_MAX 4096
#define HELD_MAX 300
#define STREAM_MAX (1u << 20)

/* ---- the server under test ---- */

static struct {
	struct loop *loop;
	struct httpd *httpd;
	struct timer *tick;
	int64_t give_up_at;
	bool (*until)(void);
	bool gave_up;
	struct httpd_request *held[HELD_MAX];
	size_t nheld;
	size_t handled;
	bool stopped;
	struct httpd_stream *stream;
	enum httpd_gone why;
	size_t gone;
	struct buf seen;
} t;

static inline void say_query(void *user, struct str name, struct str value)
{
	buf_printf(user, " %.*s=%.*s", STR_ARG(name), STR_ARG(value));
}

static inline void echo(struct httpd_request *rq)
{
	struct httpd_header headers[] = {{"Content-Type", "text/plain"}, {"X-Seen", "yes"}};
	struct str probe = httpd_header(rq, "x-probe");

	buf_clear(&t.seen);
	buf_printf(&t.seen, "%.*s %.*s", STR_ARG(rq->method), STR_ARG(rq->path));
	httpd_query_each(rq, say_query, &t.seen);
	if (probe.p)
		buf_printf(&t.seen, " [%.*s]", STR_ARG(probe));
	buf_printf(&t.seen, " <%.*s>", STR_ARG(rq->body));
	httpd_answer(rq, 200, headers, 2, buf_str(&t.seen));
}

static inline void on_gone(void *user, enum httpd_gone why)
{
	assert_ptr_equal(user, &t);
	t.stream = NULL;
	t.why = why;
	t.gone++;
}

static inline void open_stream(struct httpd_request *rq)
{
	struct httpd_header type = {"Content-Type", "text/event-stream"};
	struct httpd_stream_options o = {.buffer_max = STREAM_MAX, .gone = on_gone, .user = &t};

	t.stream = httpd_answer_stream(rq, 200, &type, 1, &o);
}

static inline void handle(void *user, struct httpd_request *rq)
{
	assert_ptr_equal(user, &t);
	t.handled++;
	if (rq->too_large) {
		assert_int_equal(rq->body.n, 0);
		httpd_answer(rq, 413, NULL, 0, STR("too large"));
	} else if (str_is(rq->path, "/big")) {
		size_t n = 3u << 20;
		char *body = mem_alloc(n);

		memset(body, 'x', n);
		httpd_answer_take(rq, 200, NULL, 0, body, n);
	} else if (str_starts(rq->path, STR("/later"))) {
		assert_true(t.nheld < HELD_MAX);
		t.held[t.nheld++] = rq;
	} else if (str_is(rq->path, "/stream")) {
		open_stream(rq);
	} else {
		echo(rq);
	}
}

static inline void answer_held(void)
{
	size_t n = t.nheld;

	t.nheld = 0;
	for (size_t i = 0; i < n; i++)
		httpd_answer(t.held[i], 202, NULL, 0, STR("later"));
}

static inline void on_tick(void *user)
{
	(void)user;
	t.gave_up = clock_mono_ms() > t.give_up_at;
	if (t.gave_up || t.until())
		loop_stop(t.loop);
}

/* Runs the loop until `until` says so. */
static inline void run_until(bool (*until)(void))
{
	t.until = until;
	t.give_up_at = clock_mono_ms() + GUARD_MS;
	timer_set(t.tick, 0, 1);
	loop_run(t.loop);
	timer_stop(t.tick);
	assert_false(t.gave_up);
}

static inline void serve(unsigned max_connections, int64_t idle_ms)
{
	struct err err = {0};
	struct httpd_options o = {.listen = "127.0.0.1:0",
	    .max_connections = max_connections,
	    .head_max = HEAD_MAX,
	    .body_max = BODY_MAX,
	    .idle_ms = idle_ms,
	    .handler = handle,
	    .user = &t};

	memset(&t, 0, sizeof t);
	t.seen = BUF(8192);
	t.loop = loop_new();
	t.tick = timer_new(t.loop, on_tick, NULL);
	t.httpd = httpd_new(t.loop, &o, &err);
	assert_non_null(t.httpd);
}

static inline int setup(void **state)
{
	(void)state;
	serve(1000, 60000);
	return 0;
}

static inline int teardown(void **state)
{
	(void)state;
	httpd_free(t.httpd);
	timer_free(t.tick);
	loop_free(t.loop);
	buf_done(&t.seen);
	return 0;
}

/* ---- clients ---- */

static struct client one;
static struct client many[HELD_MAX];
static size_t nmany;

static inline bool one_answered(void)
{
	return response_bytes(&one) > 0;
}

static inline bool one_closed(void)
{
	client_read(&one);
	return one.closed;
}

static inline bool all_answered(void)
{
	for (size_t i = 0; i < nmany; i++)
		if (response_bytes(&many[i]) == 0)
			return false;
	return true;
}

static inline bool one_held(void)
{
	return t.nheld == 1;
}

static inline bool all_held(void)
{
	return t.nheld == nmany;
}

static inline bool none_pending(void)
{
	return httpd_pending(t.httpd) == 0;
}

static inline bool is_stopped(void)
{
	return t.stopped;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
