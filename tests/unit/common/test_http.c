// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "http_world.h"

#include <setjmp.h>

#include <cmocka.h>

static void test_whole_answers(void **state)
{
	static const struct {
		const char *path;
		int status;
		size_t bytes;
		const char *body;
	} cases[] = {
	    {"/", 200, 5, "hello"},
	    {"/empty", 204, 0, ""},
	    {"/gzip", 200, 15, "small but whole"},
	    {"/redirect", 302, 5, "moved"},
	    {"/until-close", 200, 9, "all of it"},
	    {"/interim", 201, 2, "ok"},
	    {"/size/90000", 200, 90000, NULL},
	    {"/size/1048576", 200, BODY_MAX, NULL},
	    {"/chunked/300", 200, 300000, NULL},
	    {"/headers/120", 200, 0, ""},
	    {"/ok-then-close", 200, 3, "bye"},
	    {"/", 200, 5, "hello"},
	};
	struct world w = world_start(&plain, false);

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct result r = get(&w, cases[i].path);

		assert_string_equal(r.err.text, "");
		assert_int_equal(r.status, cases[i].status);
		assert_int_equal(r.body_n, cases[i].bytes);
		if (cases[i].body)
			assert_string_equal(r.body, cases[i].body);
	}
	world_end(&w);
}

static void test_headers(void **state)
{
	struct world w = world_start(&plain, false);
	struct result r = get(&w, "/?secret=1");

	(void)state;
	assert_string_equal(r.answer, "42");
	assert_string_equal(r.list, "a , b");
	assert_int_equal(r.nheaders, 3);
	assert_non_null(strstr(tiny_server_last(w.server), "User-Agent: test/1\r\n"));
	assert_non_null(strstr(tiny_server_last(w.server), "Accept-Encoding: gzip\r\n"));
	assert_int_equal(get(&w, "/interim").nheaders, 2); /* those of the last response only */
	world_end(&w);
}

static void test_failures(void **state)
{
	static const struct {
		const char *path;
		enum rc rc;
		const char *text;
	} cases[] = {
	    {"/cut", RC_IO, "91 bytes remaining"},
	    {"/cut-chunked", RC_IO, "outstanding"},
	    {"/nothing", RC_IO, "Empty reply"},
	    {"/cut-head", RC_IO, "cut in its headers"},
	    {"/garbage", RC_IO, ""},
	    {"/br", RC_IO, "encoding that was not asked for"},
	    {"/stacked", RC_IO, "encoding that was not asked for"},
	    {"/stacked-lines", RC_IO, "encoding that was not asked for"},
	    {"/stacked-transfer", RC_IO, "encoding that was not asked for"},
	    {"/not-gzip", RC_IO, ""},
	    {"/length-lies", RC_IO, ""},
	    {"/size/1048577", RC_LIMIT, "larger than 1048576 bytes"},
	    {"/chunked/1100", RC_LIMIT, "larger than 1048576 bytes"},
	    {"/bomb/50000000", RC_LIMIT, "larger than 1048576 bytes"},
	    {"/headers/130", RC_LIMIT, "more than 128 headers"},
	};
	struct world w = world_start(&plain, false);

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		char path[64];

		snprintf(path, sizeof path, "%s?token=hunter2", cases[i].path);
		struct result r = get(&w, path);
		assert_int_equal(r.err.rc, cases[i].rc);
		assert_non_null(strstr(r.err.text, cases[i].text));
		assert_int_equal(strncmp(r.err.text, "GET 127.0.0.1:", 14), 0);
		assert_null(strstr(r.err.text, "hunter2"));
		assert_null(strstr(r.err.text, cases[i].path));
	}
	world_end(&w);
}

static void test_timeouts(void **state)
{
	struct world w = world_start(&plain, false);
	struct result r[2];

	(void)state;
	send_to(&w, "/hang", 50, &r[0]);
	send_to(&w, "/stall", 50, &r[1]);
	loop_run(w.loop);
	for (size_t i = 0; i < ARRAY_SIZE(r); i++) {
		assert_int_equal(r[i].err.rc, RC_TIMEOUT);
		assert_non_null(strstr(r[i].err.text, "timed out"));
	}
	world_end(&w);
}

static void test_connections_are_kept(void **state)
{
	struct world w = world_start(&plain, false);

	(void)state;
	for (int i = 0; i < 20; i++)
		assert_int_equal(get(&w, "/size/100").status, 200);
	assert_int_equal(atomic_load(&w.server->connections), 1);
	/* A kept connection that the server closed costs no error. */
	get(&w, "/ok-then-close");
	for (int i = 0; i < 3; i++)
		assert_int_equal(get(&w, "/ok-then-close").status, 200);
	world_end(&w);
}

