// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "walk_rig.h"

#define PP_URL "https://app.practicepanther.com/api/v2/contacts?$top=100&$skip="

static void incremental_walks_ask_for_what_changed(void **state)
{
	(void)state;
	struct rig rig;
	rig_init(&rig, declarations_resource("practicepanther", "contacts"));
	rig.walk.incremental = true;
	assert_string_equal(ask(&rig), PP_URL "0&$orderby=id");
	rig.walk.watermark_us = NOW_US - DAY_US;
	assert_string_equal(ask(&rig), PP_URL "0&$orderby=id&updated_since=2026-11-17T10%3A56%3A40Z");
	answer(&rig, "[{\"id\":\"a\"}]");
	rig.walk.watermark_us = 5; /* the walk goes on with what it began with */
	assert_string_equal(ask(&rig), PP_URL "1&$orderby=id&updated_since=2026-11-17T10%3A56%3A40Z");
	assert_int_equal(answer(&rig, "[]")->watermark_us, NOW_US);
	rig_done(&rig);
}

static void a_clock_that_is_behind_decides(void **state)
{
	(void)state;
	static const struct {
		const char *date;
		int64_t started_us;
	} cases[] = {
	    {"Wed, 18 Nov 2026 11:06:40 GMT", NOW_US - 5000}, /* less the answer's 5 ms */
	    {"Wed, 18 Nov 2026 09:06:40 GMT", NOW_US - 2 * DAY_US / 24 - 5000},
	    {"Wed, 18 Nov 2026 13:06:40 GMT", NOW_US},
	    {"Tue, 17 Nov 2026 11:06:40 GMT", NOW_US}, /* a day: no clock at all */
	    {"yesterday", NOW_US},
	};
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct rig rig;
		struct http_header date = {STR("Date"), str_of(cases[i].date)};
		struct http_header later = {STR("Date"), STR("Wed, 18 Nov 2026 01:00:00 GMT")};
		rig_init(&rig, declarations_resource("practicepanther", "contacts"));
		assert_false(answer_with(&rig, 200, &date, "[{\"id\":\"a\"}]")->last);
		assert_int_equal(answer_with(&rig, 200, &later, "[]")->watermark_us, cases[i].started_us);
		rig_done(&rig);
	}
}

static void a_full_walk_ignores_the_watermark(void **state)
{
	(void)state;
	struct rig rig;
	rig_init(&rig, declarations_resource("practicepanther", "contacts"));
	rig.walk.watermark_us = NOW_US - DAY_US;
	assert_string_equal(ask(&rig), PP_URL "0&$orderby=id");
	rig_done(&rig);
}

static void a_walk_without_records_keeps_the_watermark(void **state)
{
	(void)state;
	struct rig rig;
	rig_init(&rig, declarations_resource("acme", "items"));
	const struct page *page = answer(&rig, "{\"meta\":{\"total\":0},\"result\":{\"items\":[]}}");
	assert_true(page->last);
	assert_int_equal(page->watermark_us, 0);
	rig_done(&rig);
}

static void late_data_is_held_back(void **state)
{
	(void)state;
	struct rig rig;
	struct registry *reg = declare("paging = { strategy = \"cursor\"; next = \"n\"; };\n"
	                               "params = ( { name = \"since\"; value = \"${since}\"; }, { name = "
	                               "\"to\"; value = \"${until}\"; },"
	                               " { name = \"c\"; value = \"${cursor}\"; when = \"next\"; }, { name = "
	                               "\"all\"; value = \"1\"; when = \"full\"; });\n"
	                               "incremental = { watermark = \"max_field\"; field = \"at\"; "
	                               "holdback_s = 60; format = \"epoch_s\"; };");
	rig_init(&rig, find_in(reg, "p", "r"));
	assert_string_equal(ask(&rig), "https://api.p.example/base/r?to=1794999940&all=1");
	answer(&rig, "{\"d\":[{\"id\":1,\"at\":\"2026-11-18T11:06:39Z\"}],\"n\":\"x\"}");
	assert_string_equal(ask(&rig), "https://api.p.example/base/r?to=1794999940&c=x&all=1");
	assert_int_equal(answer(&rig, "{\"d\":[]}")->watermark_us, NOW_US - 60000000);
	rig_done(&rig);
	registry_free(reg);
}

static void the_servers_own_mark_is_the_first_pages(void **state)
{
	(void)state;
	struct rig rig;
	struct registry *reg = declare(
	    "paging = { strategy = \"cursor\"; next = \"n\"; };\n"
	    "params = ( { name = \"since\"; value = \"${since}\"; }, { name = \"c\"; value = \"${cursor}\"; "
	    "} );\n"
	    "incremental = { watermark = \"envelope\"; path = \"now\"; retention_s = 86400; };");
	rig_init(&rig, find_in(reg, "p", "r"));
	answer(&rig, "{\"now\":\"2026-11-18T11:00:00Z\",\"d\":[],\"n\":\"x\"}");
	const struct page *page = answer(&rig, "{\"d\":[],\"now\":\"2026-11-18T11:05:00Z\"}");
	assert_int_equal(page->watermark_us, NOW_US - 400000000);
	/* Too old a watermark means a full walk. */
	rig.walk.cursor = (struct str){0};
	rig.walk.incremental = true;
	rig.walk.watermark_us = NOW_US - 2 * DAY_US;
	assert_string_equal(ask(&rig), "https://api.p.example/base/r");
	rig_done(&rig);
	registry_free(reg);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(incremental_walks_ask_for_what_changed),
	    cmocka_unit_test(a_clock_that_is_behind_decides),
	    cmocka_unit_test(a_full_walk_ignores_the_watermark),
	    cmocka_unit_test(a_walk_without_records_keeps_the_watermark),
	    cmocka_unit_test(late_data_is_held_back),
	    cmocka_unit_test(the_servers_own_mark_is_the_first_pages),
	};

	return cmocka_run_group_tests(tests, declarations_load, declarations_unload);
}
