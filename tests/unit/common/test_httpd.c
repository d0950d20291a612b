// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "base/buf.h"
#include "base/clock.h"
#include "io/httpd.h"

#include "../http_peer.h"

#define GUARD_MS INT64_C(20000) /* a test that waits longer than this has failed */
#define BODY_MAX 1000
#define HEAD_MAX 4096
#define HELD_MAX 300

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
	struct buf seen;
} t;

static void say_query(void *user, struct str name, struct str value)
{
	buf_printf(user, " %.*s=%.*s", STR_ARG(name), STR_ARG(value));
}

static void echo(struct httpd_request *rq)
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

static void handle(void *user, struct httpd_request *rq)
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
	} else {
		echo(rq);
	}
}

static void answer_held(void)
{
	size_t n = t.nheld;

	t.nheld = 0;
	for (size_t i = 0; i < n; i++)
		httpd_answer(t.held[i], 202, NULL, 0, STR("later"));
}

static void on_tick(void *user)
{
	(void)user;
	t.gave_up = clock_mono_ms() > t.give_up_at;
	if (t.gave_up || t.until())
		loop_stop(t.loop);
}

/* Runs the loop until `until` says so. */
static void run_until(bool (*until)(void))
{
	t.until = until;
	t.give_up_at = clock_mono_ms() + GUARD_MS;
	timer_set(t.tick, 0, 1);
	loop_run(t.loop);
	timer_stop(t.tick);
	assert_false(t.gave_up);
}

static void serve(unsigned max_connections, int64_t idle_ms)
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

static int setup(void **state)
{
	(void)state;
	serve(1000, 60000);
	return 0;
}

static int teardown(void **state)
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

static bool one_answered(void)
{
	return response_bytes(&one) > 0;
}

static bool one_closed(void)
{
	client_read(&one);
	return one.closed;
}

static bool all_answered(void)
{
	for (size_t i = 0; i < nmany; i++)
		if (response_bytes(&many[i]) == 0)
			return false;
	return true;
}

static bool one_held(void)
{
	return t.nheld == 1;
}

static bool all_held(void)
{
	return t.nheld == nmany;
}

static bool none_pending(void)
{
	return httpd_pending(t.httpd) == 0;
}

static bool is_stopped(void)
{
	return t.stopped;
}

/* ---- tests ---- */

static void test_requests_are_handed_over_whole(void **state)
{
	static const struct {
		const char *request;
		const char *body;
	} cases[] = {
	    {"GET /a HTTP/1.1\r\nHost: x\r\n\r\n", "GET /a <>"},
	    {"GET /a%20b?q=1&r=%26+x&flag HTTP/1.1\r\nHost: x\r\n\r\n", "GET /a b q=1 r=& x flag= <>"},
	    {"POST /p HTTP/1.1\r\nHost: x\r\nX-Probe: Yes\r\nContent-Length: 5\r\n\r\nhello",
	        "POST /p [Yes] <hello>"},
	    {"POST /p HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n", "POST /p <>"},
	    {"POST /p HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: "
	     "chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n",
	        "POST /p <abcde>"},
	    {"DELETE /p HTTP/1.1\r\nHost: x\r\n\r\n", "DELETE /p <>"},
	};

	(void)state;
	client_open(&one, httpd_address(t.httpd));
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		client_say(&one, cases[i].request);
		run_until(one_answered);
		assert_status(&one, 200);
		assert_non_null(strstr(buf_text(&one.in), "X-Seen: yes"));
		assert_string_equal(body_of(&one), cases[i].body);
		client_next(&one);
	}
	client_done(&one);
}

static void test_a_body_in_pieces_is_one_request(void **state)
{
	(void)state;
	client_open(&one, httpd_address(t.httpd));
	client_say(&one, "POST /later HTTP/1.1\r\nHost: x\r\nContent-Length: 6\r\n\r\nabc");
	nmany = 0;
	run_until(all_held);
	assert_int_equal(t.handled, 0);
	client_say(&one, "def");
	run_until(one_held);
	assert_memory_equal(t.held[0]->body.p, "abcdef", 6);
	assert_int_equal(httpd_pending(t.httpd), 1);
	answer_held();
	run_until(one_answered);
	assert_status(&one, 202);
	run_until(none_pending);
	client_done(&one);
}

static void test_pipelined_requests_are_answered_in_order(void **state)
{
	(void)state;
	client_open(&one, httpd_address(t.httpd));
	client_say(&one, "GET /1 HTTP/1.1\r\nHost: x\r\n\r\nGET /2 HTTP/1.1\r\nHost: x\r\n\r\n");
	run_until(one_answered);
	assert_non_null(strstr(body_of(&one), "GET /1 <>"));
	client_next(&one);
	run_until(one_answered);
	assert_string_equal(body_of(&one), "GET /2 <>");
	client_done(&one);
}

