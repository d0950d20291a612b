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

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
	    TEST(test_a_right_that_the_key_lacks),
	    TEST(test_a_new_key_is_shown_once),
	    TEST(test_bad_keys_are_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
