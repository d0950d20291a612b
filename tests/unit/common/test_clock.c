// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"

#include <setjmp.h>
#include <cmocka.h>

#include "base/clock.h"

#define DAY_US (INT64_C(86400) * 1000000)

static void formats(void **state)
{
	(void)state;
	static const struct {
		int64_t us;
		const char *text;
	} cases[] = {
	    {0, "1970-01-01T00:00:00.000000Z"},
	    {1, "1970-01-01T00:00:00.000001Z"},
	    {-1, "1969-12-31T23:59:59.999999Z"},
	    {-1000000, "1969-12-31T23:59:59.000000Z"},
	    {INT64_C(951782400123456), "2000-02-29T00:00:00.123456Z"},
	    {INT64_C(1795178096000000), "2026-11-20T12:34:56.000000Z"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		char text[CLOCK_TEXT_LEN + 1];
		int64_t back;

		clock_format(cases[i].us, text);
		assert_string_equal(text, cases[i].text);
		assert_true(clock_parse(str_of(text), false, &back));
		assert_int_equal(back, cases[i].us);
	}
}

static void parses_what_providers_send(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		bool naive;
		int64_t us;
	} cases[] = {
	    {"1970-01-02T00:00:00Z", false, DAY_US},
	    {"1970-01-02t00:00:00z", false, DAY_US},
	    {"1970-01-02 00:00:00Z", false, DAY_US},
	    {"1970-01-02T00:00Z", false, DAY_US},
	    {"1970-01-02T05:30:00+05:30", false, DAY_US},
	    {"1970-01-02T05:30:00+0530", false, DAY_US},
	    {"1970-01-01T16:00:00-08:00", false, DAY_US},
	    {"1970-01-02T00:00:00.5Z", false, DAY_US + 500000},
	    {"1970-01-02T00:00:00.123456789Z", false, DAY_US + 123456},
	    {"1970-01-02T00:00:00", true, DAY_US},
	    {"1970-01-02", true, DAY_US},
	    {"1970-01-02Z", false, DAY_US},
	    {"1972-02-29T00:00:00Z", false, 789 * DAY_US},
	    {"2000-02-29T00:00:00Z", false, 11016 * DAY_US},
	    {"1969-12-31T00:00:00Z", false, -DAY_US},
	    {"0001-01-01T00:00:00Z", false, -719162 * DAY_US},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		int64_t us = 0;

		if (!clock_parse(str_of(cases[i].text), cases[i].naive, &us))
			fail_msg("%s", cases[i].text);
		assert_int_equal(us, cases[i].us);
	}
}

static void refuses_what_is_no_time(void **state)
{
	(void)state;
	static const char *const bad[] = {
	    "",
	    "yesterday",
	    "1970-1-02T00:00:00Z",
	    "1970-13-02T00:00:00Z",
	    "1970-00-02T00:00:00Z",
	    "1970-01-00T00:00:00Z",
	    "1970-01-32T00:00:00Z",
	    "1970-02-29T00:00:00Z",
	    "1900-02-29T00:00:00Z",
	    "1970-01-02T24:00:00Z",
	    "1970-01-02T00:60:00Z",
	    "1970-01-02T00:00:61Z",
	    "1970-01-02T00:00:00.Z",
	    "1970-01-02T00:00:00+5:30",
	    "1970-01-02T00:00:00+24:00",
	    "1970-01-02T00:00:00+05:30x",
	    "1970-01-02T00:00:00Zx",
	    "1970-01-02T",
	    "1970-01-02T00",
	    "19700102T000000Z",
	};
	int64_t us = 5;

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		if (clock_parse(str_of(bad[i]), true, &us))
			fail_msg("accepted %s", bad[i]);
	}
	assert_false(clock_parse(STR("1970-01-02T00:00:00"), false, &us));
	assert_false(clock_parse(STR("1970-01-02"), false, &us));
	assert_int_equal(us, 5);
}

/* Walks through four centuries day by day with the calendar's own rules. */
static void days_follow_the_calendar(void **state)
{
	(void)state;
	static const int length[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	int64_t days = clock_days_from_civil(1800, 1, 1);

	assert_int_equal(clock_days_from_civil(1970, 1, 1), 0);
	for (int year = 1800; year < 2200; year++) {
		bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

		for (int month = 1; month <= 12; month++) {
			for (int day = 1; day <= length[month - 1] + (month == 2 && leap); day++)
				assert_int_equal(clock_days_from_civil(year, month, day), days++);
		}
	}
}

static void monotonic_time_does_not_go_back(void **state)
{
	(void)state;
	int64_t last = clock_mono_us();

	for (int i = 0; i < 1000; i++) {
		int64_t now = clock_mono_us();

		assert_true(now >= last);
		last = now;
	}
	assert_true(clock_mono_ms() >= last / 1000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(formats),
	    cmocka_unit_test(parses_what_providers_send),
	    cmocka_unit_test(refuses_what_is_no_time),
	    cmocka_unit_test(days_follow_the_calendar),
	    cmocka_unit_test(monotonic_time_does_not_go_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
