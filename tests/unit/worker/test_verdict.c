// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "verdict.h"

#include "../declarations.h"

#define NOW_US INT64_C(1795000000000000)

struct given {
	const char *provider, *resource;
	int status;
	const char *header, *value; /* one header, or NULL */
	const char *body;
	bool cursor_sent;
};

static struct verdict judge(const struct given *g)
{
	AUTO(buf_done) struct buf body = BUF(1 << 20);
	struct http_header headers[] = {{str_of(g->header), str_of(g->value)}};
	struct http_response res = {g->status, &body, headers, g->header ? 1 : 0, 0};
	struct answer a = {&res, declarations_resource(g->provider, g->resource), g->cursor_sent, NOW_US};
	struct verdict v;
	buf_add_text(&body, g->body ? g->body : "");
	verdict_of(&a, &v);
	return v;
}

#define PP "practicepanther", "contacts"
#define AMAZON "amazon", "orders"
#define ZOHO "zoho", "leads"
#define GMAIL "google", "messages"
#define CALENDAR "google", "events"
#define HIGHLEVEL "highlevel", "call_logs"

static void status_decides_without_a_rule(void **state)
{
	(void)state;
	static const struct {
		int status;
		enum verdict_class class;
		const char *header;
	} cases[] = {
	    {200, VERDICT_OK, NULL},
	    {206, VERDICT_OK, NULL},
	    {204, VERDICT_EMPTY, NULL},
	    {304, VERDICT_EMPTY, NULL},
	    {301, VERDICT_PERMANENT, NULL},
	    {400, VERDICT_PERMANENT, NULL},
	    {401, VERDICT_TOKEN, NULL},
	    {403, VERDICT_PERMANENT, NULL},
	    {404, VERDICT_PERMANENT, NULL},
	    {408, VERDICT_TRANSIENT, NULL},
	    {425, VERDICT_TRANSIENT, NULL},
	    {429, VERDICT_THROTTLED, NULL},
	    {500, VERDICT_TRANSIENT, NULL},
	    {502, VERDICT_TRANSIENT, NULL},
	    {503, VERDICT_TRANSIENT, NULL},
	    {503, VERDICT_THROTTLED, "Retry-After"},
	    {599, VERDICT_TRANSIENT, NULL},
	};
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct verdict v = judge(
		    &(struct given){PP, cases[i].status, cases[i].header, "7", "<html>", false});
		if (v.class != cases[i].class)
			fail_msg("HTTP %d is %s", cases[i].status, verdict_class_name(v.class));
		assert_int_equal(v.wait_ms, cases[i].header ? 7000 : 0);
		assert_int_equal(v.reason[0] != 0, v.class != VERDICT_OK && v.class != VERDICT_EMPTY);
	}
}

struct word {
	struct given given;
	enum verdict_class class;
};

static void judge_all(const struct word *cases, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct verdict v = judge(&cases[i].given);
		if (v.class != cases[i].class)
			fail_msg("case %zu (%s, HTTP %d, %s) is %s", i, cases[i].given.provider,
			    cases[i].given.status, cases[i].given.body, verdict_class_name(v.class));
	}
}

