// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "walk_rig.h"

#define URL "https://api.p.example/base/r"
#define SECOND_US INT64_C(1000000)
#define PARAMS                                                                                               \
	"params = ( { name = \"f\"; value = \"${window.from}\"; }, { name = \"t\"; value = "                 \
	"\"${window.to}\"; },\n"                                                                             \
	"{ name = \"c\"; value = \"${cursor}\"; } );\n"                                                      \
	"verdicts = ( { status = [410]; class = \"cursor\"; }, { status = [413]; class = \"cap\"; } );\n"
#define PAGES(more) "paging = { strategy = \"cursor\"; next = \"n\"; " more " };\n"
#define BY_DAY PARAMS PAGES("") "window = { step_s = 86400; min_s = 21600; back_s = 172800; };\n"
#define SINCE(more) "incremental = { watermark = \"walk_start\"; " more " };\n"
#define EMPTY "{\"d\":[]}"

struct window_test {
	struct rig rig;
	struct registry *reg;
};

static void begin(struct window_test *t, const char *resource)
{
	t->reg = declare(resource);
	rig_init(&t->rig, find_in(t->reg, "p", "r"));
}

static void end(struct window_test *t)
{
	rig_done(&t->rig);
	registry_free(t->reg);
}

/* Which window is asked for, and with which cursor. */
static void asks(struct rig *rig, const char *from, const char *to, const char *cursor)
{
	AUTO(buf_done) struct buf want = BUF(1000);
	buf_add_text(&want, URL "?f=");
	url_encode(str_of(from), "", &want);
	buf_add_text(&want, "&t=");
	url_encode(str_of(to), "", &want);
	if (cursor)
		buf_printf(&want, "&c=%s", cursor);
	assert_string_equal(ask(rig), buf_text(&want));
}

static void goes_from_the_oldest_to_now(void **state)
{
	(void)state;
	struct window_test t;
	begin(&t, BY_DAY SINCE(""));
	asks(&t.rig, "2026-11-16T11:06:40Z", "2026-11-17T11:06:40Z", NULL);
	const struct page *page = answer(&t.rig, "{\"d\":[{\"id\":\"1\"}],\"n\":\"x\"}");
	assert_true(page->begins && page->whole && !page->last);
	assert_int_equal(page->total, -1);
	asks(&t.rig, "2026-11-16T11:06:40Z", "2026-11-17T11:06:40Z", "x");
	assert_false(answer(&t.rig, "{\"d\":[{\"id\":\"2\"}]}")->last);
	asks(&t.rig, "2026-11-17T11:06:40Z", "2026-11-18T11:06:40Z", NULL);
	page = answer(&t.rig, "{\"d\":[{\"id\":\"1\"}]}"); /* in two windows: no loop */
	assert_int_equal(page->verdict.class, VERDICT_OK);
	assert_true(page->last && !page->begins && page->whole && !page->slot_done);
	assert_int_equal(page->watermark_us, NOW_US);
	end(&t);
}

static void what_changed_begins_before_the_watermark(void **state)
{
	(void)state;
	struct window_test t;
	begin(&t, BY_DAY SINCE("overlap_s = 60; reread_s = 7200; holdback_s = 120;"));
	t.rig.walk.incremental = true;
	t.rig.walk.watermark_us = NOW_US - DAY_US + 345;
	asks(&t.rig, "2026-11-17T09:06:40Z", "2026-11-18T09:06:40Z", NULL);
	assert_false(answer(&t.rig, EMPTY)->whole);
	asks(&t.rig, "2026-11-18T09:06:40Z", "2026-11-18T11:04:40Z", NULL);
	const struct page *page = answer(&t.rig, EMPTY);
	assert_true(page->last);
	assert_int_equal(page->watermark_us, NOW_US - 120 * SECOND_US);
	end(&t);
}

/* A window ends with the last whole second, and the next walk's begins there: with what came in the rest of
 * it. */
