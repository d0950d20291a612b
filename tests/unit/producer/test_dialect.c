// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "dialect.h"
#include "problem.h"

#include <setjmp.h>

#include <cmocka.h>

#define NOW_US (INT64_C(1735813800) * 1000000 + 999999) /* 2025-01-02T10:30:00 */

static const struct dialect_word words[] = {
    {.code = "no_token", .error = "No token", .message = "Connect first"},
    {.status = 401, .error = "unauthorized", .message = "Please log in."},
    {.status = 422, .says_status = 400},
};

static void assert_says(
    enum dialect_shape shape, struct reply r, const char *accept, int status, const char *body)
{
	struct dialect d = {shape, words, ARRAY_SIZE(words)};

	dialect_apply(&d, accept ? str_of(accept) : (struct str){0}, NOW_US, &r);
	assert_int_equal(r.status, status);
	assert_int_equal(r.body_n, strlen(body));
	assert_memory_equal(r.body, body, r.body_n);
	assert_string_equal(r.content_type, "application/json");
	reply_done(&r);
}

static struct reply faulty(void)
{
	struct problem_faults f;

	problem_faults_init(&f);
	problem_fault(&f, "wrong_type", "#/userId", "userId must be a UUID");
	problem_fault(&f, "out_of_range", "?limit", "limit is too large");
	problem_fault(&f, "unknown", "{session_id}", "no such session");
	struct reply r = problem_reply_faults(422, &f);
	problem_faults_done(&f);
	return r;
}

static struct reply of_text(int status, const char *json)
{
	return (struct reply){.status = status, .body = mem_strdup(json), .body_n = strlen(json)};
}

static void test_each_shape_says_the_same_problem(void **state)
{
	(void)state;
	assert_says(DIALECT_PLAIN, problem_reply(404, "unknown_user", "nobody \"here\""), NULL, 404,
	    "{\"error\":\"unknown_user\",\"message\":\"nobody \\\"here\\\"\"}");
	assert_says(DIALECT_FLAGGED, problem_reply(404, "unknown_user", "nobody"), "*/*", 404,
	    "{\"success\":false,\"message\":\"nobody\",\"error\":\"unknown_user\"}");
	assert_says(DIALECT_FIELDS, faulty(), NULL, 400,
	    "{\"success\":false,\"message\":\"userId must be a UUID\",\"errors\":["
	    "{\"field\":\"userId\",\"message\":\"userId must be a UUID\"},"
	    "{\"field\":\"limit\",\"message\":\"limit is too large\"},"
	    "{\"field\":\"session_id\",\"message\":\"no such session\"}],"
	    "\"timestamp\":\"2025-01-02T10:30:00Z\"}");
}

static void test_words_replace_what_a_code_or_a_status_says(void **state)
{
	(void)state;
	assert_says(DIALECT_PLAIN, problem_reply(400, "no_token", "x"), NULL, 400,
	    "{\"error\":\"No token\",\"message\":\"Connect first\"}");
	assert_says(DIALECT_FLAGGED, problem_reply(401, "missing_key", "x"), NULL, 401,
	    "{\"success\":false,\"message\":\"Please log in.\",\"error\":\"unauthorized\"}");
}

static void test_further_members_are_kept(void **state)
{
	(void)state;
	assert_says(DIALECT_FLAGGED,
	    of_text(409, "{\"type\":\"t\",\"title\":\"x\",\"status\":409,\"detail\":\"busy\",\"code\":\"c\","
	                 "\"errors\":[],\"existingSyncId\":\"sync_a_1\",\"n\":{\"a\":[1]}}"),
	    NULL, 409,
	    "{\"success\":false,\"message\":\"busy\",\"error\":\"c\",\"existingSyncId\":\"sync_a_1\",\"n\":{"
	    "\"a\":[1]}}");
}

static void test_what_is_no_problem_document_passes(void **state)
{
	(void)state;
	assert_says(DIALECT_FIELDS, of_text(400, "{\"error\":\"mine\"}"), NULL, 400, "{\"error\":\"mine\"}");
}

static void test_who_asks_for_a_problem_document_gets_it(void **state)
{
	static const struct dialect d = {DIALECT_PLAIN, words, ARRAY_SIZE(words)};
	struct reply r = problem_reply(422, "no_token", "x");
	char *before = mem_strndup(r.body, r.body_n);

	(void)state;
	dialect_apply(&d, STR("application/problem+json, application/json"), NOW_US, &r);
	assert_int_equal(r.status, 422);
	assert_memory_equal(r.body, before, r.body_n);
	assert_null(r.content_type);
	free(before);
	reply_done(&r);
}

static void test_good_answers_are_left_alone(void **state)
{
	static const struct dialect d = {.shape = DIALECT_PLAIN};
	struct reply r = of_text(200, "{\"type\":\"t\"}");

	(void)state;
	dialect_apply(&d, (struct str){0}, NOW_US, &r);
	assert_memory_equal(r.body, "{\"type\":\"t\"}", r.body_n);
	reply_done(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_each_shape_says_the_same_problem),
	    cmocka_unit_test(test_words_replace_what_a_code_or_a_status_says),
	    cmocka_unit_test(test_further_members_are_kept),
	    cmocka_unit_test(test_what_is_no_problem_document_passes),
	    cmocka_unit_test(test_who_asks_for_a_problem_document_gets_it),
	    cmocka_unit_test(test_good_answers_are_left_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