static void the_providers_own_words_come_first(void **state)
{
	(void)state;
	static const struct word cases[] = {
	    {{PP, 400, NULL, NULL, "{\"error\":\"invalid_grant\"}", false}, VERDICT_TOKEN},
	    {{PP, 400, NULL, NULL, "{\"error\":\"invalid_filter\"}", false}, VERDICT_PERMANENT},
	    {{PP, 400, NULL, NULL, "{\"error\":{\"error\":\"invalid_grant\"}}", false}, VERDICT_PERMANENT},
	    {{PP, 400, NULL, NULL, "invalid_grant", false}, VERDICT_PERMANENT},
	    {{PP, 400, NULL, NULL, "", false}, VERDICT_PERMANENT},
	    {{PP, 401, NULL, NULL, "{\"error\":\"invalid_grant\"}", false}, VERDICT_TOKEN},
	    {{GMAIL, 404, NULL, NULL, "{\"error\":{\"code\":404,\"status\":\"NOT_FOUND\"}}", true},
	        VERDICT_CURSOR},
	    {{GMAIL, 404, NULL, NULL, "{\"error\":{\"code\":404,\"status\":\"NOT_FOUND\"}}", false},
	        VERDICT_PERMANENT},
	    {{GMAIL, 403, NULL, NULL, "{\"error\":{\"errors\":[{\"reason\":\"rateLimitExceeded\"}]}}", false},
	        VERDICT_THROTTLED},
	    {{GMAIL, 403, NULL, NULL, "{\"error\":{\"errors\":[{\"reason\":\"userRateLimitExceeded\"}]}}",
	         false},
	        VERDICT_THROTTLED},
	    {{GMAIL, 403, NULL, NULL, "{\"error\":{\"errors\":[{\"reason\":\"quotaExceeded\"}]}}", false},
	        VERDICT_THROTTLED},
	    {{GMAIL, 403, NULL, NULL, "{\"error\":{\"errors\":[{\"reason\":\"dailyLimitExceeded\"}]}}",
	         false},
	        VERDICT_THROTTLED},
	    {{GMAIL, 403, NULL, NULL, "{\"error\":{\"errors\":[{\"reason\":\"accessNotConfigured\"}]}}",
	         false},
	        VERDICT_PERMANENT},
	    {{GMAIL, 403, NULL, NULL, "{\"error\":{\"errors\":[{\"reason\":\"insufficientPermissions\"}]}}",
	         false},
	        VERDICT_PERMANENT},
	    {{GMAIL, 403, NULL, NULL, "{\"error\":{\"errors\":[{\"reason\":\"domainPolicy\"}]}}", false},
	        VERDICT_PERMANENT},
	    {{GMAIL, 403, NULL, NULL, "{\"error\":", false}, VERDICT_PERMANENT},
	    {{GMAIL, 429, NULL, NULL, "", false}, VERDICT_THROTTLED},
	    {{GMAIL, 401, NULL, NULL, "{\"error\":{\"errors\":[{\"reason\":\"authError\"}]}}", false},
	        VERDICT_TOKEN},
	    {{GMAIL, 503, NULL, NULL, "{\"error\":{\"errors\":[{\"reason\":\"backendError\"}]}}", false},
	        VERDICT_TRANSIENT},
	    {{CALENDAR, 410, NULL, NULL, "{\"error\":{\"errors\":[{\"reason\":\"fullSyncRequired\"}]}}",
	         false},
	        VERDICT_CURSOR},
	    {{CALENDAR, 410, NULL, NULL, "{\"error\":{\"errors\":[{\"reason\":\"updatedMinTooLongAgo\"}]}}",
	         false},
	        VERDICT_CURSOR},
	    {{CALENDAR, 410, NULL, NULL, "{\"error\":{\"errors\":[{\"reason\":\"deleted\"}]}}", false},
	        VERDICT_PERMANENT},
	    {{CALENDAR, 400, NULL, NULL, "{\"error\":{\"errors\":[{\"location\":\"pageToken\"}]}}", true},
	        VERDICT_CURSOR},
	    {{CALENDAR, 400, NULL, NULL, "{\"error\":{\"errors\":[{\"location\":\"timeMin\"}]}}", true},
	        VERDICT_PERMANENT},
	    {{CALENDAR, 404, NULL, NULL, "{\"error\":{\"errors\":[{\"reason\":\"notFound\"}]}}", true},
	        VERDICT_EMPTY},
	};
	judge_all(cases, ARRAY_SIZE(cases));
}

