// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "sync/dead_letter.h"

#include <setjmp.h>

#include <cmocka.h>

static void assert_str(struct str s, const char *want)
{
	if (!str_is(s, want))
		fail_msg("\"%.*s\" instead of \"%s\"", STR_ARG(s), want);
}

static void test_dead_letter_headers(void **state)
{
	const struct kafka_message m = {.topic = "sync.requests", .partition = 3, .offset = 1234567890123};
	const struct dead_letter why = {.stage = STR("VALUE_CONVERTER"),
	    .class = STR("invalid_request"),
	    .message = STR("/mode: must be one of full|incremental")};
	struct dead_letter_text text;
	struct kafka_header headers[16] = {{"ce_id", STR("e1")}, {"__connect.errors.offset", STR("7")},
	    {"x-dlq-attempts", STR("1")}, {"tenant", {NULL, 0}}};
	struct dead_letter letter;
	struct json_problem problem;

	(void)state;
	size_t n = dead_letter_headers(&m, &why, &text, headers, 4);
	assert_int_equal(n, 2 + DEAD_LETTER_OWN_HEADERS);
	assert_string_equal(headers[0].name, "ce_id");
	assert_string_equal(headers[1].name, "tenant");
	assert_int_equal(dead_letter_decode(headers, n, &letter, &problem), RC_OK);
	assert_false(letter.of_task);
	assert_str(letter.topic, "sync.requests");
	assert_int_equal(letter.partition, 3);
	assert_int_equal(letter.offset, 1234567890123);
	assert_str(letter.class, "invalid_request");
	assert_str(letter.message, why.message.p);
}

static void test_dead_letter_evidence(void **state)
{
	enum { STATUS = 9 };
	struct kafka_header headers[] = {
	    {"__connect.errors.topic", STR("sync.tasks.zoho")},
	    {"__connect.errors.task.id", STR("019aa0f2-7c20-7b11-8a2e-5c3d9e8f7a61")},
	    {"__connect.errors.stage", STR("FETCH")},
	    {"__connect.errors.exception.class.name", STR("permanent")},
	    {"__connect.errors.exception.message", STR("HTTP 422")},
	    {"x-dlq-attempts", STR("1")},
	    {"x-dlq-first-failed-at", STR("2026-11-20T12:30:00.000000Z")},
	    {"x-dlq-last-failed-at", STR("2026-11-20T12:34:56.123456Z")},
	    {"x-dlq-retryable", STR("false")},
	    [STATUS] = {"x-dlq-response-status", STR("422")},
	    {"x-dlq-request", STR("GET https://x/")},
	    {"x-dlq-response-headers", STR("{}")},
	    {"x-dlq-response-body", STR("no")},
	};
	static const char *const bad[] = {"", "42", "4222", "922", "4x2"};
	struct dead_letter letter;
	struct json_problem problem;

	(void)state;
	assert_int_equal(dead_letter_decode(headers, STATUS, &letter, &problem), RC_OK);
	assert_null(letter.request.p); /* it may fail without a call */
	assert_int_equal(dead_letter_decode(headers, ARRAY_SIZE(headers), &letter, &problem), RC_OK);
	assert_str(letter.request, "GET https://x/");
	assert_str(letter.response_status, "422");
	assert_str(letter.response_headers, "{}");
	assert_str(letter.response_body, "no");
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		headers[STATUS].value = str_of(bad[i]);
		assert_int_equal(
		    dead_letter_decode(headers, ARRAY_SIZE(headers), &letter, &problem), RC_INVALID);
		assert_string_equal(problem.pointer, "/headers/x-dlq-response-status");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_dead_letter_headers),
	    cmocka_unit_test(test_dead_letter_evidence),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
