// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "backoff.h"

#include <setjmp.h>

#include <cmocka.h>

#define DRAWS 2000

static void waits_stay_below_the_doubled_base(void **state)
{
	static const struct {
		int64_t base_ms, max_ms, attempt, ceiling_ms;
	} cases[] = {
	    {500, 60000, 0, 500},
	    {500, 60000, 1, 1000},
	    {500, 60000, 6, 32000},
	    {500, 60000, 7, 60000},
	    {500, 60000, 63, 60000},
	    {500, 60000, INT64_MAX, 60000},
	    {500, 60000, -1, 500},
	    {500, 60000, INT64_MIN, 500},
	    {1, 86400000, 20, 1 << 20},
	    {60000, 86400000, 20, 86400000},
	    {100, 10, 0, 10},
	    {1, 1, 5, 1},
	    {0, 1000, 5, 1},
	    {100, 0, 5, 1},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		for (int draw = 0; draw < DRAWS; draw++) {
			int64_t ms = backoff_ms(cases[i].base_ms, cases[i].max_ms, cases[i].attempt);

			if (ms < 1 || ms > cases[i].ceiling_ms)
				fail_msg("case %zu: %" PRId64 " ms", i, ms);
		}
	}
}

/* Full jitter: every wait up to the ceiling is possible. Of 4 values one stays away from 2,000 draws in
 * 10^-250 of cases. */
static void waits_are_spread_over_all_of_it(void **state)
{
	int seen[5] = {0};

	(void)state;
	for (int draw = 0; draw < DRAWS; draw++)
		seen[backoff_ms(1, 1000, 2)]++;
	assert_int_equal(seen[0], 0);
	for (size_t i = 1; i < ARRAY_SIZE(seen); i++)
		assert_true(seen[i] > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(waits_stay_below_the_doubled_base),
	    cmocka_unit_test(waits_are_spread_over_all_of_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
