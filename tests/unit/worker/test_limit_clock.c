// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"

#include <setjmp.h>
#include <cmocka.h>

#include "limit_clock.h"

#define OFFSET INT64_C(1795000000000000) /* the database's clock is ahead by this */
#define S INT64_C(1000000)

/* A question whose way there takes `there` and back `back`. */
static int64_t ask(struct limit_clock *c, int64_t at, int64_t there, int64_t back, int64_t offset)
{
	limit_clock_sample(c, at, at + there + back, at + there + offset);
	return at + there + back;
}

static void the_truth_is_always_between(void **state)
{
	static const int64_t ways[][2] = {{100, 900}, {5000, 100}, {20, 20}, {30000, 1}, {0, 0}, {1, 50000}};
	struct limit_clock c = {0};
	int64_t at = 7 * S;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(ways); i++, at += S) {
		int64_t now = ask(&c, at, ways[i][0], ways[i][1], OFFSET);

		assert_true(limit_clock_earliest(&c, now) <= now + OFFSET);
		assert_true(limit_clock_latest(&c, now) >= now + OFFSET);
	}
	/* the quick round trips are remembered */
	assert_true(limit_clock_latest(&c, at) - limit_clock_earliest(&c, at) < 2000);
}

static void doubt_grows_with_time(void **state)
{
	struct limit_clock c = {0};
	int64_t now = ask(&c, S, 50, 50, OFFSET);

	(void)state;
	assert_int_equal(limit_clock_latest(&c, now) - limit_clock_earliest(&c, now), 100);
	assert_int_equal(limit_clock_latest(&c, now + 10 * S) - limit_clock_earliest(&c, now + 10 * S), 4100);
}

static void a_clock_that_was_set_is_believed_anew(void **state)
{
	struct limit_clock c = {0};
	int64_t now;

	(void)state;
	ask(&c, S, 50, 50, OFFSET);
	now = ask(&c, 2 * S, 200, 200, OFFSET + 3 * S);
	assert_true(limit_clock_earliest(&c, now) <= now + OFFSET + 3 * S);
	assert_true(limit_clock_latest(&c, now) >= now + OFFSET + 3 * S);
	assert_int_equal(limit_clock_latest(&c, now) - limit_clock_earliest(&c, now), 400);
}

static void our_clock_goes_on(void **state)
{
	int64_t a = limit_clock_now();

	(void)state;
	assert_true(a > 0 && limit_clock_now() >= a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_truth_is_always_between),
	    cmocka_unit_test(doubt_grows_with_time),
	    cmocka_unit_test(a_clock_that_was_set_is_believed_anew),
	    cmocka_unit_test(our_clock_goes_on),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