static void amazons_words(void **state)
{
	(void)state;
	static const struct word cases[] = {
	    {{AMAZON, 403, NULL, NULL,
	         "{\"errors\":[{\"code\":\"Unauthorized\",\"details\":\"The access token you provided has "
	         "expired.\"}]}",
	         false},
	        VERDICT_TOKEN},
	    {{AMAZON, 403, NULL, NULL, "{\"errors\":[{\"code\":\"Unauthorized\",\"details\":null}]}", false},
	        VERDICT_PERMANENT},
	    {{AMAZON, 400, NULL, NULL, "{\"errors\":[{\"code\":\"Other\"},{\"code\":\"InvalidInput\"}]}",
	         true},
	        VERDICT_CURSOR},
	    {{AMAZON, 400, NULL, NULL, "{\"errors\":[{\"code\":\"InvalidInput\"}]}", false},
	        VERDICT_PERMANENT},
	    {{AMAZON, 200, NULL, NULL, "{\"errors\":[{\"code\":\"InternalFailure\"}]}", false},
	        VERDICT_PERMANENT},
	    {{AMAZON, 200, NULL, NULL, "{\"payload\":{}}", false}, VERDICT_OK},
	    {{"amazon", "financial_events", 200, NULL, NULL, "{\"payload\":{}}", true}, VERDICT_CURSOR},
	    {{"amazon", "financial_events", 200, NULL, NULL, "{\"payload\":{}}", false}, VERDICT_OK},
	    {{"acme", "items", 410, NULL, NULL, "", true}, VERDICT_CURSOR},
	    {{"acme", "items", 410, NULL, NULL, "", false}, VERDICT_PERMANENT},
	    {{HIGHLEVEL, 400, NULL, NULL, "{\"message\":\"Location is not active\"}", false},
	        VERDICT_TRANSIENT},
	    {{HIGHLEVEL, 400, NULL, NULL, "{\"message\":[\"x\",\"Location is not active\"]}", false},
	        VERDICT_TRANSIENT},
	    {{"acme", "items", 420, NULL, NULL, "", false}, VERDICT_THROTTLED},
	};
	judge_all(cases, ARRAY_SIZE(cases));
}

static void of_403_google_says_the_reason(void **state)
{
	(void)state;
	static const struct word cases[] = {};
	judge_all(cases, ARRAY_SIZE(cases));
}

static void zohos_words(void **state)
{
	(void)state;
	static const struct word cases[] = {
	    {{ZOHO, 401, NULL, NULL, "{\"code\":\"INVALID_TOKEN\"}", false}, VERDICT_TOKEN},
	    {{ZOHO, 401, NULL, NULL, "{\"code\":\"OAUTH_SCOPE_MISMATCH\"}", false}, VERDICT_AUTH},
	    {{ZOHO, 401, NULL, NULL, "{\"code\":\"AUTHENTICATION_FAILURE\"}", false}, VERDICT_TOKEN},
	    {{ZOHO, 403, NULL, NULL, "{\"code\":\"NO_PERMISSION\"}", false}, VERDICT_PERMANENT},
	    {{ZOHO, 400, NULL, NULL, "{\"code\":\"EXPIRED_VALUE\"}", true}, VERDICT_CURSOR},
	    {{ZOHO, 400, NULL, NULL, "{\"code\":\"TOKEN_BOUND_DATA_MISMATCH\"}", true}, VERDICT_CURSOR},
	    {{ZOHO, 400, NULL, NULL, "{\"code\":\"EXPIRED_VALUE\"}", false}, VERDICT_PERMANENT},
	    {{ZOHO, 400, NULL, NULL,
	         "{\"code\":\"INVALID_DATA\",\"details\":{\"param_name\":\"page_token\"}}", true},
	        VERDICT_CURSOR},
	    {{ZOHO, 400, NULL, NULL,
	         "{\"code\":\"REQUIRED_PARAM_MISSING\",\"details\":{\"param_name\":\"fields\"}}", true},
	        VERDICT_PERMANENT},
	    {{ZOHO, 400, NULL, NULL, "{\"code\":\"DISCRETE_PAGINATION_LIMIT_EXCEEDED\"}", false},
	        VERDICT_CAP},
	    {{ZOHO, 400, NULL, NULL, "{\"code\":\"PAGINATION_LIMIT_EXCEEDED\"}", true}, VERDICT_CAP},
	    {{ZOHO, 204, NULL, NULL, "", false}, VERDICT_EMPTY},
	    {{ZOHO, 304, NULL, NULL, "", false}, VERDICT_EMPTY},
	    {{ZOHO, 500, NULL, NULL, "{\"code\":\"INTERNAL_ERROR\"}", true}, VERDICT_TRANSIENT},
	};
	judge_all(cases, ARRAY_SIZE(cases));
}

