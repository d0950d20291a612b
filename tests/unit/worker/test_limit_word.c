// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"

#include <setjmp.h>
#include <cmocka.h>

#include "limit_word.h"

#define NOW_US INT64_C(1795000000000000)

static struct limit_word word(const struct limit *l, const char *name, const char *value)
{
	struct http_header header = {str_of(name), str_of(value)};
	struct http_response res = {.status = 200, .headers = &header, .nheaders = 1};
	struct limit_word ret;

	limit_word_of(l, &res, NOW_US, &ret);
	return ret;
}

static void credits_that_are_left(void **state)
{
	static const struct {
		const char *value;
		int64_t remaining;
	} cases[] = {{"49999", 49999}, {" 7 ", 7}, {"0", 0}, {"-3", 0}, {"12.9", 12},
	    {"1e300", 1000000000000000}, {"", -1}, {"many", -1}, {"nan", -1}, {"5 of 10", -1}};
	struct limit zoho = {.kind = LIMIT_QUOTA,
	    .count = 50000,
	    .period_s = 86400,
	    .header_remaining = "X-API-CREDITS-REMAINING"};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct limit_word w = word(&zoho, "x-api-credits-remaining", cases[i].value);

		assert_int_equal(w.remaining, cases[i].remaining);
		assert_true(w.scale == 0 && w.reset_us == 0);
	}
	assert_int_equal(word(&zoho, "X-RateLimit-Remaining", "5").remaining, -1);
}

static void an_allowance_scales_the_declared_one(void **state)
{
	struct limit highlevel = {
	    .kind = LIMIT_RATE, .count = 100, .period_s = 10, .header_limit = "X-RateLimit-Max"};

	(void)state;
	assert_true(word(&highlevel, "X-RateLimit-Max", "200").scale == 0.5);
	assert_true(word(&highlevel, "X-RateLimit-Max", "0").scale == 0);
	assert_true(word(&highlevel, "X-RateLimit-Max", "-1").scale == 0);
}

static void a_rate_scales_the_declared_one(void **state)
{
	struct limit amazon = {
	    .kind = LIMIT_RATE, .count = 2, .period_s = 4, .header_rate = "x-amzn-RateLimit-Limit"};

	(void)state;
	assert_true(word(&amazon, "x-amzn-RateLimit-Limit", "0.5").scale == 1);
	assert_true(word(&amazon, "x-amzn-RateLimit-Limit", "0.25").scale == 2);
	assert_true(word(&amazon, "x-amzn-RateLimit-Limit", "soon").scale == 0);
}

static void when_it_is_renewed(void **state)
{
	static const struct {
		enum reset_format format;
		const char *value;
		int64_t us;
	} cases[] = {
	    {RESET_DELTA_S, "30", 30000000},
	    {RESET_DELTA_MS, "10000", 10000000},
	    {RESET_EPOCH_S, "1795000060", 60000000},
	    {RESET_EPOCH_MS, "1795000060500", 60500000},
	    {RESET_EPOCH_S, "1700000000", 0},
	    {RESET_DELTA_S, "-1", 0},
	    {RESET_DELTA_S, "1e30", INT64_C(31622400000000)},
	    {RESET_DELTA_S, "", 0},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct limit l = {.kind = LIMIT_QUOTA,
		    .count = 10,
		    .period_s = 60,
		    .header_reset = "X-Reset",
		    .reset_format = cases[i].format};

		assert_int_equal(word(&l, "X-Reset", cases[i].value).reset_us, cases[i].us);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(credits_that_are_left),
	    cmocka_unit_test(an_allowance_scales_the_declared_one),
	    cmocka_unit_test(a_rate_scales_the_declared_one),
	    cmocka_unit_test(when_it_is_renewed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