static void the_running_second_is_the_next_walks(void **state)
{
	(void)state;
	struct window_test t;
	begin(&t, BY_DAY SINCE(""));
	t.rig.walk.incremental = true;
	t.rig.walk.watermark_us = NOW_US - 3600 * SECOND_US;
	t.rig.walk.now_us = NOW_US + 700000;
	asks(&t.rig, "2026-11-18T10:06:40Z", "2026-11-18T11:06:40Z", NULL);
	const struct page *page = answer(&t.rig, EMPTY);
	assert_true(page->last);
	int64_t watermark_us = page->watermark_us;
	end(&t);
	begin(&t, BY_DAY SINCE(""));
	t.rig.walk.incremental = true;
	t.rig.walk.watermark_us = watermark_us;
	t.rig.walk.now_us = NOW_US + 2 * SECOND_US;
	asks(&t.rig, "2026-11-18T11:06:40Z", "2026-11-18T11:06:42Z", NULL);
	assert_true(answer(&t.rig, EMPTY)->last);
	end(&t);
}

/* A walk right behind another: there is nothing to ask for, and yet it has to come to its end. */
static void an_empty_span_is_one_short_window(void **state)
{
	(void)state;
	struct window_test t;
	begin(&t, BY_DAY SINCE("holdback_s = 120;"));
	t.rig.walk.incremental = true;
	t.rig.walk.watermark_us = NOW_US - SECOND_US;
	asks(&t.rig, "2026-11-18T11:06:39Z", "2026-11-18T11:06:40Z", NULL);
	assert_true(answer(&t.rig, EMPTY)->last);
	end(&t);
}

static void a_caller_bounds_a_walk(void **state)
{
	(void)state;
	struct window_test t;
	begin(&t, BY_DAY SINCE("overlap_s = 60;"));
	t.rig.walk.from_us = NOW_US - 9 * DAY_US;
	t.rig.walk.to_us = NOW_US - 8 * DAY_US + 60 * SECOND_US;
	t.rig.walk.incremental = true;
	t.rig.walk.watermark_us = NOW_US - DAY_US;
	asks(&t.rig, "2026-11-09T11:06:40Z", "2026-11-10T11:06:40Z", NULL);
	assert_false(answer(&t.rig, EMPTY)->whole);
	asks(&t.rig, "2026-11-10T11:06:40Z", "2026-11-10T11:07:40Z", NULL);
	const struct page *page = answer(&t.rig, EMPTY);
	assert_true(page->last && !page->whole);
	assert_int_equal(page->watermark_us, 0);
	end(&t);
	/* An end alone: as far back as a full walk goes, from there. */
	begin(&t, BY_DAY SINCE(""));
	t.rig.walk.to_us = NOW_US - DAY_US;
	asks(&t.rig, "2026-11-15T11:06:40Z", "2026-11-16T11:06:40Z", NULL);
	end(&t);
}

static void bounds_without_windows(void **state)
{
	(void)state;
	struct window_test t;
	begin(&t,
	    "params = ( { name = \"s\"; value = \"${since}\"; }, { name = \"u\"; value = \"${until}\"; } );\n"
	    "incremental = { watermark = \"walk_start\"; format = \"epoch_s\"; };");
	t.rig.walk.from_us = NOW_US - 9 * DAY_US;
	t.rig.walk.to_us = NOW_US - 8 * DAY_US;
	assert_string_equal(ask(&t.rig), URL "?s=1794222400&u=1794308800");
	const struct page *page = answer(&t.rig, EMPTY);
	assert_true(page->last && !page->whole);
	assert_int_equal(page->watermark_us, 0);
	end(&t);
}

static void dates_are_whole_days(void **state)
{
	(void)state;
	struct window_test t;
	begin(&t, PARAMS PAGES("") "window = { step_s = 86400; back_s = 172800; };\n" SINCE(
	              "format = \"date\"; overlap_s = 60;"));
	t.rig.walk.incremental = true;
	t.rig.walk.watermark_us = NOW_US - DAY_US;
	assert_string_equal(ask(&t.rig), URL "?f=2026-11-17&t=2026-11-18");
	answer(&t.rig, EMPTY);
	assert_string_equal(ask(&t.rig), URL "?f=2026-11-18&t=2026-11-19");
	assert_true(answer(&t.rig, EMPTY)->last);
	end(&t);
}