static void test_bytes_behind_a_body_answer_nobody(void **state)
{
	static const char *const paths[] = {"/excess/10", "/excess/5000", "/excess/8192", "/excess/100000"};
	struct world w = world_start(&plain, false);

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
		assert_int_equal(get(&w, paths[i]).status, 200);
		struct result r = get(&w, "/");
		assert_int_equal(r.status, 200);
		assert_string_equal(r.body, "hello");
	}
	world_end(&w);
}

/* libcurl gives up after five connections that died. */
static void test_many_unclean_connections(void **state)
{
	struct world w = world_start(&plain, false);
	struct result r[20];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(r); i++)
		send_to(&w, "/excess/100000", 20000, &r[i]);
	loop_run(w.loop);
	for (size_t i = 0; i < ARRAY_SIZE(r); i++)
		assert_int_equal(r[i].status, 200);
	assert_string_equal(get(&w, "/").body, "hello");
	world_end(&w);
}

/* The next request goes out before the loop has looked at the connection. */
static void test_bytes_behind_a_body_answer_nobody_at_once(void **state)
{
	struct http_options one = plain;
	struct result r[8];

	(void)state;
	one.max_connections = 1;
	struct world w = world_start(&one, false);
	for (size_t i = 0; i < ARRAY_SIZE(r); i++)
		send_to(&w, i % 2 ? "/" : "/excess/100000", 20000, &r[i]);
	loop_run(w.loop);
	for (size_t i = 0; i < ARRAY_SIZE(r); i++) {
		assert_int_equal(r[i].status, 200);
		if (i % 2)
			assert_string_equal(r[i].body, "hello");
	}
	world_end(&w);
}

static void test_once_takes_a_new_connection(void **state)
{
	struct world w = world_start(&plain, false);
	struct result r = {.w = &w};
	char url[URL_MAX];

	(void)state;
	get(&w, "/");
	world_url(&w, "/nothing", url);
	w.pending++;
	http_send(w.client,
	    &(struct http_request){
	        .method = "POST", .url = url, .body = STR("a=b"), .timeout_ms = 5000, .once = true},
	    finished, &r);
	loop_run(w.loop);
	assert_int_equal(r.err.rc, RC_IO);
	assert_int_equal(atomic_load(&w.server->connections), 2);
	assert_int_equal(atomic_load(&w.server->requests), 2);
	world_end(&w);
}

static void test_post(void **state)
{
	struct world w = world_start(&plain, false);
	struct result r = {.w = &w};
	char url[URL_MAX];
	char body[] = "grant_type=refresh_token";
	char header[] = "Authorization: Bearer abc";
	const char *headers[] = {header, "Content-Type: application/json"};

	(void)state;
	world_url(&w, "/", url);
	w.pending++;
	http_send(w.client,
	    &(struct http_request){.method = "POST",
	        .url = url,
	        .headers = headers,
	        .nheaders = 2,
	        .body = str_of(body),
	        .timeout_ms = 5000},
	    finished, &r);
	memset(body, '!', sizeof body - 1); /* everything was copied */
	memset(header, '!', sizeof header - 1);
	memset(url, '!', sizeof url - 1);
	loop_run(w.loop);
	assert_int_equal(r.status, 200);
	assert_non_null(strstr(tiny_server_last(w.server), "POST / HTTP/1.1\r\n"));
	assert_non_null(strstr(tiny_server_last(w.server), "\r\nAuthorization: Bearer abc\r\n"));
	assert_non_null(strstr(tiny_server_last(w.server), "\r\nContent-Type: application/json\r\n"));
	assert_non_null(strstr(tiny_server_last(w.server), "\r\n\r\ngrant_type=refresh_token"));
	assert_null(strstr(tiny_server_last(w.server), "Expect:"));
	/* The next use of the same call must not send them again. */
	assert_int_equal(get(&w, "/").status, 200);
	assert_null(strstr(tiny_server_last(w.server), "Authorization"));
	assert_non_null(strstr(tiny_server_last(w.server), "GET / HTTP/1.1\r\n"));
	world_end(&w);
}

