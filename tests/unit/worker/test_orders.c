// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "orders.h"

#include "base/log.h"
#include "intake.h"
#include "task.h"
#include "worker.h"

#include <setjmp.h>

#include <cmocka.h>

#define FIRST "0190aaaa-0000-7000-8000-000000000001"
#define SECOND "0190aaaa-0000-7000-8000-000000000002"

static struct worker worker;
static struct provider zoho = {.name = "zoho"}, bench = {.name = "bench"};
static struct task tasks[2];
static int drains, undrains;

void task_yield(struct task *t, const char *why)
{
	t->yield = why;
}

void intake_drain(struct intake *in, bool drain)
{
	(void)in;
	if (drain)
		drains++;
	else
		undrains++;
}

static int setup(void **state)
{
	(void)state;
	log_threshold = LOG_LEVEL_ERROR + 1;
	drains = undrains = 0;
	tasks[0] = (struct task){.worker = &worker, .walk.provider = &zoho, .next = &tasks[1]};
	tasks[1] = (struct task){.worker = &worker, .walk.provider = &bench};
	assert_true(uuid_parse(STR(FIRST), &tasks[0].connection_id));
	assert_true(uuid_parse(STR(SECOND), &tasks[1].connection_id));
	worker = (struct worker){.tasks = tasks, .ntasks = 2};
	return 0;
}

static void assert_yields(const char *first, const char *second)
{
	const char *const wanted[] = {first, second};

	for (size_t i = 0; i < ARRAY_SIZE(wanted); i++) {
		if (wanted[i])
			assert_string_equal(tasks[i].yield, wanted[i]);
		else
			assert_null(tasks[i].yield);
	}
}

static void test_who_has_to_stop(void **state)
{
	static const struct {
		const char *paused;
		const char *first;
		const char *second;
	} cases[] = {
	    {"{}", NULL, NULL},
	    {"", NULL, NULL},
	    {"{zoho}", "the provider is paused", NULL},
	    {"{zoh,zohoo}", NULL, NULL},
	    {"{" SECOND "}", NULL, "the connection is paused"},
	    {"{" FIRST ",bench}", "the connection is paused", "the provider is paused"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		setup(state);
		orders_obey(&worker, str_of(cases[i].paused), false);
		assert_yields(cases[i].first, cases[i].second);
		assert_int_equal(drains + undrains, 0);
	}
}

static void test_a_row_that_was_not_understood_has_no_provider(void **state)
{
	(void)state;
	tasks[0].walk.provider = NULL;
	orders_obey(&worker, STR("{zoho,bench}"), false);
	assert_yields(NULL, "the provider is paused");
}

static void test_a_drained_worker_gives_all_back(void **state)
{
	(void)state;
	orders_obey(&worker, STR("{}"), true);
	assert_yields("the worker is drained", "the worker is drained");
	assert_true(worker.draining);
	tasks[1].yield = NULL; /* a claim that was under way */
	orders_obey(&worker, STR("{}"), true);
	assert_yields("the worker is drained", "the worker is drained");
	assert_int_equal(drains, 1);
	orders_obey(&worker, STR("{}"), false);
	orders_obey(&worker, STR("{}"), false);
	assert_int_equal(undrains, 1);
	assert_false(worker.draining);
}

int main(void)
{
	const struct CMUnitTest tests_of[] = {
	    cmocka_unit_test_setup(test_who_has_to_stop, setup),
	    cmocka_unit_test_setup(test_a_row_that_was_not_understood_has_no_provider, setup),
	    cmocka_unit_test_setup(test_a_drained_worker_gives_all_back, setup),
	};
	return cmocka_run_group_tests(tests_of, NULL, NULL);
}
