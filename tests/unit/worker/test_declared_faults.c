// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "walk_rig.h"

/* ---- loops and limits ---- */

static void a_repeated_page_is_stalled(void **state)
{
	(void)state;
	struct rig rig;
	rig_init(&rig, declarations_resource("practicepanther", "tasks"));
	answer(&rig, "[{\"id\":\"a\"},{\"id\":\"b\"}]");
	const struct page *page = answer(&rig, "[{\"id\":\"a\"},{\"id\":\"b\"}]");
	assert_int_equal(page->verdict.class, VERDICT_STALLED);
	assert_non_null(strstr(page->verdict.reason, "(a)"));
	assert_int_equal(page->cursor.n, 0);
	assert_string_equal(buf_text(&rig.ids), "a b ");
	rig_done(&rig);
}

static void a_page_without_identities_is_no_loop(void **state)
{
	(void)state;
	struct rig rig;
	rig_init(&rig, declarations_resource("practicepanther", "tasks"));
	answer(&rig, "[{\"id\":null}]");
	assert_int_equal(answer(&rig, "[{\"id\":null}]")->verdict.class, VERDICT_OK);
	rig_done(&rig);
}

/* Pages go round in a circle of `length`; it has to be noticed within a few rounds. */
static void assert_circle_ends(bool empty, int length)
{
	struct rig rig;
	rig_init(&rig, declarations_resource("bench", "contacts"));
	for (int i = 0; i < 8 * length + 8; i++) {
		int at = i % length, next = (i + 1) % length;
		char *body = empty ? mem_printf("{\"data\":[],\"next_cursor\":\"c%d\"}", next)
		                   : mem_printf(
		                         "{\"data\":[{\"id\":\"r%d\"}],\"next_cursor\":\"c%d\"}", at, next);
		const struct page *page = answer(&rig, body);
		free(body);
		if (page->verdict.class == VERDICT_STALLED) {
			rig_done(&rig);
			return;
		}
		assert_int_equal(page->verdict.class, VERDICT_OK);
	}
	fail_msg("a circle of %d pages was not noticed", length);
}

static void circles_of_pages_end(void **state)
{
	(void)state;
	for (int length = 2; length < 12; length++) {
		assert_circle_ends(false, length);
		assert_circle_ends(true, length);
	}
}

static void a_cursor_that_does_not_move_is_stalled(void **state)
{
	(void)state;
	struct rig rig;
	rig_init(&rig, declarations_resource("bench", "contacts"));
	answer(&rig, "{\"data\":[{\"id\":\"1\"}],\"next_cursor\":\"x\"}");
	const struct page *page = answer(&rig, "{\"data\":[{\"id\":\"2\"}],\"next_cursor\":\"x\"}");
	assert_int_equal(page->verdict.class, VERDICT_STALLED);
	rig_done(&rig);
}

static void more_without_a_cursor_is_no_end(void **state)
{
	(void)state;
	struct rig rig;
	struct registry *reg = declare(
	    "paging = { strategy = \"cursor\"; next = \"n\"; stop = \"more_flag\"; more = \"m\"; };"
	    "params = ( { name = \"c\"; value = \"${cursor}\"; } );");
	rig_init(&rig, find_in(reg, "p", "r"));
	assert_int_equal(answer(&rig, "{\"d\":[{\"id\":1}],\"m\":true}")->verdict.class, VERDICT_STALLED);
	rig_done(&rig);
	registry_free(reg);
}

static void a_cap_is_no_end(void **state)
{
	(void)state;
	struct rig rig;
	struct registry *reg = declare("paging = { strategy = \"page\"; size = 2; cap = 4; };"
	                               "params = ( { name = \"p\"; value = \"${page.number}\"; } );");
	rig_init(&rig, find_in(reg, "p", "r"));
	assert_int_equal(answer(&rig, "{\"d\":[{\"id\":1},{\"id\":2}]}")->verdict.class, VERDICT_OK);
	assert_int_equal(answer(&rig, "{\"d\":[{\"id\":3},{\"id\":4}]}")->verdict.class, VERDICT_CAP);
	/* A walk that ends at the cap by itself is whole. */
	const struct page *page = answer(&rig, "{\"d\":[{\"id\":3}]}");
	assert_int_equal(page->verdict.class, VERDICT_OK);
	assert_true(page->last);
	rig_done(&rig);
	registry_free(reg);
}

/* ---- answers ---- */