static void waits_as_told(void **state)
{
	(void)state;
	static const struct {
		int status;
		const char *value;
		int64_t ms;
	} cases[] = {
	    {429, "7", 7000},
	    {503, "Wed, 18 Nov 2026 11:07:10 GMT", 30000},
	    {503, "soon", 0},
	};
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct verdict v = judge(
		    &(struct given){PP, cases[i].status, "retry-after", cases[i].value, "", false});
		assert_int_equal(v.class, VERDICT_THROTTLED);
		assert_int_equal(v.wait_ms, cases[i].ms);
	}
}

static void waits_by_a_limits_headers(void **state)
{
	(void)state;
	AUTO(buf_done) struct buf body = BUF(100);
	struct http_header headers[] = {
	    {STR("X-RateLimit-Remaining"), STR("0")},
	    {STR("X-RateLimit-Interval-Milliseconds"), STR("10000")},
	};
	struct http_response res = {429, &body, headers, 2, 0};
	struct answer a = {&res, declarations_resource(HIGHLEVEL), false, NOW_US};
	struct verdict v;
	verdict_of(&a, &v);
	assert_int_equal(v.wait_ms, 10000);
	headers[0].value = STR("3");
	verdict_of(&a, &v);
	assert_int_equal(v.wait_ms, 0);
}

static void waits_by_the_rule_when_the_answer_is_silent(void **state)
{
	(void)state;
	assert_int_equal(judge(&(struct given){ZOHO, 429, NULL, NULL, "", false}).wait_ms, 2000);
	assert_int_equal(judge(&(struct given){ZOHO, 429, "Retry-After", "9", "", false}).wait_ms, 9000);
}

static void reasons_hold_codes_and_no_secrets(void **state)
{
	(void)state;
	static const struct {
		struct given given;
		const char *reason;
	} cases[] = {
	    {{PP, 404, NULL, NULL, "", false}, "HTTP 404"},
	    {{PP, 403, NULL, NULL, "{\"code\":\"forbidden\"}", false}, "HTTP 403: forbidden"},
	    {{PP, 400, NULL, NULL, "{\"error\":\"token Atza|abc is wrong\"}", false}, "HTTP 400"},
	    {{PP, 500, NULL, NULL, "{\"error\":{\"status\":\"INTERNAL\"}}", false}, "HTTP 500: INTERNAL"},
	    {{ZOHO, 429, NULL, NULL, "", false}, "HTTP 429: parallel calls or credits"},
	};
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		assert_string_equal(judge(&cases[i].given).reason, cases[i].reason);
}

static void long_bodies_are_not_looked_into(void **state)
{
	(void)state;
	AUTO(buf_done) struct buf body = BUF(1 << 20);
	buf_add_text(&body, "{\"error\":\"invalid_grant\",\"x\":\"");
	memset(buf_reserve(&body, 70000), 'x', 70000);
	body.n += 70000;
	buf_add_text(&body, "\"}");
	struct verdict v = judge(&(struct given){PP, 400, NULL, NULL, buf_text(&body), false});
	assert_int_equal(v.class, VERDICT_PERMANENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(status_decides_without_a_rule),
	    cmocka_unit_test(the_providers_own_words_come_first),
	    cmocka_unit_test(of_403_google_says_the_reason),
	    cmocka_unit_test(amazons_words),
	    cmocka_unit_test(zohos_words),
	    cmocka_unit_test(waits_as_told),
	    cmocka_unit_test(waits_by_a_limits_headers),
	    cmocka_unit_test(waits_by_the_rule_when_the_answer_is_silent),
	    cmocka_unit_test(reasons_hold_codes_and_no_secrets),
	    cmocka_unit_test(long_bodies_are_not_looked_into),
	};
	return cmocka_run_group_tests(tests, declarations_load, declarations_unload);
}