static void dead_cursors_begin_the_window_anew(void **state)
{
	(void)state;
	struct window_test t;
	begin(&t, BY_DAY SINCE(""));
	struct rig *rig = &t.rig;
	answer(rig, "{\"d\":[{\"id\":\"1\"}],\"n\":\"x\"}");
	const struct page *page = answer_with(rig, 410, NULL, "{}");
	assert_int_equal(page->verdict.class, VERDICT_OK);
	assert_int_equal(page->records, 0);
	asks(rig, "2026-11-16T11:06:40Z", "2026-11-16T23:06:40Z", NULL);
	answer(rig, EMPTY);
	/* It has moved: the count begins anew. */
	for (int i = 0; i < 2; i++) {
		asks(rig, "2026-11-16T23:06:40Z", i ? "2026-11-17T05:06:40Z" : "2026-11-17T11:06:40Z", NULL);
		answer(rig, "{\"d\":[{\"id\":\"1\"}],\"n\":\"y\"}");
		assert_int_equal(answer_with(rig, 410, NULL, "{}")->verdict.class, VERDICT_OK);
	}
	/* No shorter than declared. */
	asks(rig, "2026-11-16T23:06:40Z", "2026-11-17T05:06:40Z", NULL);
	answer(rig, "{\"d\":[{\"id\":\"1\"}],\"n\":\"y\"}");
	page = answer_with(rig, 410, NULL, "{}");
	assert_int_equal(page->verdict.class, VERDICT_STALLED);
	end(&t);
}

/* Without a cursor in the request it is another's that is dead. */
static void a_first_page_refused_is_no_dead_cursor(void **state)
{
	(void)state;
	struct window_test t;
	begin(&t, BY_DAY SINCE(""));
	assert_int_equal(answer_with(&t.rig, 410, NULL, "{}")->verdict.class, VERDICT_CURSOR);
	end(&t);
}

static void a_cursor_past_its_life_is_not_asked_with(void **state)
{
	(void)state;
	struct window_test t;
	begin(&t,
	    PARAMS PAGES("cursor_life_s = 30;") "window = { step_s = 86400; back_s = 172800; };\n" SINCE(""));
	const struct page *page = answer(&t.rig, "{\"d\":[{\"id\":\"1\"}],\"n\":\"x\"}");
	assert_true(page->fleeting);
	t.rig.walk.now_us += 28 * SECOND_US;
	asks(&t.rig, "2026-11-16T11:06:40Z", "2026-11-17T11:06:40Z", "x");
	t.rig.walk.now_us += 2 * SECOND_US;
	asks(&t.rig, "2026-11-16T11:06:40Z", "2026-11-17T11:06:40Z", NULL);
	assert_false(answer(&t.rig, EMPTY)->fleeting);
	asks(&t.rig, "2026-11-17T11:06:40Z", "2026-11-18T11:06:40Z", NULL);
	end(&t);
}

static void a_cap_halves_the_window(void **state)
{
	(void)state;
	struct window_test t;
	begin(&t, PARAMS PAGES(
	              "cap = 2; cap_action = \"shrink_window\";") "window = { step_s = 86400; min_s = 43200; "
	                                                          "back_s = 172800; };\n" SINCE(""));
	struct rig *rig = &t.rig;
	answer(rig, "{\"d\":[{\"id\":\"1\"},{\"id\":\"2\"}],\"n\":\"x\"}");
	asks(rig, "2026-11-16T11:06:40Z", "2026-11-16T23:06:40Z", NULL);
	answer(rig, "{\"d\":[{\"id\":\"1\"}]}");
	asks(rig, "2026-11-16T23:06:40Z", "2026-11-17T11:06:40Z", NULL);
	/* By the provider's word, and there is no smaller one. */
	const struct page *page = answer_with(rig, 413, NULL, "{}");
	assert_int_equal(page->verdict.class, VERDICT_CAP);
	page = answer(rig, "{\"d\":[{\"id\":\"3\"},{\"id\":\"4\"}],\"n\":\"x\"}");
	assert_int_equal(page->verdict.class, VERDICT_CAP);
	end(&t);
}

