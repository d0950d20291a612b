// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "generation.h"

#include "base/json.h"
#include "rows.h"

#include <setjmp.h>

#include <cmocka.h>

#define NOW_US INT64_C(1800000000000000)
#define DAY_US (INT64_C(86400) * 1000000)

struct fixture {
	struct resource resource;
	struct walk walk;
	struct page page;
	struct rows *rows;
};

static void begin(struct fixture *f, enum deletion_strategy strategy)
{
	*f = (struct fixture){.page = {.cursor = BUF(4096), .whole = true, .begins = true, .started_us = 77}};
	f->resource.deletion.strategy = strategy;
	f->walk.resource = &f->resource;
	f->rows = rows_new(NULL);
}

static void end(struct fixture *f)
{
	rows_free(f->rows);
	rows_drain_pool();
	page_done(&f->page);
}

struct page_case {
	enum deletion_strategy strategy;
	bool whole;
	bool last;
	bool watermark; /* a walk was there before */
	bool keep, sweeps, forgets;
};

static const struct page_case page_cases[] = {
    {.strategy = DELETION_NONE, .whole = true, .last = true, .watermark = true},
    {.strategy = DELETION_FIELD, .whole = true, .last = true, .watermark = true},
    {.strategy = DELETION_GENERATION, .whole = true, .keep = true},
    {.strategy = DELETION_GENERATION, .whole = true, .last = true, .keep = true, .sweeps = true},
    {.strategy = DELETION_TWO_GENERATIONS, .whole = true, .last = true, .keep = true, .sweeps = true},
    {.strategy = DELETION_TWO_GENERATIONS, .last = true, .watermark = true}, /* what changed */
    {.strategy = DELETION_FEED, .whole = true, .last = true},                /* nothing to delete yet */
    {.strategy = DELETION_FEED, .whole = true, .watermark = true, .keep = true},
    {.strategy = DELETION_FEED, .watermark = true, .last = true, .keep = true, .forgets = true},
};

static void a_page_is_kept_as_the_resource_asks(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(page_cases); i++) {
		const struct page_case *c = &page_cases[i];
		struct fixture f;

		begin(&f, c->strategy);
		f.page.whole = c->whole;
		f.page.last = c->last;
		f.walk.watermark_us = c->watermark ? NOW_US : 0;
		generation_mark(&f.walk, &f.page, f.rows);
		assert_int_equal(f.rows->keep, c->keep);
		assert_int_equal(f.rows->sweeps, c->sweeps);
		assert_int_equal(f.rows->forgets, c->forgets);
		assert_int_equal(f.rows->walk_us, 77);
		assert_true(f.rows->begins);
		assert_int_equal(generation_is_sweep(buf_str(&f.page.cursor)), c->sweeps);
		end(&f);
	}
}

static void a_page_of_the_feed_has_no_ids_to_keep(void **state)
{
	struct fixture f;

	(void)state;
	begin(&f, DELETION_FEED);
	f.walk.watermark_us = NOW_US;
	f.rows->ngone = 1;
	generation_mark(&f.walk, &f.page, f.rows);
	assert_false(f.rows->keep);
	f.rows->ngone = 0;
	end(&f);
}

static int64_t number_in(struct json_object *sweep, const char *name)
{
	struct json_object *v = NULL;

	assert_true(json_object_object_get_ex(sweep, name, &v));
	return json_object_get_int64(v);
}

static void the_sweeps_cursor_says_where_it_begins(void **state)
{
	AUTO(json_put_ptr) struct json_object *o = NULL;
	struct json_object *sweep = NULL;
	struct json_object *v = NULL;
	struct fixture f;
	struct err err;

	(void)state;
	begin(&f, DELETION_GENERATION);
	f.page.last = true;
	f.page.watermark_us = 99;
	generation_mark(&f.walk, &f.page, f.rows);
	assert_int_equal(json_parse(buf_str(&f.page.cursor), 4096, 3, &o, &err), RC_OK);
	assert_true(json_object_object_get_ex(o, "sweep", &sweep));
	assert_true(json_object_object_get_ex(sweep, "phase", &v));
	assert_string_equal(json_object_get_string(v), "check");
	assert_int_equal(number_in(sweep, "walk"), 77);
	assert_int_equal(number_in(sweep, "watermark"), 99);
	assert_int_equal(number_in(sweep, "live"), 0);
	assert_int_equal(number_in(sweep, "deleted"), 0);
	end(&f);
}

static void a_sweep_is_known_by_its_cursor(void **state)
{
	(void)state;
	assert_true(generation_is_sweep(STR("{\"sweep\": {\"phase\": \"mark\"}}"))); /* as jsonb prints it */
	assert_false(generation_is_sweep(STR("{\"declaration\":\"0\"}")));
	assert_false(generation_is_sweep(STR("")));
}

static void a_walk_of_everything_is_due_when_declared(void **state)
{
	struct resource r = {.deletion = {.strategy = DELETION_TWO_GENERATIONS, .every_s = 86400}};

	(void)state;
	assert_false(generation_is_due(&r, NOW_US - DAY_US, NOW_US));
	assert_true(generation_is_due(&r, NOW_US - DAY_US - 1, NOW_US));
	assert_true(generation_is_due(&r, 0, NOW_US));
	r.deletion.every_s = 0;
	assert_false(generation_is_due(&r, 0, NOW_US));
	r.deletion = (struct deletion){.strategy = DELETION_FEED, .every_s = 1};
	assert_false(generation_is_due(&r, 0, NOW_US));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_page_is_kept_as_the_resource_asks),
	    cmocka_unit_test(a_page_of_the_feed_has_no_ids_to_keep),
	    cmocka_unit_test(the_sweeps_cursor_says_where_it_begins),
	    cmocka_unit_test(a_sweep_is_known_by_its_cursor),
	    cmocka_unit_test(a_walk_of_everything_is_due_when_declared),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
