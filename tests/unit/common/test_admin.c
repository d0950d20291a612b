// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "io/admin.h"

#include "../http_peer.h"

static struct loop *loop;
static struct admin *admin;
static struct client one;
static bool kafka_up;
static size_t metrics_bytes;

static bool always(void *user, struct buf *why)
{
	(void)user;
	(void)why;
	return true;
}

static bool kafka_ok(void *user, struct buf *why)
{
	if (!*(bool *)user)
		buf_add_text(why, "no broker");
	return *(bool *)user;
}

static void render(struct buf *out)
{
	for (size_t i = 0; i < metrics_bytes; i++)
		buf_add_char(out, 'm');
}

static int setup(void **state)
{
	static const struct admin_check checks[] = {
	    {"postgres", always, NULL}, {"kafka", kafka_ok, &kafka_up}};
	static const struct admin_version versions[] = {
	    {"version", "0.1.0"}, {"commit", NULL}, {"librdkafka", "2\"0"}};
	struct admin_options o = {"127.0.0.1:0", checks, 2, versions, 3, render};
	struct err err;

	(void)state;
	kafka_up = true;
	metrics_bytes = 7;
	loop = loop_new();
	admin = admin_new(loop, &o, &err);
	assert_non_null(admin);
	client_open(&one, admin_address(admin));
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	client_done(&one);
	admin_free(admin);
	loop_free(loop);
	return 0;
}

static void stop_when_answered(void *user)
{
	(void)user;
	if (response_bytes(&one) > 0)
		loop_stop(loop);
}

static void ask(const char *request)
{
	struct timer *tick = timer_new(loop, stop_when_answered, NULL);

	if (one.in.n)
		client_next(&one);
	client_say(&one, request);
	timer_set(tick, 0, 1);
	loop_run(loop);
	timer_free(tick);
}

static void test_livez(void **state)
{
	(void)state;
	kafka_up = false;
	ask("GET /livez HTTP/1.1\r\nHost: x\r\n\r\n");
	assert_status(&one, 200);
	assert_string_equal(body_of(&one), "ok\n");
}

static void test_readyz_names_every_check(void **state)
{
	(void)state;
	ask("GET /readyz HTTP/1.1\r\nHost: x\r\n\r\n");
	assert_status(&one, 200);
	assert_string_equal(body_of(&one), "[+]postgres ok\n[+]kafka ok\n");
	kafka_up = false;
	ask("GET /readyz HTTP/1.1\r\nHost: x\r\n\r\n");
	assert_status(&one, 503);
	assert_string_equal(body_of(&one), "[+]postgres ok\n[-]kafka failed: no broker\n");
}

static void test_a_draining_program_is_alive_but_not_ready(void **state)
{
	(void)state;
	admin_drain(admin);
	ask("GET /readyz HTTP/1.1\r\nHost: x\r\n\r\n");
	assert_status(&one, 503);
	assert_string_equal(body_of(&one), "[+]postgres ok\n[+]kafka ok\n[-]draining\n");
	ask("GET /livez HTTP/1.1\r\nHost: x\r\n\r\n");
	assert_status(&one, 200);
}

static void test_metrics(void **state)
{
	(void)state;
	ask("GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n");
	assert_status(&one, 200);
	assert_non_null(
	    strstr(buf_text(&one.in), "Content-Type: text/plain; version=0.0.4; charset=utf-8\r\n"));
	assert_string_equal(body_of(&one), "mmmmmmm");
	metrics_bytes = 9u << 20;
	ask("GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n");
	assert_status(&one, 500);
}

static void test_version_is_json(void **state)
{
	(void)state;
	ask("GET /version HTTP/1.1\r\nHost: x\r\n\r\n");
	assert_status(&one, 200);
	assert_string_equal(
	    body_of(&one), "{\"version\":\"0.1.0\",\"commit\":null,\"librdkafka\":\"2\\\"0\"}");
}

static void test_anything_else_is_refused(void **state)
{
	(void)state;
	ask("GET /other HTTP/1.1\r\nHost: x\r\n\r\n");
	assert_status(&one, 404);
	ask("POST /livez HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n");
	assert_status(&one, 405);
	assert_non_null(strstr(buf_text(&one.in), "Allow: GET, HEAD\r\n"));
	ask("POST /livez HTTP/1.1\r\nHost: x\r\nContent-Length: 5000\r\n\r\n");
	assert_status(&one, 413);
}

static void test_a_bad_address_says_whose(void **state)
{
	struct admin_options o = {.listen = "nonsense"};
	struct err err;

	(void)state;
	assert_null(admin_new(loop, &o, &err));
	assert_int_equal(err.rc, RC_INVALID);
	assert_non_null(strstr(err.text, "admin port"));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
	    TEST(test_livez),
	    TEST(test_readyz_names_every_check),
	    TEST(test_a_draining_program_is_alive_but_not_ready),
	    TEST(test_metrics),
	    TEST(test_version_is_json),
	    TEST(test_anything_else_is_refused),
	    TEST(test_a_bad_address_says_whose),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