static void test_a_head_request_gets_no_body(void **state)
{
	(void)state;
	client_open(&one, httpd_address(t.httpd));
	client_say(&one, "HEAD /a HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
	run_until(one_closed);
	assert_status(&one, 200);
	assert_string_equal(body_of(&one), "");
	client_done(&one);
}

static void test_a_long_answer_arrives_whole(void **state)
{
	(void)state;
	client_open(&one, httpd_address(t.httpd));
	client_say(&one, "GET /big HTTP/1.1\r\nHost: x\r\n\r\n");
	run_until(one_answered);
	assert_int_equal(strlen(body_of(&one)), 3u << 20);
	client_done(&one);
}

static void test_a_declared_long_body_is_refused_unread(void **state)
{
	static const char *const lengths[] = {"1001", "99999999999", "99999999999999999999999999"};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(lengths); i++) {
		char head[128];

		snprintf(head, sizeof head, "POST /p HTTP/1.1\r\nHost: x\r\nContent-Length: %s\r\n\r\n",
		    lengths[i]);
		client_open(&one, httpd_address(t.httpd));
		client_say(&one, head);
		run_until(one_answered);
		assert_true(strstr(buf_text(&one.in), " 413 ") || strstr(buf_text(&one.in), " 400 "));
		client_done(&one);
	}
}

static void test_expect_continue_is_answered_before_the_body(void **state)
{
	(void)state;
	client_open(&one, httpd_address(t.httpd));
	client_say(&one, "POST /p HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n");
	run_until(one_answered);
	assert_status(&one, 100);
	client_next(&one);
	client_say(&one, "abc");
	run_until(one_answered);
	assert_string_equal(body_of(&one), "POST /p <abc>");
	client_done(&one);
	client_open(&one, httpd_address(t.httpd));
	client_say(
	    &one, "POST /p HTTP/1.1\r\nHost: x\r\nContent-Length: 5000\r\nExpect: 100-continue\r\n\r\n");
	run_until(one_answered);
	assert_status(&one, 413);
	client_done(&one);
}

static void say_chunks(int n)
{
	struct buf text = BUF(1u << 20);

	buf_add_text(&text, "POST /p HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n");
	for (int i = 0; i < n; i++)
		buf_printf(&text, "64\r\n%0100d\r\n", i);
	buf_add_text(&text, "0\r\n\r\n");
	client_say(&one, buf_text(&text));
	buf_done(&text);
}

static void test_a_long_chunked_body_is_refused_then_cut(void **state)
{
	(void)state;
	client_open(&one, httpd_address(t.httpd));
	say_chunks(10);
	run_until(one_answered);
	assert_status(&one, 200);
	client_next(&one);
	say_chunks(11);
	run_until(one_answered);
	assert_status(&one, 413);
	client_done(&one);
	client_open(&one, httpd_address(t.httpd));
	say_chunks(1000);
	run_until(none_pending);
	t.handled = 0;
	run_until(one_closed);
	assert_int_equal(t.handled, 0);
	client_done(&one);
}

static void test_a_long_head_is_refused(void **state)
{
	struct buf text = BUF(1u << 20);

	(void)state;
	buf_printf(&text, "GET /a HTTP/1.1\r\nHost: x\r\nX-Long: %09000d\r\n\r\n", 1);
	client_open(&one, httpd_address(t.httpd));
	client_say(&one, buf_text(&text));
	run_until(one_answered);
	assert_status(&one, 431);
	assert_int_equal(t.handled, 0);
	client_done(&one);
	buf_done(&text);
}

static void test_malformed_requests_reach_no_handler(void **state)
{
	static const char *const cases[] = {"GET\r\n\r\n", "GET /a HTTP/1.1\r\n\r\n",
	    "\x16\x03\x01 tls?\r\n\r\n",
	    "POST /p HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		client_open(&one, httpd_address(t.httpd));
		client_say(&one, cases[i]);
		shutdown(one.fd, SHUT_WR);
		run_until(one_closed);
		client_done(&one);
	}
	assert_int_equal(t.handled, 0);
}

static void test_a_client_may_go_away(void **state)
{
	(void)state;
	client_open(&one, httpd_address(t.httpd));
	client_say(&one, "GET /later HTTP/1.1\r\nHost: x\r\n\r\n");
	run_until(one_held);
	client_done(&one);
	answer_held();
	run_until(none_pending);
	client_open(&one, httpd_address(t.httpd));
	client_say(&one, "POST /p HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nabc");
	client_done(&one);
	client_open(&one, httpd_address(t.httpd));
	client_say(&one, "GET /still-here HTTP/1.1\r\nHost: x\r\n\r\n");
	run_until(one_answered);
	assert_int_equal(t.handled, 2);
	client_done(&one);
}

/* libmicrohttpd's own epoll thread stalls when exactly a full batch of 128 (or two) is ready. */
static void test_bursts_do_not_stall(void **state)
{
	static const size_t sizes[] = {1, 127, 128, 129, 255, 256, 257};

	(void)state;
	for (size_t s = 0; s < ARRAY_SIZE(sizes); s++) {
		nmany = sizes[s];
		for (size_t i = 0; i < nmany; i++)
			client_open(&many[i], httpd_address(t.httpd));
		for (int round = 0; round < 3; round++) {
			for (size_t i = 0; i < nmany; i++)
				client_say(
				    &many[i], "POST /p HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}");
			run_until(all_answered);
			for (size_t i = 0; i < nmany; i++)
				client_next(&many[i]);
			for (size_t i = 0; i < nmany; i++)
				client_say(&many[i],
				    "POST /later HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}");
			run_until(all_held);
			answer_held();
			run_until(all_answered);
			for (size_t i = 0; i < nmany; i++)
				client_next(&many[i]);
		}
		for (size_t i = 0; i < nmany; i++)
			client_done(&many[i]);
	}
}

