// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "rates.h"

#include <setjmp.h>

#include <cmocka.h>

#define SECOND INT64_C(1000000)

static const struct uuid anna = {{1}};
static const struct uuid bert = {{2}};

static void test_zero_is_no_limit(void **state)
{
	(void)state;
	assert_null(rates_new(0, 100));
	rates_free(NULL);
}

/* 60 a minute, 3 at once: one comes back each second. */
static void test_a_bucket_empties_and_refills(void **state)
{
	static const struct {
		int64_t at_s;
		bool good;
		int64_t remaining;
		int64_t reset_s;
		int64_t retry_after_s;
	} calls[] = {
	    {0, true, 2, 1, 0},
	    {0, true, 1, 2, 0},
	    {0, true, 0, 3, 0},
	    {0, false, 0, 3, 1},
	    {1, true, 0, 3, 0},
	    {1, false, 0, 3, 1},
	    {3, true, 1, 2, 0},
	    {100, true, 2, 1, 0},
	};
	struct rates *r = rates_new(60, 3);

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(calls); i++) {
		struct rate rate;
		bool good = rates_take(r, &anna, (1000 + calls[i].at_s) * SECOND, &rate);

		assert_int_equal(good, calls[i].good);
		assert_int_equal(rate.limit, 3);
		assert_int_equal(rate.window_s, 3);
		assert_int_equal(rate.remaining, calls[i].remaining);
		assert_int_equal(rate.reset_s, calls[i].reset_s);
		assert_int_equal(rate.retry_after_s, calls[i].retry_after_s);
	}
	rates_free(r);
}

static void test_callers_do_not_share(void **state)
{
	struct rates *r = rates_new(1, 1);
	struct rate rate;

	(void)state;
	assert_true(rates_take(r, &anna, SECOND, &rate));
	assert_false(rates_take(r, &anna, 2 * SECOND, &rate));
	assert_int_equal(rate.retry_after_s, 59);
	assert_true(rates_take(r, &bert, 2 * SECOND, &rate));
	assert_false(rates_take(r, &anna, 61 * SECOND - 1, &rate));
	assert_int_equal(rate.retry_after_s, 1);
	assert_true(rates_take(r, &anna, 61 * SECOND, &rate));
	rates_free(r);
}

/* With more callers than are kept, who called longest ago is forgotten, and nobody who called since. */
static void test_memory_is_bounded(void **state)
{
	struct rates *r = rates_new(1, 1);
	struct rate rate;

	(void)state;
	assert_true(rates_take(r, &anna, SECOND, &rate));
	assert_true(rates_take(r, &bert, SECOND, &rate));
	for (uint32_t i = 0; i < RATES_CALLERS_MAX - 1; i++) {
		struct uuid other = {{3}};

		memcpy(other.b + 8, &i, sizeof i);
		assert_true(rates_take(r, &other, SECOND, &rate));
		assert_false(rates_take(r, &bert, SECOND, &rate));
	}
	assert_false(rates_take(r, &bert, SECOND, &rate));
	assert_true(rates_take(r, &anna, SECOND, &rate));
	rates_free(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_zero_is_no_limit),
	    cmocka_unit_test(test_a_bucket_empties_and_refills),
	    cmocka_unit_test(test_callers_do_not_share),
	    cmocka_unit_test(test_memory_is_bounded),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
