// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "io/loop.h"

#include <setjmp.h>

#include <cmocka.h>

#define SPINS_MAX 1000000 /* in a row, without anything else getting its turn */

static struct loop *loop;
static struct timer *eager;
static struct timer *other;
static int64_t spins;

static void again_at_once(void *user)
{
	(void)user;
	if (++spins < SPINS_MAX)
		timer_set(eager, 0, 0);
	else
		loop_stop(loop);
}

static void stop(void *user)
{
	(void)user;
	loop_stop(loop);
}

static int setup(void **state)
{
	(void)state;
	spins = 0;
	loop = loop_new();
	eager = timer_new(loop, again_at_once, NULL);
	other = timer_new(loop, stop, NULL);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	timer_free(eager);
	timer_free(other);
	loop_free(loop);
	return 0;
}

static void test_a_timer_that_sets_itself_to_now_leaves_others_their_turn(void **state)
{
	(void)state;
	timer_set(eager, 0, 0);
	timer_set(other, 20, 0);
	loop_run(loop);
	assert_true(spins > 0);
	assert_true(spins < SPINS_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(
	        test_a_timer_that_sets_itself_to_now_leaves_others_their_turn, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
