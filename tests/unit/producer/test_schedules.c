// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "schedules.h"

#include "base/metrics.h"

#include "../declarations.h"
#include "../fake_pg.h"

#define TICKS 5 /* of the clock, between two looks */

static struct schedules *schedules;
static struct pg pg = {.up = true};
static const char *due = "0";
static enum rc trouble;
static struct buf names;

static void answer(const struct fake_op *op, struct pg_result *row, struct err *err)
{
	static const char *const tick[] = {
	    "019aa0f2-7c1e-7a44-9d5b-0f6a4c1b2e30", "2027-01-01T00:00:00.000000Z", "skipped", "why", NULL};

	if (strcmp(op->statement->name, "clock_schedules") == 0) {
		buf_add_str(&names, fake_pg_arg(&op->args, 0));
		buf_add_str(&names, fake_pg_arg(&op->args, 1));
		memcpy(row->column, tick, sizeof tick);
		err->rc = trouble;
		return;
	}
	assert_string_equal(op->statement->name, "clock_schedules_due");
	row->column[0] = due;
	row->column[1] = "90500";
}

static int setup(void **state)
{
	(void)state;
	metrics_init("test");
	memset(&fake, 0, sizeof fake);
	fake.answer = answer;
	trouble = RC_OK;
	due = "0";
	names = BUF(1u << 16);
	schedules = schedules_new(&pg, declarations_shipped);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	schedules_free(schedules);
	schedules_free(NULL);
	fake_pg_drop();
	buf_done(&names);
	metrics_done();
	return 0;
}

/* Looks during so many ticks of the clock. */
static size_t looks(int ticks)
{
	size_t before = fake.nsyncs;

	for (int i = 0; i < ticks; i++) {
		schedules_tick(schedules);
		fake_pg_deliver();
	}
	return (fake.nsyncs - before) / 2;
}

static void looks_now_and_then(void **state)
{
	(void)state;
	assert_int_equal(looks(1), 1);
	assert_int_equal(looks(TICKS - 1), 0);
	assert_int_equal(looks(3 * TICKS), 3);
}

static void looks_at_every_tick_while_more_is_due(void **state)
{
	(void)state;
	due = "7";
	assert_int_equal(looks(4), 4);
	due = "0";
	assert_int_equal(looks(TICKS), 1);
}

static void names_what_is_declared(void **state)
{
	(void)state;
	looks(1);
	assert_non_null(memmem(names.p, names.n, "practicepanther", strlen("practicepanther")));
	assert_non_null(memmem(names.p, names.n, "matters", strlen("matters")));
}

static bool shown(const char *line)
{
	struct buf out = BUF(1u << 20);
	bool found;

	metrics_render(&out);
	found = strstr(buf_text(&out), line) != NULL;
	buf_done(&out);
	return found;
}

static void counts_ticks_and_what_waits(void **state)
{
	(void)state;
	due = "3";
	looks(2);
	assert_true(shown("syncfleet_schedule_ticks_total{outcome=\"skipped\"} 2\n"));
	assert_true(shown("syncfleet_schedules_due 3\n"));
	assert_true(shown("syncfleet_schedules_lag_seconds 90.5\n"));
}

static void trouble_counts_nothing_and_passes(void **state)
{
	(void)state;
	trouble = RC_IO;
	looks(1);
	assert_false(shown("schedule_ticks_total{"));
	trouble = RC_OK;
	assert_int_equal(looks(TICKS), 1);
	assert_true(shown("syncfleet_schedule_ticks_total{outcome=\"skipped\"} 1\n"));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
	    TEST(looks_now_and_then),
	    TEST(looks_at_every_tick_while_more_is_due),
	    TEST(names_what_is_declared),
	    TEST(counts_ticks_and_what_waits),
	    TEST(trouble_counts_nothing_and_passes),
	};
	return cmocka_run_group_tests(tests, declarations_load, declarations_unload);
}
