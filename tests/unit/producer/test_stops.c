// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "stops.h"

#include "base/log.h"
#include "base/metrics.h"

#include "../declarations.h"
#include "../fake_pg.h"

static const struct settings settings = {
    .cap_percent = 50, .cap_tasks = 20, .cap_window_ms = 300000, .cap_probe_ms = 60000};
static const char *stopped[3]; /* provider, kind, reason; or none */
static struct pg session = {.up = true};
static struct stops *stops;

static void answer(const struct fake_op *op, struct pg_result *row, struct err *err)
{
	(void)err;
	assert_string_equal(op->statement->name, "clock_stops");
	row->rows = stopped[0] ? 1 : 0;
	memcpy(row->column, stopped, sizeof stopped);
}

static int setup(void **state)
{
	(void)state;
	log_threshold = LOG_LEVEL_ERROR + 1;
	metrics_init("test");
	memset(&fake, 0, sizeof fake);
	memset(stopped, 0, sizeof stopped);
	fake.answer = answer;
	stops = stops_new(&settings, declarations_shipped, &session);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	stops_free(stops);
	metrics_done();
	return 0;
}

static bool shows(const char *sample)
{
	struct buf out = BUF(1u << 16);

	metrics_render(&out);
	bool found = strstr(buf_text(&out), sample) != NULL;
	buf_done(&out);
	return found;
}

static void judge(const char *provider, const char *kind)
{
	stopped[0] = provider;
	stopped[1] = kind;
	stopped[2] = "why";
	stops_judge(stops);
	fake_pg_deliver();
}

static void test_metrics_follow_what_is_stopped(void **state)
{
	(void)state;
	assert_true(shows("syncfleet_provider_stopped{provider=\"zoho\"} 0\n"));
	judge("zoho", "paused");
	assert_true(shows("syncfleet_provider_stopped{provider=\"zoho\"} 1\n"));
	assert_true(shows("syncfleet_provider_stopped{provider=\"bench\"} 0\n"));
	judge("zoho", "capped");
	assert_true(shows("syncfleet_provider_stopped{provider=\"zoho\"} 2\n"));
	judge("bench", "paused");
	assert_true(shows("syncfleet_provider_stopped{provider=\"zoho\"} 0\n"));
	assert_true(shows("syncfleet_provider_stopped{provider=\"bench\"} 1\n"));
	judge(NULL, NULL);
	assert_true(shows("syncfleet_provider_stopped{provider=\"bench\"} 0\n"));
}

static void test_what_is_not_declared_here_is_no_metric(void **state)
{
	(void)state;
	judge("elsewhere", "paused");
	assert_false(shows("elsewhere"));
}

static void test_a_lost_answer_changes_nothing(void **state)
{
	(void)state;
	judge("zoho", "paused");
	err_set(&fake.lost, RC_LOST, "gone");
	judge(NULL, NULL);
	assert_true(shows("syncfleet_provider_stopped{provider=\"zoho\"} 1\n"));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
	    TEST(test_metrics_follow_what_is_stopped),
	    TEST(test_what_is_not_declared_here_is_no_metric),
	    TEST(test_a_lost_answer_changes_nothing),
	};
	return cmocka_run_group_tests(tests, declarations_load, declarations_unload);
}