static void bad_bodies_are_permanent(void **state)
{
	(void)state;
	static const char *const bad[] = {"", "<html>", "{\"data\":[{\"id\":\"1\"}]",
	    "{\"data\":[{\"id\":\"1\"}]}}", "{\"data\":{}}", "{\"data\":5}",
	    "{\"data\":[{\"id\":\"\\ud800\"}]}", "{\"data\":[],\"next_cursor\":{}}",
	    "{\"data\":[],\"next_cursor\":true}"};
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct rig rig;
		rig_init(&rig, declarations_resource("bench", "contacts"));
		const struct page *page = answer(&rig, bad[i]);
		if (page->verdict.class != VERDICT_PERMANENT || !page->verdict.reason[0])
			fail_msg("%s is %s", bad[i], verdict_class_name(page->verdict.class));
		assert_int_equal(page->cursor.n, 0);
		rig_done(&rig);
	}
}

static enum rc refuse(void *user, const struct record *rec)
{
	(void)user, (void)rec;
	return RC_LIMIT;
}

static void a_refused_record_ends_the_page(void **state)
{
	(void)state;
	struct rig rig;
	AUTO(buf_done) struct buf body = BUF(100);
	struct http_response res = {200, &body, NULL, 0, 0};
	buf_add_text(&body, "[{\"id\":\"a\"}]");
	rig_init(&rig, declarations_resource("practicepanther", "tasks"));
	provider_page(&rig.walk, &res, refuse, NULL, &rig.page);
	assert_int_equal(rig.page.verdict.class, VERDICT_PERMANENT);
	rig_done(&rig);
}

static void errors_leave_the_cursor_alone(void **state)
{
	(void)state;
	struct rig rig;
	rig_init(&rig, declarations_resource("practicepanther", "tasks"));
	answer(&rig, "[{\"id\":\"a\"}]");
	const struct page *page = answer_with(&rig, 503, NULL, "");
	assert_int_equal(page->verdict.class, VERDICT_TRANSIENT);
	assert_int_equal(page->cursor.n, 0);
	assert_int_equal(page->records, 0);
	page = answer_with(&rig, 400, NULL, "{\"error\":\"invalid_grant\"}");
	assert_int_equal(page->verdict.class, VERDICT_TOKEN);
	page = answer(&rig, "[{\"id\":\"b\"}]");
	assert_int_equal(page->verdict.class, VERDICT_OK);
	rig_done(&rig);
}

static void nothing_changed_ends_the_walk(void **state)
{
	(void)state;
	static const int statuses[] = {204, 304};
	for (size_t i = 0; i < ARRAY_SIZE(statuses); i++) {
		struct rig rig;
		rig_init(&rig, declarations_resource("practicepanther", "tasks"));
		const struct page *page = answer_with(&rig, statuses[i], NULL, "");
		assert_int_equal(page->verdict.class, VERDICT_OK);
		assert_true(page->last);
		assert_int_equal(page->watermark_us, NOW_US);
		rig_done(&rig);
	}
}

static void a_foreign_cursor_begins_anew(void **state)
{
	(void)state;
	static const char *const cursors[] = {"{\"declaration\":\"00000000\",\"offset\":5}", "200", "{"};
	for (size_t i = 0; i < ARRAY_SIZE(cursors); i++) {
		struct rig rig;
		rig_init(&rig, declarations_resource("practicepanther", "tasks"));
		rig.walk.cursor = str_of(cursors[i]);
		assert_int_equal(
		    provider_next(&rig.walk, &rig.account, &rig.request, &rig.err), RC_NOT_FOUND);
		assert_int_equal(answer(&rig, "[]")->verdict.class, VERDICT_CURSOR);
		rig_done(&rig);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_repeated_page_is_stalled),
	    cmocka_unit_test(a_page_without_identities_is_no_loop),
	    cmocka_unit_test(circles_of_pages_end),
	    cmocka_unit_test(a_cursor_that_does_not_move_is_stalled),
	    cmocka_unit_test(more_without_a_cursor_is_no_end),
	    cmocka_unit_test(a_cap_is_no_end),
	    cmocka_unit_test(bad_bodies_are_permanent),
	    cmocka_unit_test(a_refused_record_ends_the_page),
	    cmocka_unit_test(errors_leave_the_cursor_alone),
	    cmocka_unit_test(nothing_changed_ends_the_walk),
	    cmocka_unit_test(a_foreign_cursor_begins_anew),
	};

	return cmocka_run_group_tests(tests, declarations_load, declarations_unload);
}