/* A list that ends at the very cap was cut. */
static void an_end_at_the_cap_halves_too(void **state)
{
	(void)state;
	struct window_test t;
	begin(&t, PARAMS PAGES(
	              "cap = 2; cap_action = \"shrink_window\";") "window = { step_s = 86400; min_s = 43200; "
	                                                          "back_s = 172800; };\n" SINCE(""));
	assert_false(answer(&t.rig, "{\"d\":[{\"id\":\"1\"},{\"id\":\"2\"}]}")->last);
	asks(&t.rig, "2026-11-16T11:06:40Z", "2026-11-16T23:06:40Z", NULL);
	answer(&t.rig, "{\"d\":[{\"id\":\"1\"},{\"id\":\"2\"}]}");
	asks(&t.rig, "2026-11-16T23:06:40Z", "2026-11-17T11:06:40Z", NULL);
	end(&t);
}

static void halved_windows_grow_again(void **state)
{
	(void)state;
	struct window_test t;
	begin(&t, PARAMS PAGES("") "window = { step_s = 86400; min_s = 1; back_s = 8640000; };\n" SINCE(""));
	answer(&t.rig, "{\"d\":[{\"id\":\"1\"}],\"n\":\"x\"}");
	answer_with(&t.rig, 410, NULL, "{}");
	asks(&t.rig, "2026-08-10T11:06:40Z", "2026-08-10T23:06:40Z", NULL);
	for (int i = 0; i < 8; i++)
		answer(&t.rig, EMPTY);
	asks(&t.rig, "2026-08-14T11:06:40Z", "2026-08-15T11:06:40Z", NULL);
	end(&t);
}

#define EVENTS                                                                                               \
	"resources = ( { name = \"r\"; table = \"t\"; path = \"/r\"; records = \"d\"; identity = "           \
	"\"position\";\n"                                                                                    \
	"columns = ( { name = \"at\"; path = \"at\"; type = \"timestamp\"; } );\n" PARAMS PAGES(             \
	    "") "window = { step_s = 86400; min_s = 21600; back_s = 86400; replace = true; "                 \
	        "};\n" SINCE("reread_s = 3600;") " } );"

static struct registry *declare_events(void)
{
	char file[] = "/tmp/declared-XXXXXX";
	FILE *f = fdopen(mkstemp(file), "w");
	struct registry *reg = NULL;
	struct err err = {0};
	fputs(
	    "name = \"p\"; base_url = \"https://api.p.example/base\"; auth = { kind = \"none\"; };\n" EVENTS,
	    f);
	fclose(f);
	if (registry_load_file(file, &reg, &err))
		fail_msg("%s", err.text);
	remove(file);
	return reg;
}

static enum rc gather_places(void *user, const struct record *rec)
{
	struct rig *rig = user;
	(void)rec;
	buf_printf(&rig->ids, "%s ", buf_text(&rig->page.id));
	return RC_OK;
}

static const struct page *answer_events(struct rig *rig, const char *text)
{
	buf_clear(&rig->ids);
	return answer_to(rig, gather_places, 200, NULL, text);
}