static void test_refused_requests(void **state)
{
	static const struct {
		const char *method;
		const char *url;
		const char *header;
		enum rc rc;
		const char *text;
	} cases[] = {
	    {"GET", "ftp://127.0.0.1/", NULL, RC_DENIED, "only HTTPS"},
	    {"GET", "file:///etc/passwd", NULL, RC_DENIED, "only HTTPS"},
	    {"GET", "HTTP://10.0.0.1/", NULL, RC_DENIED, "address is not allowed"},
	    {"GET", "http://93.184.216.34/", NULL, RC_DENIED,
	        "address is not allowed"}, /* plain, and not loopback */
	    {"GET", "https://10.1.2.3/", NULL, RC_DENIED, "GET 10.1.2.3: the address is not allowed"},
	    {"GET", "https://169.254.169.254/latest/meta-data", NULL, RC_DENIED, "address is not allowed"},
	    {"GET", "https://[::ffff:10.0.0.1]/", NULL, RC_DENIED, "address is not allowed"},
	    {"GET", "https://[fd00:ec2::254]/", NULL, RC_DENIED, "address is not allowed"},
	    {"GET", "https://0x0a000001/", NULL, RC_DENIED, "address is not allowed"},
	    {"GET", "https://user:hunter2@127.0.0.1/", NULL, RC_INVALID, "GET 127.0.0.1: "},
	    {"GET", "https://bad host/", NULL, RC_INVALID, ""},
	    {"PUT", "https://127.0.0.1/", NULL, RC_INVALID, "neither GET nor POST"},
	    {"GET", "https://127.0.0.1/", "X: a\r\nY: b", RC_INVALID, "header 1 is malformed"},
	    {"GET", "https://127.0.0.1/", "X: a\nY: b", RC_INVALID, "header 1 is malformed"},
	    {"GET", "https://127.0.0.1/", "X\r: a", RC_INVALID, "header 1 is malformed"},
	    {"GET", "https://127.0.0.1/", "no colon", RC_INVALID, "header 1 is malformed"},
	    {"GET", "https://127.0.0.1/", ": no name", RC_INVALID, "header 1 is malformed"},
	};
	struct world w = world_start(&plain, false);

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct result r = {.w = &w};

		w.pending++;
		http_send(w.client,
		    &(struct http_request){.method = cases[i].method,
		        .url = cases[i].url,
		        .headers = &cases[i].header,
		        .nheaders = cases[i].header ? 1 : 0,
		        .timeout_ms = 5000},
		    finished, &r);
		assert_int_equal(r.called, 0);
		loop_run(w.loop);
		assert_int_equal(r.err.rc, cases[i].rc);
		assert_non_null(strstr(r.err.text, cases[i].text));
		assert_null(strstr(r.err.text, "hunter2"));
	}
	world_end(&w);
}

static void test_loopback_and_plain_need_the_setting(void **state)
{
	struct http_options o = plain;
	char url[URL_MAX];

	(void)state;
	o.allow_plain_loopback = false;
	struct world w = world_start(&o, false);
	struct result r = get(&w, "/");
	assert_int_equal(r.err.rc, RC_DENIED);
	assert_non_null(strstr(r.err.text, "plain HTTP is not allowed"));
	static const char *const hosts[] = {"127.0.0.1", "localhost", "[::1]"};
	for (size_t i = 0; i < ARRAY_SIZE(hosts); i++) {
		struct result q = {.w = &w};

		snprintf(url, sizeof url, "https://%s:%d/", hosts[i], w.server->port);
		w.pending++;
		http_send(w.client, &(struct http_request){.method = "GET", .url = url, .timeout_ms = 5000},
		    finished, &q);
		loop_run(w.loop);
		assert_int_equal(q.err.rc, RC_DENIED);
	}
	assert_int_equal(atomic_load(&w.server->connections), 0);
	world_end(&w);
}

int main(void)
{
	const struct CMUnitTest plain_only[] = {
	    cmocka_unit_test(test_refused_requests),
	    cmocka_unit_test(test_loopback_and_plain_need_the_setting),
	};
	const struct CMUnitTest both[] = {
	    cmocka_unit_test(test_whole_answers),
	    cmocka_unit_test(test_headers),
	    cmocka_unit_test(test_failures),
	    cmocka_unit_test(test_timeouts),
	    cmocka_unit_test(test_connections_are_kept),
	    cmocka_unit_test(test_bytes_behind_a_body_answer_nobody),
	    cmocka_unit_test(test_bytes_behind_a_body_answer_nobody_at_once),
	    cmocka_unit_test(test_many_unclean_connections),
	    cmocka_unit_test(test_once_takes_a_new_connection),
	    cmocka_unit_test(test_post),
	};

	return cmocka_run_group_tests(plain_only, NULL, NULL) +
	       cmocka_run_group_tests_name("plain", both, NULL, NULL) +
	       cmocka_run_group_tests_name("TLS", both, world_over_tls, world_plain);
}
