// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"

#include <setjmp.h>
#include <cmocka.h>

#include "base/clock.h"
#include "sync/retry_after.h"

#define NOW_US INT64_C(1795000000000000)

static void waits_as_told(void **state)
{
	static const struct {
		const char *value;
		int64_t ms;
	} cases[] = {
	    {"7", 7000},
	    {" 7 ", 7000},
	    {"1.5", 1500},
	    {"0", 1000},
	    {"86400", RETRY_AFTER_MAX_MS},
	    {"999999999999", RETRY_AFTER_MAX_MS},
	    {"1e300", RETRY_AFTER_MAX_MS},
	    {"-5", 0},
	    {"nan", 0},
	    {"inf", 0},
	    {"0x10", 0},
	    {"soon", 0},
	    {"", 0},
	    {"  ", 0},
	    {"Wed, 18 Nov 2026 11:07:10 GMT", 30000},
	    {" Wed, 18 Nov 2026 11:07:10 GMT ", 30000},
	    {"Wed, 18 Nov 2026 11:00:00 GMT", 1000},
	    {"Sat, 18 Nov 2028 11:07:10 GMT", RETRY_AFTER_MAX_MS},
	    {"Fri, 31 Dec 9999 23:59:59 GMT", RETRY_AFTER_MAX_MS},
	    {"Wed, 18 Nov 2026 11:07:10 GMT, or later", 0},
	    {"Wed, 18 Nov 2026 11:07:10 GMT or very much later", 0},
	    {"Wed, 18 Nov 2026 11:07:10 CET", 0},
	    {"Wed, 18 Foo 2026 11:07:10 GMT", 0},
	    {"Wed, 18 anF 2026 11:07:10 GMT", 0},
	    {"Wed, 99 Nov 2026 11:07:10 GMT", 0},
	};
	char now[CLOCK_TEXT_LEN + 1];

	(void)state;
	clock_format(NOW_US, now);
	assert_string_equal(now, "2026-11-18T11:06:40.000000Z");
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct http_header header = {STR("retry-after"), str_of(cases[i].value)};
		struct http_response res = {.status = 429, .headers = &header, .nheaders = 1};
		int64_t ms = retry_after_ms(&res, NOW_US);

		if (ms != cases[i].ms)
			fail_msg("\"%s\": %" PRId64 " ms", cases[i].value, ms);
	}
}

static void waits_for_nothing_without_the_header(void **state)
{
	struct http_header header = {STR("Date"), STR("Wed, 18 Nov 2026 11:07:10 GMT")};
	struct http_response res = {.status = 503, .headers = &header, .nheaders = 1};

	(void)state;
	assert_int_equal(retry_after_ms(&res, NOW_US), 0);
}

static void a_date_counts_from_the_answers_own(void **state)
{
	struct http_header headers[] = {
	    {STR("Date"), STR("Sun, 06 Nov 1994 08:49:37 GMT")},
	    {STR("Retry-After"), STR("Sun, 06 Nov 1994 08:50:37 GMT")},
	};
	struct http_response res = {.status = 429, .headers = headers, .nheaders = 2};

	(void)state;
	assert_int_equal(retry_after_ms(&res, NOW_US), 60000);
	headers[0].value = STR("yesterday"); /* then from our clock, for which it is over */
	assert_int_equal(retry_after_ms(&res, NOW_US), 1000);
}

static void waits_have_a_floor_and_a_ceiling(void **state)
{
	(void)state;
	assert_int_equal(retry_after_clamp(INT64_MIN), 1000);
	assert_int_equal(retry_after_clamp(999), 1000);
	assert_int_equal(retry_after_clamp(1001), 1001);
	assert_int_equal(retry_after_clamp(INT64_MAX), RETRY_AFTER_MAX_MS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(waits_as_told),
	    cmocka_unit_test(waits_for_nothing_without_the_header),
	    cmocka_unit_test(a_date_counts_from_the_answers_own),
	    cmocka_unit_test(waits_have_a_floor_and_a_ceiling),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
