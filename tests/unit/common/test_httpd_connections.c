// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "httpd_world.h"

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
	const struct CMUnitTest tests[] = {
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
