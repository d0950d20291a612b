// SPDX-License-Identifier: Apache-2.0
/* What the server makes of who calls. */
#include "base/base.h"

#include "server_world.h"

static void test_a_right_that_the_key_lacks(void **state)
{
	(void)state;
	rights = "read";
	ask("POST " SYNC "/cancel", KEY, NULL);
	assert_problem(403, "missing_right");
	ask("GET /v1/keys", KEY, NULL);
	assert_problem(403, "missing_right");
	assert_int_equal(statements, 0);
	ask("GET " SYNC, KEY, NULL);
	assert_status(&one, 200);
}

static void test_a_new_key_is_shown_once(void **state)
{
	(void)state;
	row[0] = "201";
	row[1] = "/v1/keys/1";
	ask("POST /v1/keys", KEY JSON, "{\"name\":\"n\",\"rights\":[\"read\"]}");
	assert_status(&one, 201);
	assert_string_equal(asked_statement, "keys_create");
	assert_int_equal(strncmp(body_of(&one), "{\"key\":\"sfk_", 12), 0);
	assert_string_equal(body_of(&one) + 12 + 43, "\",\"a\":1}");
	row[0] = "403";
	row[2] = "{\"code\":\"right_not_held\"}";
	ask("POST /v1/keys", KEY JSON, "{\"name\":\"n\",\"rights\":[\"operate\"]}");
	assert_problem(403, "right_not_held");
	assert_null(strstr(body_of(&one), "sfk_"));
}

static void test_bad_keys_are_refused(void **state)
{
	static const struct {
		const char *line;
		const char *headers;
		const char *body;
		int status;
		const char *code;
	} cases[] = {
	    {"POST /v1/keys", KEY JSON, "{\"name\":\"\"}", 422, "out_of_range"},
	    {"POST /v1/keys", KEY JSON, "{\"name\":\"n\",\"rights\":[]}", 422, "not_allowed"},
	    {"POST /v1/keys", KEY JSON, "{\"name\":\"n\",\"rights\":\"read\"}", 422, "not_allowed"},
	    {"POST /v1/keys", KEY JSON, "{\"name\":\"n\",\"rights\":[\"rea\"]}", 422, "not_allowed"},
	    {"POST /v1/keys", KEY JSON, "{\"name\":\"n\",\"rights\":[null]}", 422, "not_allowed"},
	    {"POST /v1/keys", KEY JSON, "{\"name\":\"n\",\"rights\":[\"read\",\"read\"]}", 422,
	        "not_allowed"},
	    {"POST /v1/keys", KEY JSON, "{\"name\":\"n\",\"expires_in_s\":0}", 422, "out_of_range"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		ask(cases[i].line, cases[i].headers, cases[i].body);
		assert_problem(cases[i].status, cases[i].code);
	}
	assert_int_equal(statements, 0);
}

/* Starts the server again with what a test has set. */
static void serve_again(void)
{
	client_done(&one);
	server_free(server);
	timer_free(fake.later);
	loop_free(loop);
	serve();
}

#define APP "https://app.example"
#define PREFLIGHT "Access-Control-Request-Method: POST\r\n"

static void assert_no_head(const char *header)
{
	assert_null(strcasestr(buf_text(&one.in), header));
}

static void test_nothing_is_said_of_origins_without_a_list(void **state)
{
	(void)state;
	ask("GET /v1/providers", KEY "Origin: " APP "\r\n", NULL);
	assert_status(&one, 200);
	assert_no_head("Access-Control-");
	assert_no_head("Vary:");
	ask("OPTIONS /v1/syncs", "Origin: " APP "\r\n" PREFLIGHT, NULL);
	assert_problem(405, "method_not_allowed");
	assert_no_head("Access-Control-");
}

static void test_listed_origins_may_read(void **state)
{
	(void)state;
	gate_options.allowed_origins = "https://other.example," APP;
	serve_again();
	ask("OPTIONS /v1/syncs", "Origin: " APP "\r\n" PREFLIGHT, NULL);
	assert_status(&one, 204);
	assert_head("Access-Control-Allow-Origin: " APP "\r\n");
	assert_head("Access-Control-Allow-Credentials: true\r\n");
	assert_head("Access-Control-Allow-Methods: POST, GET, HEAD\r\n");
	assert_head("Access-Control-Max-Age: 600\r\n");
	assert_head("Vary: Origin\r\n");
	ask("OPTIONS /v1/syncs", "Origin: " APP "\r\n", NULL);
	assert_problem(405, "method_not_allowed");
	ask("OPTIONS /v1/nothing", "Origin: " APP "\r\n" PREFLIGHT, NULL);
	assert_problem(404, "unknown_path");
	ask("GET /v1/providers", KEY "Origin: " APP "\r\n", NULL);
	assert_head("Access-Control-Allow-Origin: " APP "\r\n");
	assert_head("Access-Control-Expose-Headers: ETag, Idempotency-Replayed, Link, Location");
	ask("GET /v1/syncs", "Origin: " APP "\r\n", NULL);
	assert_problem(401, "missing_key");
	assert_head("Access-Control-Allow-Origin: " APP "\r\n");
}

static void test_other_origins_are_told_nothing(void **state)
{
	static const char *const others[] = {"https://evil.example", "null", "http://app.example",
	    APP ".evil.example", APP "/", APP ":443", "https://APP.example", "", "*"};
	char headers[200];

	(void)state;
	gate_options.allowed_origins = APP;
	serve_again();
	for (size_t i = 0; i < ARRAY_SIZE(others); i++) {
		snprintf(headers, sizeof headers, KEY "Origin: %s\r\n", others[i]);
		ask("GET /v1/providers", headers, NULL);
		assert_status(&one, 200);
		assert_no_head("Access-Control-");
		assert_head("Vary: Origin\r\n");
		snprintf(headers, sizeof headers, "Origin: %s\r\n" PREFLIGHT, others[i]);
		ask("OPTIONS /v1/syncs", headers, NULL);
		assert_problem(405, "method_not_allowed");
		assert_no_head("Access-Control-");
	}
}

static void test_callers_are_counted(void **state)
{
	(void)state;
	ask("GET /v1/providers", KEY, NULL);
	assert_no_head("RateLimit");
	gate_options.rate_per_minute = 1;
	gate_options.rate_burst = 2;
	serve_again();
	ask("GET /v1/providers", KEY, NULL);
	assert_status(&one, 200);
	assert_head("RateLimit-Policy: \"caller\";q=2;w=120\r\n");
	assert_head("RateLimit: \"caller\";r=1;t=60\r\n");
	ask("GET /v1/keys", KEY, NULL);
	assert_status(&one, 200);
	ask("GET /v1/providers", KEY, NULL);
	assert_problem(429, "rate_limited");
	assert_head("Retry-After: ");
	assert_head("RateLimit: \"caller\";r=0;t=1");
	ask("GET /v1/providers", "Authorization: Bearer sfk_" UNKNOWN_SECRET "\r\n", NULL);
	assert_problem(401, "unknown_key");
	assert_head("WWW-Authenticate: Bearer realm=\"sync-fleet\", error=\"invalid_token\"\r\n");
	assert_no_head("RateLimit");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
	    TEST(test_a_right_that_the_key_lacks),
	    TEST(test_a_new_key_is_shown_once),
	    TEST(test_bad_keys_are_refused),
	    TEST(test_nothing_is_said_of_origins_without_a_list),
	    TEST(test_listed_origins_may_read),
	    TEST(test_other_origins_are_told_nothing),
	    TEST(test_callers_are_counted),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
