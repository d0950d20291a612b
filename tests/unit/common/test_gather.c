// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "io/gather.h"

#include <setjmp.h>

#include <cmocka.h>

#define GAP_MS INT64_C(300) /* long before what holds up a busy machine */

static struct loop *loop;
static struct timer *timer;
static struct gather gather;
static int runs;
static int64_t ran_ms[8];
static bool idle; /* the work finds nothing to do */

static void run(void *user)
{
	(void)user;
	ran_ms[runs++] = loop_now_ms(loop);
	if (!idle)
		gather_begun(&gather);
}

static void stop(void *user)
{
	(void)user;
	loop_stop(loop);
}

static void run_loop_for(int64_t ms)
{
	timer_set(timer, ms, 0);
	loop_run(loop);
}

static int setup(void **state)
{
	(void)state;
	runs = 0;
	idle = false;
	loop = loop_new();
	timer = timer_new(loop, stop, NULL);
	gather_init(&gather, loop, GAP_MS, run, NULL);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	gather_done(&gather);
	timer_free(timer);
	loop_free(loop);
	return 0;
}

static void test_the_first_wake_waits_for_nothing(void **state)
{
	(void)state;
	gather_wake(&gather);
	gather_wake(&gather);
	assert_int_equal(runs, 0); /* not inside the wake */
	run_loop_for(0);
	assert_int_equal(runs, 1);
}

static void test_who_expects_company_waits_a_moment(void **state)
{
	(void)state;
	int64_t asked_ms = loop_now_ms(loop);

	gather_join(&gather);
	gather_join(&gather);
	run_loop_for(GAP_MS / 2);
	assert_int_equal(runs, 1);
	assert_true(ran_ms[0] - asked_ms >= GATHER_JOIN_MS);
}

static void test_a_wake_ends_the_wait_for_company(void **state)
{
	(void)state;
	gather_join(&gather);
	gather_wake(&gather);
	run_loop_for(0);
	assert_int_equal(runs, 1);
	run_loop_for(2 * GAP_MS);
	assert_int_equal(runs, 1);
}

static void test_company_waits_for_the_gap_as_others_do(void **state)
{
	(void)state;
	gather_wake(&gather);
	run_loop_for(0);
	gather_join(&gather);
	run_loop_for(2 * GAP_MS);
	assert_int_equal(runs, 2);
	assert_true(ran_ms[1] - ran_ms[0] >= GAP_MS);
}

static void test_wakes_soon_after_it_share_the_next_run(void **state)
{
	(void)state;
	gather_wake(&gather);
	run_loop_for(0);
	for (int i = 0; i < 5; i++) {
		gather_wake(&gather);
		run_loop_for(1);
	}
	run_loop_for(3 * GAP_MS);
	assert_int_equal(runs, 2);
	assert_true(ran_ms[1] - ran_ms[0] >= GAP_MS);
}

static void test_work_that_did_not_begin_holds_nothing_back(void **state)
{
	(void)state;
	idle = true;
	for (int i = 0; i < 3; i++) {
		gather_wake(&gather);
		run_loop_for(0);
	}
	assert_int_equal(runs, 3);
}

static void test_long_work_is_rested_from(void **state)
{
	(void)state;
	gather.gap_ms = 1;
	gather_wake(&gather);
	run_loop_for(2 * GATHER_REST_MAX_MS);
	int64_t ended_ms = loop_now_ms(loop);
	gather_rest(&gather);
	gather_wake(&gather);
	run_loop_for(3 * GATHER_REST_MAX_MS);
	assert_int_equal(runs, 2);
	assert_true(ran_ms[1] - ended_ms >= GATHER_REST_MAX_MS);
}

/* False: the machine was held up, and the wake was served before. */
static bool wake_and_work_for(int64_t ms)
{
	runs = 0;
	gather_wake(&gather);
	run_loop_for(0);
	gather_wake(&gather);
	run_loop_for(ms);
	if (runs > 1)
		run_loop_for(2 * gather.gap_ms);
	return runs == 1;
}

static void test_a_wake_from_before_the_rest_waits_for_its_end(void **state)
{
	int tries = 0;

	(void)state;
	gather.gap_ms = GATHER_REST_MAX_MS;
	while (!wake_and_work_for(GATHER_REST_MAX_MS * 3 / 4))
		assert_true(++tries < 100);
	int64_t took_ms = loop_now_ms(loop) - ran_ms[0];
	gather_rest(&gather);
	run_loop_for(3 * GATHER_REST_MAX_MS);
	assert_int_equal(runs, 2);
	assert_true(ran_ms[1] - ran_ms[0] >= took_ms + MIN(took_ms, GATHER_REST_MAX_MS));
}

static void test_a_hold_of_nothing_ends_the_wait(void **state)
{
	(void)state;
	gather_wake(&gather);
	run_loop_for(0);
	gather_wake(&gather);
	gather_hold(&gather, 0);
	run_loop_for(0);
	assert_int_equal(runs, 2);
	gather_wake(&gather);
	gather_hold(&gather, GATHER_REST_MAX_MS);
	int64_t held_ms = loop_now_ms(loop);
	run_loop_for(3 * GATHER_REST_MAX_MS);
	assert_int_equal(runs, 3);
	assert_true(ran_ms[2] - held_ms >= GATHER_REST_MAX_MS);
}

static void test_done_takes_a_wake_back(void **state)
{
	(void)state;
	gather_wake(&gather);
	run_loop_for(0);
	gather_wake(&gather);
	gather_done(&gather);
	run_loop_for(2 * GAP_MS);
	assert_int_equal(runs, 1);
	gather_init(&gather, loop, GAP_MS, run, NULL);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
	    TEST(test_the_first_wake_waits_for_nothing),
	    TEST(test_who_expects_company_waits_a_moment),
	    TEST(test_a_wake_ends_the_wait_for_company),
	    TEST(test_company_waits_for_the_gap_as_others_do),
	    TEST(test_wakes_soon_after_it_share_the_next_run),
	    TEST(test_work_that_did_not_begin_holds_nothing_back),
	    TEST(test_long_work_is_rested_from),
	    TEST(test_a_wake_from_before_the_rest_waits_for_its_end),
	    TEST(test_a_hold_of_nothing_ends_the_wait),
	    TEST(test_done_takes_a_wake_back),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
