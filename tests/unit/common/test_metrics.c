// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"

#include <setjmp.h>
#include <cmocka.h>
#include <math.h>

#include "base/metrics.h"

static const struct metric_family_def pages = {
    .name = "pages_total",
    .help = "Pages\\lines\nhere.",
    .kind = METRIC_COUNTER,
    .labels = {"provider", "resource"},
};
static const struct metric_family_def slots = {.name = "slots", .help = "Free slots.", .kind = METRIC_GAUGE};
static const double bounds[] = {0.5, 2};
static const struct metric_family_def waits = {
    .name = "wait_seconds",
    .help = "Waits.",
    .kind = METRIC_HISTOGRAM,
    .buckets = bounds,
    .nbuckets = ARRAY_SIZE(bounds),
};
static const struct metric_family_def calls = {
    .name = "call_seconds", .help = "Calls.", .kind = METRIC_HISTOGRAM, .labels = {"provider"}};

static int teardown(void **state)
{
	(void)state;
	metrics_done();
	return 0;
}

/* Renders and requires that each line of `lines` is there. */
static void assert_rendered(const char *const *lines, size_t n)
{
	struct buf out = BUF(1 << 20);

	buf_add_char(&out, '\n');
	metrics_render(&out);
	assert_true(buf_ok(&out));
	for (size_t i = 0; i < n; i++) {
		char line[300];

		snprintf(line, sizeof line, "\n%s\n", lines[i]);
		if (!strstr(buf_text(&out), line))
			fail_msg("no line %s in:\n%s", lines[i], buf_text(&out));
	}
	buf_done(&out);
}

static void counters_and_gauges(void **state)
{
	(void)state;
	static const char *const lines[] = {
	    "# HELP syncfleet_pages_total Pages\\\\lines\\nhere.\n# TYPE syncfleet_pages_total counter",
	    "syncfleet_pages_total{provider=\"zoho\",resource=\"a\\\"b\\\\c\\nd?\"} 3",
	    "syncfleet_pages_total{provider=\"zoho\",resource=\"leads\"} 0.25",
	    "# HELP syncfleet_slots Free slots.\n# TYPE syncfleet_slots gauge\nsyncfleet_slots -7",
	};
	struct metric_family *family = metrics_family(&pages);
	struct metric *odd = metric_series(family, (const char *[]){"zoho", "a\"b\\c\nd\xff"});
	struct metric *leads = metric_series(family, (const char *[]){"zoho", "leads"});

	assert_ptr_equal(family, metrics_family(&pages));
	assert_ptr_equal(leads, metric_series(family, (const char *[]){"zoho", "leads"}));
	assert_ptr_not_equal(odd, leads);
	metric_add(odd, 1);
	metric_add(odd, 2);
	metric_add(leads, 0.25);
	metric_set(metric_plain(&slots), -7);
	assert_true(metric_value(odd) == 3);
	assert_rendered(lines, ARRAY_SIZE(lines));
}

static void histograms_are_cumulative(void **state)
{
	(void)state;
	static const char *const lines[] = {
	    "# TYPE syncfleet_wait_seconds histogram",
	    "syncfleet_wait_seconds_bucket{le=\"0.5\"} 2",
	    "syncfleet_wait_seconds_bucket{le=\"2\"} 3",
	    "syncfleet_wait_seconds_bucket{le=\"+Inf\"} 4",
	    "syncfleet_wait_seconds_sum 5.25",
	    "syncfleet_wait_seconds_count 4",
	    "syncfleet_call_seconds_bucket{provider=\"zoho\",le=\"0.001\"} 0",
	    "syncfleet_call_seconds_bucket{provider=\"zoho\",le=\"60\"} 1",
	    "syncfleet_call_seconds_count{provider=\"zoho\"} 1",
	};
	static const double observed[] = {0.25, 0.5, 1, 3.5};

	for (size_t i = 0; i < ARRAY_SIZE(observed); i++)
		metric_observe(metric_plain(&waits), observed[i]);
	metric_observe(metric_series(metrics_family(&calls), (const char *[]){"zoho"}), 42);
	assert_rendered(lines, ARRAY_SIZE(lines));
}

static void series_have_a_ceiling(void **state)
{
	(void)state;
	static const char *const lines[] = {
	    "syncfleet_pages_total{provider=\"other\",resource=\"other\"} 10"};
	struct metric_family *family = metrics_family(&pages);

	for (int i = 0; i < METRIC_SERIES_MAX + 10; i++) {
		char name[20];

		snprintf(name, sizeof name, "r%d", i);
		metric_add(metric_series(family, (const char *[]){"p", name}), 1);
	}
	assert_rendered(lines, ARRAY_SIZE(lines));
}

static void special_numbers(void **state)
{
	(void)state;
	static const char *const nan_line[] = {"syncfleet_slots NaN"};
	static const char *const inf_line[] = {"syncfleet_slots -Inf"};
	static const char *const big_line[] = {"syncfleet_slots 1234567890123"};

	metric_set(metric_plain(&slots), (double)NAN);
	assert_rendered(nan_line, 1);
	metric_set(metric_plain(&slots), -(double)INFINITY);
	assert_rendered(inf_line, 1);
	metric_set(metric_plain(&slots), 1234567890123.0);
	assert_rendered(big_line, 1);
}

static double process_value(const char *text, const char *name)
{
	char start[80];

	snprintf(start, sizeof start, "\n%s ", name);
	const char *at = strstr(text, start);
	if (!at) {
		fail_msg("%s is missing", name);
		return 0;
	}
	return strtod(at + strlen(start), NULL);
}

static void the_process_and_the_build_are_there(void **state)
{
	(void)state;
	struct buf out = BUF(1 << 20);

	metrics_init("sync-test");
	metrics_render(&out);
	const char *text = buf_text(&out);
	assert_non_null(strstr(text, "syncfleet_build_info{program=\"sync-test\",version=\""));
	assert_true(process_value(text, "process_resident_memory_bytes") > 1e5);
	assert_true(process_value(text, "process_virtual_memory_bytes") >=
	            process_value(text, "process_resident_memory_bytes"));
	assert_true(process_value(text, "process_open_fds") >= 3);
	assert_true(process_value(text, "process_max_fds") >= process_value(text, "process_open_fds"));
	assert_true(process_value(text, "process_threads") >= 1);
	assert_true(process_value(text, "process_cpu_seconds_total") >= 0);
	double age = (double)time(NULL) - process_value(text, "process_start_time_seconds");
	assert_true(age > -2 && age < 86400);
	buf_done(&out);
}

#define TEST(name) cmocka_unit_test_teardown(name, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(counters_and_gauges),
	    TEST(histograms_are_cumulative),
	    TEST(series_have_a_ceiling),
	    TEST(special_numbers),
	    TEST(the_process_and_the_build_are_there),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
