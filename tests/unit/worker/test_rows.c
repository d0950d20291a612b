// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "rows.h"

#include "sync/declaration.h"

#include <setjmp.h>

#include <cmocka.h>

static const char *id_path[] = {"id"};
static struct column columns[] = {{.name = "v", .path = "v", .type = COLUMN_INTEGER, .max_length = 10}};
static const struct resource resource = {.id = {id_path, 1}, .columns = {columns, 1}};

static struct row_layout *layout;
static struct slice_plan *plan;
static size_t max_bytes;

static int make_layout(void **state)
{
	size_t n;

	(void)state;
	layout = row_layout_new(&resource);
	const char *const *paths = row_layout_paths(layout, &n);
	plan = slice_plan_new("", paths, n, NULL, 0);
	return 0;
}

static int free_layout(void **state)
{
	(void)state;
	slice_plan_free(plan);
	row_layout_free(layout);
	return 0;
}

/* Pages are pooled: each test begins and ends with an empty pool. */
static int drain(void **state)
{
	(void)state;
	rows_drain_pool();
	return 0;
}

struct adding {
	struct rows *rows;
	enum rc rc; /* the last record's */
};

static enum rc on_record(void *user, struct str raw, const struct slice *fields)
{
	struct adding *a = user;
	struct row_writer writer = {.layout = layout, .out = &a->rows->bytes, .max_bytes = max_bytes};

	a->rc = rows_add(a->rows, &writer, raw, fields);
	return a->rc;
}

static enum rc add(struct rows *r, const char *page)
{
	struct adding a = {.rows = r};
	struct err err;

	if (slice_page(plan, str_of(page), NULL, on_record, &a, &err) != RC_OK && a.rc == RC_OK)
		fail_msg("%s: %s", page, err.text);
	return a.rc;
}

/* The ids of the tuples, in order, each with a space behind it. */
static void assert_ids(const struct rows *r, const char *expected)
{
	AUTO(buf_done) struct buf ids = BUF(1 << 20);

	for (size_t i = 0; i < r->n; i++) {
		buf_add(&ids, r->bytes.p + r->mark[i].id_at, r->mark[i].id_n);
		buf_add_char(&ids, ' ');
	}
	assert_string_equal(buf_text(&ids), expected);
}

