// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"

#include <setjmp.h>
#include <cmocka.h>

#include "limit_starts.h"

/* How many of `n` arrivals fall into the fullest half-open window, when each even one is as late as may be.
 */
static int most_in_window(const struct limit_pace *p, int64_t window_us, int n)
{
	int most = 0;

	for (int i = 0; i < n; i++) {
		int64_t from = (int64_t)(i * p->interval_us) + (i % 2 ? 0 : p->valid_us);
		int seen = 0;

		for (int k = 0; k < n; k++) {
			int64_t at = (int64_t)(k * p->interval_us) + (k % 2 ? 0 : p->valid_us);

			seen += at >= from && at < from + window_us;
		}
		most = MAX(most, seen);
	}
	return most;
}

static void no_window_holds_more_than_the_count(void **state)
{
	static const struct {
		double count, period_s;
	} cases[] = {{10, 1}, {1, 1}, {5, 1}, {100, 10}, {600, 60}, {7, 3}, {1, 60}, {300, 300}, {50, 1}};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct limit l = {.kind = LIMIT_RATE, .count = cases[i].count, .period_s = cases[i].period_s};
		struct limit_pace p;

		limit_pace_of(&l, &p);
		assert_false(p.refills);
		assert_true(
		    most_in_window(&p, (int64_t)(l.period_s * 1e6), (int)(3 * l.count) + 3) <= (int)l.count);
		/* nine tenths at least are left, but of periods that are shorter than clocks agree */
		assert_true(1e6 / p.interval_us >= 0.9 * l.count / l.period_s);
		assert_int_equal(p.burst, (int64_t)l.count);
	}
}

static void a_fraction_is_one_in_a_longer_period(void **state)
{
	struct limit l = {.kind = LIMIT_RATE, .count = 0.5, .period_s = 1};
	struct limit_pace p;

	(void)state;
	limit_pace_of(&l, &p);
	assert_true(p.interval_us >= 2e6 && p.interval_us <= 2.2e6);
	assert_int_equal(p.burst, 1);
}

static void a_bucket_greater_than_its_count_refills(void **state)
{
	struct limit l = {.kind = LIMIT_RATE, .count = 0.0167, .period_s = 1, .burst = 20};
	struct limit_pace p;

	(void)state;
	limit_pace_of(&l, &p);
	assert_true(p.refills);
	assert_int_equal(p.burst, 19);
	assert_true(p.interval_us > 59.8e6 && p.interval_us < 61e6);
	assert_int_equal(p.valid_us, 10000000);
	l.burst = 1;
	l.count = 5;
	limit_pace_of(&l, &p);
	assert_false(p.refills);
	assert_int_equal(p.burst, 1);
}

static void starts_are_taken_in_time_and_in_order(void **state)
{
	struct limit_starts s = {0};

	(void)state;
	assert_false(limit_starts_take(&s, INT64_MAX - 1));
	assert_int_equal(limit_starts_next(&s), INT64_MAX);
	limit_starts_add(&s, 300);
	limit_starts_add(&s, 100);
	limit_starts_add(&s, 200);
	assert_int_equal(limit_starts_next(&s), 100);
	assert_false(limit_starts_take(&s, 99));
	assert_true(limit_starts_take(&s, 100));
	assert_int_equal(limit_starts_count(&s), 2);
	limit_starts_add(&s, 150);
	assert_true(limit_starts_take(&s, 250));
	assert_true(limit_starts_take(&s, 250));
	assert_false(limit_starts_take(&s, 250));
	assert_int_equal(limit_starts_next(&s), 300);
	limit_starts_clear(&s);
	assert_int_equal(limit_starts_count(&s), 0);
	limit_starts_done(&s);
}

static void late_starts_are_discarded(void **state)
{
	struct limit_starts s = {0};

	(void)state;
	for (int64_t at = 1000; at <= 40000; at += 1000)
		limit_starts_add(&s, at);
	assert_int_equal(limit_starts_discard(&s, 1035, 35), 0); /* just in time */
	assert_int_equal(limit_starts_discard(&s, 1036, 35), 1);
	/* a worker thaws: of all that it missed nothing is left to burst with */
	assert_int_equal(limit_starts_discard(&s, 30010, 35), 28);
	assert_true(limit_starts_take(&s, 30010));
	assert_false(limit_starts_take(&s, 30010));
	limit_starts_done(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(no_window_holds_more_than_the_count),
	    cmocka_unit_test(a_fraction_is_one_in_a_longer_period),
	    cmocka_unit_test(a_bucket_greater_than_its_count_refills),
	    cmocka_unit_test(starts_are_taken_in_time_and_in_order),
	    cmocka_unit_test(late_starts_are_discarded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