static void test_connections_beyond_the_limit_wait(void **state)
{
	(void)state;
	teardown(NULL);
	serve(2, 60000);
	nmany = 2;
	for (size_t i = 0; i < 6; i++) {
		client_open(&many[i], httpd_address(t.httpd));
		client_say(&many[i], "GET /later HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
	}
	for (int round = 0; round < 3; round++) {
		run_until(all_held);
		assert_int_equal(httpd_pending(t.httpd), 2);
		answer_held();
	}
	nmany = 6;
	run_until(all_answered);
	for (size_t i = 0; i < nmany; i++)
		client_done(&many[i]);
}

static void test_idle_connections_are_closed(void **state)
{
	(void)state;
	teardown(NULL);
	serve(10, 1000);
	client_open(&one, httpd_address(t.httpd));
	client_say(&one, "POST /p HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nabc");
	run_until(one_closed);
	assert_int_equal(t.handled, 0);
	client_done(&one);
}

static void on_stopped(void *user)
{
	assert_ptr_equal(user, &t);
	t.stopped = true;
}

static void test_stop_finishes_what_is_pending(void **state)
{
	(void)state;
	client_open(&one, httpd_address(t.httpd));
	client_open(&many[0], httpd_address(t.httpd));
	client_say(&one, "GET /later HTTP/1.1\r\nHost: x\r\n\r\n");
	run_until(one_held);
	httpd_stop(t.httpd, GUARD_MS * 2, on_stopped, &t);
	assert_false(t.stopped);
	answer_held();
	run_until(is_stopped);
	assert_true(one_answered());
	assert_status(&one, 202);
	assert_non_null(strstr(buf_text(&one.in), "Connection: close"));
	client_done(&one);
	client_done(&many[0]);
}

static void test_stop_gives_up_at_its_deadline(void **state)
{
	(void)state;
	client_open(&one, httpd_address(t.httpd));
	client_say(&one, "GET /later HTTP/1.1\r\nHost: x\r\n\r\n");
	run_until(one_held);
	httpd_stop(t.httpd, 10, on_stopped, &t);
	run_until(is_stopped);
	assert_int_equal(httpd_pending(t.httpd), 1);
	httpd_free(t.httpd);
	t.httpd = NULL;
	run_until(one_closed);
	assert_status(&one, 503);
	client_done(&one);
}

static void test_stop_without_requests_is_called_back(void **state)
{
	(void)state;
	httpd_stop(t.httpd, GUARD_MS * 2, on_stopped, &t);
	assert_false(t.stopped);
	run_until(is_stopped);
}

static void test_addresses(void **state)
{
	static const char *const bad[] = {
	    "", "8080", ":8080", "127.0.0.1:", "127.0.0.1:x", "127.0.0.1:70000", "127.0.0.1:-1"};
	struct httpd_options o = {
	    .max_connections = 1, .head_max = HEAD_MAX, .body_max = 1, .idle_ms = 1000, .handler = handle};
	struct err err = {0};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		o.listen = bad[i];
		assert_null(httpd_new(t.loop, &o, &err));
		assert_int_equal(err.rc, RC_INVALID);
		assert_non_null(strstr(err.text, "host:port"));
	}
	o.listen = httpd_address(t.httpd);
	assert_null(httpd_new(t.loop, &o, &err));
	assert_int_equal(err.rc, RC_IO);
	assert_non_null(strstr(err.text, "in use"));
	o.listen = "203.0.113.1:0";
	assert_null(httpd_new(t.loop, &o, &err));
	assert_int_equal(err.rc, RC_IO);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
	    TEST(test_requests_are_handed_over_whole),
	    TEST(test_a_body_in_pieces_is_one_request),
	    TEST(test_pipelined_requests_are_answered_in_order),
	    TEST(test_a_head_request_gets_no_body),
	    TEST(test_a_long_answer_arrives_whole),
	    TEST(test_a_declared_long_body_is_refused_unread),
	    TEST(test_expect_continue_is_answered_before_the_body),
	    TEST(test_a_long_chunked_body_is_refused_then_cut),
	    TEST(test_a_long_head_is_refused),
	    TEST(test_malformed_requests_reach_no_handler),
	    TEST(test_a_client_may_go_away),
	    TEST(test_bursts_do_not_stall),
	    TEST(test_connections_beyond_the_limit_wait),
	    TEST(test_idle_connections_are_closed),
	    TEST(test_stop_finishes_what_is_pending),
	    TEST(test_stop_gives_up_at_its_deadline),
	    TEST(test_stop_without_requests_is_called_back),
	    TEST(test_addresses),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