/* Slots lie on a grid, so that a later walk replaces what this one has read. */
static void a_slot_is_replaced_whole(void **state)
{
	(void)state;
	struct window_test t = {.reg = declare_events()};
	struct rig *rig = &t.rig;
	rig_init(rig, find_in(t.reg, "p", "r"));
	asks(rig, "2026-11-17T00:00:00Z", "2026-11-18T00:00:00Z", NULL);
	const struct page *page = answer_events(rig, "{\"d\":[{\"a\":1},{\"a\":1}],\"n\":\"x\"}");
	assert_string_equal(
	    buf_text(&rig->ids), "1794873600/1795000000000000/0/0 1794873600/1795000000000000/0/1 ");
	assert_int_equal(page->slot_from_us, 1794873600 * SECOND_US);
	assert_int_equal(page->slot_to_us, 1794873600 * SECOND_US + DAY_US);
	assert_int_equal(page->attempt, NOW_US);
	assert_false(page->slot_done);
	page = answer_events(rig, "{\"d\":[{\"a\":1},{\"a\":1}]}"); /* alike, and no loop */
	assert_int_equal(page->verdict.class, VERDICT_OK);
	assert_string_equal(
	    buf_text(&rig->ids), "1794873600/1795000000000000/1/0 1794873600/1795000000000000/1/1 ");
	assert_true(page->slot_done && !page->last);
	asks(rig, "2026-11-18T00:00:00Z", "2026-11-18T11:06:40Z", NULL);
	page = answer_events(rig, EMPTY);
	assert_true(page->slot_done && page->last);
	assert_int_equal(page->attempt, NOW_US + SECOND_US);
	end(&t);
}

static void a_dead_cursor_begins_the_slot_anew(void **state)
{
	(void)state;
	struct window_test t = {.reg = declare_events()};
	struct rig *rig = &t.rig;
	rig_init(rig, find_in(t.reg, "p", "r"));
	answer_events(rig, "{\"d\":[{\"a\":1}],\"n\":\"x\"}");
	const struct page *page = answer_with(rig, 410, NULL, "{}");
	assert_false(page->slot_done);
	asks(rig, "2026-11-17T00:00:00Z", "2026-11-17T12:00:00Z", NULL);
	page = answer_events(rig, "{\"d\":[{\"a\":1}]}");
	assert_string_equal(buf_text(&rig->ids), "1794873600/1795000001000000/1/0 ");
	assert_false(page->slot_done); /* the other half is missing */
	asks(rig, "2026-11-17T12:00:00Z", "2026-11-18T00:00:00Z", NULL);
	page = answer_events(rig, "{\"d\":[{\"a\":2}]}");
	assert_string_equal(buf_text(&rig->ids), "1794873600/1795000001000000/2/0 ");
	assert_true(page->slot_done);
	end(&t);
}

static void bounds_do_not_cut_slots(void **state)
{
	(void)state;
	struct window_test t = {.reg = declare_events()};
	rig_init(&t.rig, find_in(t.reg, "p", "r"));
	t.rig.walk.from_us = NOW_US - 5 * DAY_US;
	t.rig.walk.to_us = NOW_US - 5 * DAY_US + 60 * SECOND_US;
	asks(&t.rig, "2026-11-13T00:00:00Z", "2026-11-14T00:00:00Z", NULL);
	const struct page *page = answer_events(&t.rig, EMPTY);
	assert_true(page->slot_done && page->last);
	end(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(goes_from_the_oldest_to_now),
	    cmocka_unit_test(what_changed_begins_before_the_watermark),
	    cmocka_unit_test(the_running_second_is_the_next_walks),
	    cmocka_unit_test(an_empty_span_is_one_short_window),
	    cmocka_unit_test(a_caller_bounds_a_walk),
	    cmocka_unit_test(bounds_without_windows),
	    cmocka_unit_test(dates_are_whole_days),
	    cmocka_unit_test(dead_cursors_begin_the_window_anew),
	    cmocka_unit_test(a_first_page_refused_is_no_dead_cursor),
	    cmocka_unit_test(a_cursor_past_its_life_is_not_asked_with),
	    cmocka_unit_test(a_cap_halves_the_window),
	    cmocka_unit_test(an_end_at_the_cap_halves_too),
	    cmocka_unit_test(halved_windows_grow_again),
	    cmocka_unit_test(a_slot_is_replaced_whole),
	    cmocka_unit_test(a_dead_cursor_begins_the_slot_anew),
	    cmocka_unit_test(bounds_do_not_cut_slots),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