static void good_and_bad_records_are_told_apart(void **state)
{
	static const struct {
		const char *page;
		const char *ids;
		size_t nbad;
		const char *bad_id, *column, *raw; /* of the first bad one */
	} cases[] = {
	    {"[]", "", 0, NULL, NULL, NULL},
	    {"[{\"id\":\"a\",\"v\":1},{\"id\":\"b\"}]", "a b ", 0, NULL, NULL, NULL},
	    {"[{\"id\":\"a\",\"v\":\"x\"},{\"id\":\"b\"}]", "b ", 1, "a", "v", "{\"id\":\"a\",\"v\":\"x\"}"},
	    {"[{\"id\":\"a\"},{\"v\":1},{\"id\":\"b\",\"v\":1.5}]", "a ", 2, "", "id", "{\"v\":1}"},
	    {"[7,{\"id\":\"a\"}]", "a ", 1, "", "id", "7"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct rows *r = rows_new(NULL);

		assert_int_equal(add(r, cases[i].page), RC_OK);
		assert_ids(r, cases[i].ids);
		assert_int_equal(r->nbad, cases[i].nbad);
		if (r->nbad) {
			assert_string_equal(buf_text(&r->bad[0].id), cases[i].bad_id);
			assert_string_equal(r->bad[0].column, cases[i].column);
			assert_string_equal(buf_text(&r->bad[0].raw), cases[i].raw);
			assert_true(r->bad[0].reason[0] != '\0');
		}
		rows_free(r);
	}
}

static void a_page_grows(void **state)
{
	AUTO(buf_done) struct buf page = BUF(1 << 20);
	AUTO(buf_done) struct buf ids = BUF(1 << 20);
	struct rows *r = rows_new(NULL);

	(void)state;
	for (int i = 0; i < 1000; i++) {
		buf_printf(&page, "%c{\"id\":%d}", i ? ',' : '[', i);
		buf_printf(&ids, "%d ", i);
	}
	buf_add_char(&page, ']');
	assert_int_equal(add(r, buf_text(&page)), RC_OK);
	assert_ids(r, buf_text(&ids));
	rows_free(r);
}

static void a_page_has_a_ceiling(void **state)
{
	struct rows *r = rows_new(NULL);

	(void)state;
	assert_int_equal(add(r, "[{\"id\":\"a\"}]"), RC_OK);
	r->bytes.max = r->bytes.n + 10;
	assert_int_equal(add(r, "[{\"id\":\"b\"}]"), RC_LIMIT);
	assert_ids(r, "a ");
	assert_int_equal(r->nbad, 0);
	rows_free(r);
}

static void a_huge_record_is_bad(void **state)
{
	static const char page[] = "[{\"id\":\"a\"},{\"id\":\"b\",\"more\":\"0123456789\"},{\"id\":\"c\"}]";
	struct rows *r = rows_new(NULL);

	(void)state;
	max_bytes = 29;
	assert_int_equal(add(r, page), RC_OK);
	max_bytes = 0;
	assert_ids(r, "a c ");
	assert_int_equal(r->nbad, 1);
	assert_string_equal(buf_text(&r->bad[0].id), "b");
	assert_string_equal(r->bad[0].reason, "longer than record.max_bytes");
	assert_string_equal(buf_text(&r->bad[0].raw), "{\"id\":\"b\",\"more\":\"0123456789\"}");
	rows_free(r);
}

static void any_record_can_be_rejected(void **state)
{
	static const struct {
		size_t at;
		const char *ids, *id, *raw;
	} cases[] = {
	    {0, "b c ", "a", "{\"id\":\"a\",\"v\":1}"},
	    {1, "a c ", "b", "{\"id\":\"b\",\"v\":null}"},
	    {2, "a b ", "c", "{\"id\":\"c\",\"v\":-3}"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct rows *r = rows_new(NULL);

		assert_int_equal(
		    add(r, "[{\"id\":\"a\",\"v\":1},{\"id\":\"b\"},{\"id\":\"c\",\"v\":\"-3\"}]"), RC_OK);
		rows_reject(r, &resource, cases[i].at, "value too long");
		assert_ids(r, cases[i].ids);
		assert_int_equal(r->nbad, 1);
		assert_string_equal(buf_text(&r->bad[0].id), cases[i].id);
		assert_string_equal(buf_text(&r->bad[0].raw), cases[i].raw);
		assert_string_equal(r->bad[0].reason, "value too long");
		assert_null(r->bad[0].column);
		rows_free(r);
	}
}

static void all_records_can_be_rejected(void **state)
{
	struct rows *r = rows_new(NULL);

	(void)state;
	assert_int_equal(add(r, "[{\"id\":\"a\"},{\"id\":\"b\"}]"), RC_OK);
	rows_reject(r, &resource, 1, "x");
	rows_reject(r, &resource, 0, "x");
	assert_int_equal(r->n, 0);
	assert_int_equal(r->nbad, 2);
	rows_free(r);
}

static void a_freed_page_is_used_again_and_empty(void **state)
{
	struct task *task = (struct task *)&columns; /* never looked into */
	struct rows *r = rows_new(task);

	(void)state;
	assert_int_equal(add(r, "[{\"id\":\"a\"},{\"v\":1}]"), RC_OK);
	buf_add_text(&r->cursor, "{}");
	r->number = 7;
	r->last = r->alone = r->sieved = true;
	r->watermark_us = r->total = 9;
	r->budget = 10;
	rows_free(r);
	struct rows *again = rows_new(NULL);
	assert_ptr_equal(again, r);
	assert_null(again->task);
	assert_int_equal(again->n + again->nbad + again->bytes.n + again->cursor.n + again->budget, 0);
	assert_true(again->number == 0 && again->watermark_us == 0 && again->total == 0);
	assert_false(again->last || again->alone || again->sieved);
	struct rows *other = rows_new(task);
	assert_ptr_not_equal(other, again);
	assert_ptr_equal(other->task, task);
	rows_free(other);
	rows_free(again);
	rows_free(NULL);
}

static enum rc on_deletion(void *user, struct str raw, const struct slice *fields)
{
	struct rows *r = user;
	struct row_writer writer = {.layout = layout, .out = &r->bytes};

	return rows_add_gone(r, &writer, &(struct record){RECORD_FED, raw, fields, NULL});
}

static enum rc on_gone(void *user, struct str raw, const struct slice *fields)
{
	struct rows *r = user;
	struct row_writer writer = {.layout = layout, .out = &r->bytes};

	return rows_add_gone(r, &writer, &(struct record){RECORD_GONE, raw, fields, NULL});
}

static enum rc on_refused(void *user, struct str raw, const struct slice *fields)
{
	struct rows *r = user;
	struct row_writer writer = {.layout = layout, .out = &r->bytes};

	return rows_add_refused(
	    r, &writer, &(struct record){RECORD_BAD, raw, fields, "the provider answers 400"});
}

static void a_record_that_says_it_is_gone(void **state)
{
	struct rows *r = rows_new(NULL);
	struct err err;

	(void)state;
	assert_int_equal(add(r, "[{\"id\":\"a\",\"v\":\"1\"}]"), RC_OK);
	assert_int_equal(slice_page(plan, STR("[{\"id\":\"b\",\"v\":7}]"), NULL, on_gone, r, &err), RC_OK);
	assert_int_equal(r->ngone, 1);
	assert_true(str_is(rows_gone_id(r, 0), "b"));
	assert_false(r->gone[0].fed);
	assert_int_equal(r->gone[0].at, 1);
	assert_int_equal(r->gone[0].deleted_us, 0);
	rows_free(r);
}

static void a_record_that_is_refused(void **state)
{
	struct rows *r = rows_new(NULL);
	struct err err;

	(void)state;
	assert_int_equal(
	    slice_page(plan, STR("[{\"id\":\"b\"},{\"id\":null}]"), NULL, on_refused, r, &err), RC_OK);
	assert_int_equal(r->n, 0);
	assert_int_equal(r->nbad, 2);
	assert_string_equal(buf_text(&r->bad[0].id), "b");
	assert_string_equal(r->bad[0].reason, "the provider answers 400");
	assert_string_equal(buf_text(&r->bad[0].raw), "{\"id\":\"b\"}");
	assert_int_equal(r->bad[1].id.n, 0);
	rows_free(r);
}

/* `v` plays the time of the deletion. */
static void deletions_are_ids_and_times(void **state)
{
	static const struct {
		const char *entry;
		const char *id; /* NULL: it is bad */
		int64_t deleted_us;
	} cases[] = {
	    {"{\"id\":\"a\",\"v\":\"2026-01-02T03:04:05+01:00\"}", "a", INT64_C(1767319445000000)},
	    {"{\"id\":\"a\",\"v\":\"2026-01-02T03:04:05\"}", "a", INT64_C(1767323045000000)},
	    {"{\"id\":7,\"v\":1767323045}", "7", INT64_C(1767323045000000)},
	    {"{\"id\":\"\\u00e9\"}", "\xc3\xa9", 0},
	    {"{\"id\":\"a\",\"v\":\"yesterday\"}", "a", 0},
	    {"{\"id\":\"a\",\"v\":99999999999999}", "a", 0},
	    {"{\"id\":\"a\",\"v\":-5}", "a", 0},
	    {"{\"id\":\"a\",\"v\":null}", "a", 0},
	    {"{\"v\":1767323045}", NULL, 0},
	    {"{\"id\":\"\"}", NULL, 0},
	    {"{\"id\":{}}", NULL, 0},
	    {"{\"id\":\"\\u0000\"}", NULL, 0},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct rows *r = rows_new(NULL);
		struct err err;
		AUTO(mem_free_ptr) char *page = mem_printf("[%s]", cases[i].entry);

		assert_int_equal(slice_page(plan, str_of(page), NULL, on_deletion, r, &err), RC_OK);
		assert_int_equal(r->n, 0);
		assert_int_equal(r->ngone, cases[i].id != NULL);
		assert_int_equal(r->nbad, cases[i].id == NULL);
		if (cases[i].id) {
			assert_true(str_is(
			    (struct str){r->bytes.p + r->gone[0].id_at, r->gone[0].id_n}, cases[i].id));
			assert_int_equal(r->gone[0].deleted_us, cases[i].deleted_us);
		} else {
			assert_string_equal(buf_text(&r->bad[0].raw), cases[i].entry);
		}
		rows_free(r);
	}
}

static void a_page_of_deletions_has_a_ceiling(void **state)
{
	struct rows *r = rows_new(NULL);
	struct err err;

	(void)state;
	r->bytes.max = 10;
	assert_int_not_equal(
	    slice_page(plan, STR("[{\"id\":\"0123456789abcdef\"}]"), NULL, on_deletion, r, &err), RC_OK);
	assert_int_equal(r->ngone, 0);
	r->bytes.max = 1 << 20;
	rows_free(r);
}

static void large_buffers_are_given_back(void **state)
{
	struct rows *r = rows_new(NULL);

	(void)state;
	assert_non_null(buf_reserve(&r->bytes, 2u << 20));
	rows_free(r);
	r = rows_new(NULL);
	assert_int_equal(r->bytes.cap, 0);
	rows_free(r);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, drain, drain)
	const struct CMUnitTest tests[] = {
	    TEST(good_and_bad_records_are_told_apart),
	    TEST(a_page_grows),
	    TEST(a_page_has_a_ceiling),
	    TEST(a_huge_record_is_bad),
	    TEST(any_record_can_be_rejected),
	    TEST(all_records_can_be_rejected),
	    TEST(a_freed_page_is_used_again_and_empty),
	    TEST(a_record_that_says_it_is_gone),
	    TEST(a_record_that_is_refused),
	    TEST(deletions_are_ids_and_times),
	    TEST(a_page_of_deletions_has_a_ceiling),
	    TEST(large_buffers_are_given_back),
	};

	return cmocka_run_group_tests(tests, make_layout, free_layout);
}
