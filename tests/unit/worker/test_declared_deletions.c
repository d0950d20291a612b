// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "walk_rig.h"

#define MINUTE_US INT64_C(60000000)
#define LIST_URL "https://api.p.example/base/r?p="
#define FEED_URL "https://api.p.example/base/gone?p="
/* NOW_US without the overlap of a minute. */
#define SINCE "&since=2026-11-18T11%3A05%3A40Z"

#define LIST                                                                                                 \
	"params = ( { name = \"p\"; value = \"${page.number}\"; }, { name = \"since\"; value = "             \
	"\"${since}\"; } );\n"                                                                               \
	"paging = { strategy = \"page\"; stop = \"more_flag\"; more = \"m\"; total = \"t\"; };\n"            \
	"incremental = { watermark = \"walk_start\"; overlap_s = 60; };\n"
#define FEED(more)                                                                                           \
	LIST "deletion = { strategy = \"feed\"; path = \"/gone\"; records = \"gone\"; id = [\"k\"]; " more   \
	     "\n"                                                                                            \
	     "params = ( { name = \"p\"; value = \"${page.number}\"; }, { name = \"since\"; value = "        \
	     "\"${since}\"; } );\n"                                                                          \
	     "paging = { strategy = \"page\"; stop = \"more_flag\"; more = \"m\"; }; };"

struct deletions {
	struct rig rig;
	struct registry *reg;
};

static void begin(struct deletions *d, const char *resource, bool incremental, int64_t watermark_us)
{
	d->reg = declare(resource);
	rig_init(&d->rig, find_in(d->reg, "p", "r"));
	d->rig.walk.incremental = incremental;
	d->rig.walk.watermark_us = watermark_us;
}

static void end(struct deletions *d)
{
	rig_done(&d->rig);
	registry_free(d->reg);
}

/* Appends "id@time " instead of the rig's ids. */
static enum rc gather_deletion(void *user, const struct record *rec)
{
	struct rig *rig = user;
	const struct slice *fields = rec->fields;
	assert_int_equal(rec->raw.p[0], '{');
	assert_int_equal(rec->kind, RECORD_FED);
	buf_printf(&rig->ids, "%.*s@%.*s ", (int)fields[0].n, fields[0].p, (int)fields[1].n,
	    fields[1].kind == SLICE_ABSENT ? "" : fields[1].p);
	return RC_OK;
}

static const struct page *answer_feed(struct rig *rig, const char *text)
{
	return answer_to(rig, gather_deletion, 200, NULL, text);
}

static void the_feed_follows_the_records(void **state)
{
	(void)state;
	struct deletions d;
	struct rig *rig = &d.rig;
	begin(&d, FEED("time = \"at\";"), true, NOW_US);
	rig->walk.now_us = NOW_US + MINUTE_US;
	assert_string_equal(ask(rig), LIST_URL "1" SINCE);
	assert_false(answer(rig, "{\"d\":[{\"id\":1}],\"m\":true,\"t\":2}")->last);
	assert_string_equal(ask(rig), LIST_URL "2" SINCE);
	const struct page *page = answer(rig, "{\"d\":[{\"id\":2}],\"m\":false,\"t\":2}");
	assert_false(page->last);
	assert_int_equal(page->total, 2);
	assert_string_equal(ask(rig), FEED_URL "1" SINCE);
	page = answer_feed(rig, "{\"gone\":[{\"k\":\"7\",\"at\":\"2026-11-18T12:06:00+01:00\"}],\"m\":true}");
	assert_int_equal(page->verdict.class, VERDICT_OK);
	assert_int_equal(page->records, 1);
	assert_int_equal(page->total, -1);
	assert_false(page->last);
	assert_string_equal(ask(rig), FEED_URL "2" SINCE);
	page = answer_feed(rig, "{\"gone\":[{\"k\":\"8\"}],\"m\":false}");
	assert_true(page->last);
	assert_int_equal(page->watermark_us, NOW_US + MINUTE_US);
	assert_string_equal(buf_text(&rig->ids), "1 2 7@2026-11-18T12:06:00+01:00 8@ ");
	end(&d);
}

static void a_feed_without_times(void **state)
{
	(void)state;
	struct deletions d;
	begin(&d, FEED(""), true, NOW_US);
	answer(&d.rig, "{\"d\":[]}");
	answer_feed(&d.rig, "{\"gone\":[{\"k\":5}]}");
	assert_string_equal(buf_text(&d.rig.ids), "5@ ");
	end(&d);
}

/* It asks for all records, but only for the deletions since the walk before. */
static void a_full_walk_asks_the_feed_too(void **state)
{
	(void)state;
	struct deletions d;
	begin(&d, FEED(""), false, NOW_US);
	assert_string_equal(ask(&d.rig), LIST_URL "1");
	assert_false(answer(&d.rig, "{\"d\":[{\"id\":1}]}")->last);
	assert_string_equal(ask(&d.rig), FEED_URL "1" SINCE);
	end(&d);
}

static void the_first_walk_has_nothing_to_delete(void **state)
{
	(void)state;
	struct deletions d;
	begin(&d, FEED(""), true, 0);
	assert_string_equal(ask(&d.rig), LIST_URL "1");
	const struct page *page = answer(&d.rig, "{\"d\":[{\"id\":1}]}");
	assert_true(page->last);
	assert_int_equal(page->watermark_us, NOW_US);
	end(&d);
}

/* 304 and 204: nothing changed, but something may be gone. */
static void empty_answers_end_one_list_only(void **state)
{
	(void)state;
	struct deletions d;
	begin(&d, FEED(""), true, NOW_US);
	assert_false(answer_with(&d.rig, 304, NULL, "")->last);
	assert_string_equal(ask(&d.rig), FEED_URL "1" SINCE);
	assert_true(answer_with(&d.rig, 204, NULL, "")->last);
	assert_int_equal(d.rig.page.watermark_us, NOW_US);
	end(&d);
}

/* The feed's page begins with the record that the last page of records began with: no loop. */
static void lists_are_guarded_apart(void **state)
{
	(void)state;
	struct deletions d;
	begin(&d, FEED(""), true, NOW_US);
	answer(&d.rig, "{\"d\":[{\"id\":1}]}");
	assert_int_equal(answer_feed(&d.rig, "{\"gone\":[{\"k\":1}],\"m\":true}")->verdict.class, VERDICT_OK);
	assert_int_equal(
	    answer_feed(&d.rig, "{\"gone\":[{\"k\":1}],\"m\":true}")->verdict.class, VERDICT_STALLED);
	end(&d);
}

static void without_a_feed_the_records_are_all(void **state)
{
	(void)state;
	struct deletions d;
	begin(&d, LIST "deletion = { strategy = \"generation\"; };", true, NOW_US);
	assert_true(answer(&d.rig, "{\"d\":[{\"id\":1}]}")->last);
	end(&d);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_feed_follows_the_records),
	    cmocka_unit_test(a_feed_without_times),
	    cmocka_unit_test(a_full_walk_asks_the_feed_too),
	    cmocka_unit_test(the_first_walk_has_nothing_to_delete),
	    cmocka_unit_test(empty_answers_end_one_list_only),
	    cmocka_unit_test(lists_are_guarded_apart),
	    cmocka_unit_test(without_a_feed_the_records_are_all),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
