// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "repeats.h"

#include "rows.h"
#include "sync/declaration.h"

#include <setjmp.h>

#include <cmocka.h>

static const char *id_path[] = {"id"};
static struct column columns[] = {{.name = "v", .path = "v", .type = COLUMN_INTEGER}};
static const struct resource resource = {.id = {id_path, 1}, .columns = {columns, 1}};

static struct row_layout *layout;
static struct slice_plan *plan;

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
	rows_drain_pool();
	return 0;
}

static enum rc on_record(void *user, struct str raw, const struct slice *fields)
{
	struct rows *r = user;
	struct row_writer writer = {.layout = layout, .out = &r->bytes};
	bool gone = fields[1].n == 1 && fields[1].p[0] == '-';

	if (gone)
		return rows_add_gone(r, &writer, &(struct record){RECORD_GONE, raw, fields, NULL});
	return rows_add(r, &writer, raw, fields);
}

/* A page of records like "a1 b2 ax c-": an id and its value; x is none that can be stored, - is gone. */
static struct rows *page_of(struct task *task, const char *records)
{
	AUTO(buf_done) struct buf text = BUF(1 << 20);
	struct rows *r = rows_new(task);
	struct err err;

	buf_add_char(&text, '[');
	for (struct str rest = str_of(records), word; rest.n;) {
		word = str_cut(&rest, ' ');
		buf_printf(&text, "%s{\"id\":\"%.*s\",\"v\":\"%c\"}", text.n > 1 ? "," : "", (int)word.n - 1,
		    word.p, word.p[word.n - 1]);
	}
	buf_add_char(&text, ']');
	assert_int_equal(slice_page(plan, buf_str(&text), NULL, on_record, r, &err), RC_OK);
	return r;
}

/* The ids of the tuples, then those of the bad records behind a bar, then what is gone; what does not count
 * is left out. */
static void assert_left(const struct rows *r, const char *expected)
{
	AUTO(buf_done) struct buf text = BUF(1 << 20);

	for (size_t i = 0; i < r->n; i++) {
		const struct row_mark *m = &r->mark[i];

		/* the value's last digit is the byte before the hash and its length */
		buf_printf(
		    &text, "%.*s%d ", (int)m->id_n, r->bytes.p + m->id_at, r->bytes.p[m->at + m->n - 13]);
	}
	buf_add_char(&text, '|');
	for (size_t i = 0; i < r->nbad; i++) {
		if (!r->bad[i].repeated)
			buf_printf(&text, " %s", buf_text(&r->bad[i].id));
	}
	for (size_t i = 0; i < r->ngone; i++)
		buf_printf(&text, " %.*s-", STR_ARG(rows_gone_id(r, i)));
	assert_string_equal(buf_text(&text), expected);
}

static void the_last_of_a_page_counts(void **state)
{
	static const struct {
		const char *page, *left;
	} cases[] = {
	    {"", "|"},
	    {"a1", "a1 |"},
	    {"a1 b2 c3", "a1 b2 c3 |"},
	    {"c1 b2 a3", "c1 b2 a3 |"},
	    {"b1 a2 c3", "b1 a2 c3 |"},
	    {"a1 a2", "a2 |"},
	    {"a1 b2 a3", "b2 a3 |"},
	    {"c1 b2 b3 a4", "c1 b3 a4 |"},
	    {"a1 b1 a2 b2 a3 b3", "a3 b3 |"},
	    {"a1 ax", "| a"},
	    {"ax a1", "a1 |"},
	    {"ax ax b1", "b1 | a"},
	    {"a1 bx a2 b3 ax c4 bx", "c4 | a b"},
	    {"a-", "| a-"},
	    {"a1 b2 a-", "b2 | a-"},
	    {"a- b2 a1", "b2 a1 |"},
	    {"a- a- ax", "| a"},
	    {"a1 a- b- a2 b-", "a2 | b-"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct rows *r = page_of(NULL, cases[i].page);

		repeats_drop(r);
		assert_left(r, cases[i].left);
		assert_int_equal(r->unchanged, 0);
		rows_free(r);
	}
}

static void records_without_id_are_never_the_same(void **state)
{
	struct rows *r = page_of(NULL, "1 1 a1 a2");

	(void)state;
	repeats_drop(r);
	assert_int_equal(r->n, 1);
	assert_int_equal(r->nbad, 2);
	rows_free(r);
}

static void a_long_page(void **state)
{
	AUTO(buf_done) struct buf text = BUF(1 << 20);

	(void)state;
	for (int i = 0; i < 1000; i++)
		buf_printf(&text, "%sid%d%d", i ? " " : "", i % 500, i / 500);
	struct rows *r = page_of(NULL, buf_text(&text));
	repeats_drop(r);
	assert_int_equal(r->n, 500);
	for (size_t i = 0; i < r->n; i++)
		assert_int_equal(r->bytes.p[r->mark[i].at + r->mark[i].n - 13], 1);
	rows_free(r);
}

/* Another task's pages stand behind, as in a load. */
static void the_last_page_counts(void **state)
{
	int tasks[2];
	struct task *mine = (struct task *)&tasks[0];
	struct task *other = (struct task *)&tasks[1];
	struct rows *first = page_of(mine, "a1 b1 cx dx");
	struct rows *last = page_of(mine, "b2 c2 d3 dx");
	struct rows *behind = page_of(other, "a7 b7");

	(void)state;
	repeats_drop(last);
	first->next = last;
	last->next = behind;
	for (int again = 0; again < 2; again++) { /* a load may run twice */
		repeats_drop_across(first, last);
		assert_left(first, "a1 |");
		assert_left(last, "b2 c2 | d");
		assert_left(behind, "a7 b7 |");
		assert_int_equal(first->unchanged, 1); /* b was counted for itself */
		assert_int_equal(first->nbad, 2);      /* so were c and d */
		assert_int_equal(last->unchanged, 0);
	}
	rows_free(first);
	rows_free(last);
	rows_free(behind);
}

/* Deleted in one page and there again in a later one of the same load, and the other way round. */
static void what_is_gone_comes_again(void **state)
{
	struct task *task = (struct task *)&columns; /* never looked into */
	struct rows *first = page_of(task, "a- b1");
	struct rows *last = page_of(task, "a1 b-");

	(void)state;
	first->next = last;
	repeats_drop_across(first, last);
	assert_left(first, "|");
	assert_left(last, "a1 | b-");
	rows_free(first);
	rows_free(last);
}

static void pages_in_order_are_left_alone(void **state)
{
	struct task *task = (struct task *)&columns; /* never looked into */
	struct rows *first = page_of(task, "1x a1");
	struct rows *last = page_of(task, "b1 c1");

	(void)state;
	first->next = last;
	repeats_drop_across(first, last);
	assert_int_equal(first->n + last->n, 3);
	assert_int_equal(first->unchanged + last->unchanged, 0);
	rows_free(first);
	rows_free(last);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_last_of_a_page_counts),
	    cmocka_unit_test(records_without_id_are_never_the_same),
	    cmocka_unit_test(a_long_page),
	    cmocka_unit_test(the_last_page_counts),
	    cmocka_unit_test(what_is_gone_comes_again),
	    cmocka_unit_test(pages_in_order_are_left_alone),
	};

	return cmocka_run_group_tests(tests, make_layout, free_layout);
}
