// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "httpd_world.h"

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

int main(void)
{
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
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
