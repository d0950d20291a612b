// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "walk_rig.h"

#define ITEMS "https://api.p.example/base/orders/"
#define PAGES "paging = { strategy = \"cursor\"; next = \"n\"; };\n"
#define PARAMS                                                                                               \
	"params = ( { name = \"c\"; value = \"${cursor}\"; }, { name = \"s\"; value = \"${since}\"; } );\n"

/* A list of orders, and of each order its items. */
static struct registry *declare_items(const char *more)
{
	char file[] = "/tmp/declared-XXXXXX";
	FILE *f = fdopen(mkstemp(file), "w");
	struct registry *reg = NULL;
	struct err err = {0};
	fprintf(f,
	    "name = \"p\"; base_url = \"https://api.p.example/base\"; auth = { kind = \"none\"; };\n"
	    "resources = ( { name = \"orders\"; table = \"o\"; path = \"/o\"; id = [\"id\"]; columns = ( ); "
	    "},\n"
	    "{ name = \"r\"; table = \"t\"; path = \"/orders/${parent.order}/items\"; records = \"d\"; id = "
	    "[\"id\"]; columns = ( ); parent = { resource = \"orders\"; keys = ( { name = \"order\"; column "
	    "= "
	    "\"id\"; } ); %s };\n" PARAMS PAGES "%s } );",
	    strstr(more, "changed") ? "changed_only = true;" : "", strstr(more, "changed") ? "" : more);
	fclose(f);
	if (registry_load_file(file, &reg, &err))
		fail_msg("%s", err.text);
	remove(file);
	return reg;
}

static struct bearings to_parent(const char *id, const char *keys)
{
	return (struct bearings){
	    .known = true, .parent = str_of(id), .keys = str_of(keys), .now_us = NOW_US + 7};
}

struct items_test {
	struct rig rig;
	struct registry *reg;
};

static void begin(struct items_test *t, const char *more)
{
	t->reg = declare_items(more);
	rig_init(&t->rig, find_in(t->reg, "p", "r"));
}

static void end(struct items_test *t)
{
	rig_done(&t->rig);
	registry_free(t->reg);
}

/* Which parent was walked last; NULL: the walk does not ask. */
static const char *asks_after(struct rig *rig)
{
	static struct buf after = {.max = 1000};
	buf_clear(&after);
	return walk_wants_bearings(&rig->walk, &after) ? buf_text(&after) : NULL;
}

static void goes_from_parent_to_parent(void **state)
{
	(void)state;
	struct items_test t;
	begin(&t, "");
	struct rig *rig = &t.rig;
	assert_string_equal(asks_after(rig), "");
	rig->walk.bearings = to_parent("o 1", "{\"order\":\"o 1\"}");
	assert_string_equal(ask(rig), ITEMS "o%201/items");
	const struct page *page = answer(rig, "{\"d\":[{\"id\":\"1\"}],\"n\":\"x\"}");
	assert_true(page->begins && page->whole && !page->parent_done);

	rig->walk.bearings = (struct bearings){0};
	assert_null(asks_after(rig));
	assert_string_equal(ask(rig), ITEMS "o%201/items?c=x");
	page = answer(rig, "{\"d\":[{\"id\":\"2\"}]}");
	assert_true(page->parent_done && !page->last && !page->begins);
	assert_string_equal(buf_text(&page->parent), "o 1");
	assert_int_equal(page->touched_us, 0);

	assert_string_equal(asks_after(rig), "o 1");
	rig->walk.bearings = to_parent("o2", "{\"order\":\"o2\"}");
	assert_string_equal(ask(rig), ITEMS "o2/items");
	assert_true(answer(rig, "{\"d\":[{\"id\":\"3\"}]}")->parent_done);
	assert_string_equal(asks_after(rig), "o2");

	rig->walk.bearings = (struct bearings){.known = true, .over = true, .now_us = NOW_US + 99};
	provider_over(&rig->walk, &rig->page);
	assert_true(rig->page.last && rig->page.parent_done && rig->page.whole && !rig->page.begins);
	assert_int_equal(rig->page.parent.n, 0);
	assert_int_equal(rig->page.touched_us, NOW_US + 7);
	assert_int_equal(rig->page.started_us, NOW_US);
	assert_string_equal(buf_text(&rig->ids), "1 2 3 ");
	end(&t);
}

static void no_parents_are_a_whole_walk(void **state)
{
	(void)state;
	struct items_test t;
	begin(&t, "");
	t.rig.walk.bearings = (struct bearings){.known = true, .over = true, .now_us = 5};
	provider_over(&t.rig.walk, &t.rig.page);
	assert_true(t.rig.page.last && t.rig.page.begins && t.rig.page.whole);
	assert_int_equal(t.rig.page.started_us, NOW_US);
	end(&t);
}

/* Everything of a parent that no walk has been through, whatever changed there before the watermark. */
static void new_parents_are_walked_whole(void **state)
{
	(void)state;
	struct items_test t;
	begin(&t, "incremental = { watermark = \"walk_start\"; };");
	t.rig.walk.incremental = true;
	t.rig.walk.watermark_us = NOW_US - DAY_US;
	t.rig.walk.bearings = to_parent("a", "{\"order\":\"a\"}");
	t.rig.walk.bearings.before = t.rig.walk.bearings.seen = true;
	assert_string_equal(ask(&t.rig), ITEMS "a/items?s=2026-11-17T11%3A06%3A40Z");
	assert_false(answer(&t.rig, "{\"d\":[]}")->whole);
	t.rig.walk.bearings = to_parent("b", "{\"order\":\"b\"}");
	t.rig.walk.bearings.before = true;
	assert_string_equal(ask(&t.rig), ITEMS "b/items");
	assert_false(answer(&t.rig, "{\"d\":[]}")->whole);
	end(&t);
}

static void walks_of_changed_parents_are_partial(void **state)
{
	(void)state;
	static const struct {
		bool incremental;
		bool before;
		bool whole;
	} cases[] = {{false, true, true}, {true, false, true}, {true, true, false}};
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct items_test t;
		begin(&t, "changed");
		t.rig.walk.incremental = cases[i].incremental;
		t.rig.walk.bearings = to_parent("a", "{\"order\":\"a\"}");
		t.rig.walk.bearings.before = cases[i].before;
		assert_int_equal(answer(&t.rig, "{\"d\":[]}")->whole, cases[i].whole);
		end(&t);
	}
}

static void needs_its_bearings(void **state)
{
	(void)state;
	struct items_test t;
	begin(&t, "");
	assert_int_equal(provider_next(&t.rig.walk, &t.rig.account, &t.rig.request, &t.rig.err), RC_INVALID);
	t.rig.walk.bearings = to_parent("a", "{\"other\":\"a\"}");
	assert_int_equal(provider_next(&t.rig.walk, &t.rig.account, &t.rig.request, &t.rig.err), RC_INVALID);
	assert_non_null(strstr(t.rig.err.text, "${parent.order}"));
	end(&t);
}

static void a_token_says_since_when(void **state)
{
	(void)state;
	struct rig rig;
	struct registry *reg = declare(
	    "params = ( { name = \"c\"; value = \"${cursor}\"; }, { name = \"t\"; value = \"${sync_token}\"; "
	    "},\n"
	    "{ name = \"all\"; value = \"1\"; when = \"full\"; } );\n"
	    "paging = { strategy = \"cursor\"; next = \"n\"; sync_token = \"s\"; };\n"
	    "incremental = { watermark = \"token\"; };");
	static const struct {
		bool incremental;
		const char *token;
		const char *url;
		bool whole;
	} cases[] = {
	    {true, "T 1", "https://api.p.example/base/r?t=T%201", false},
	    {true, "", "https://api.p.example/base/r?all=1", true},
	    {false, "T 1", "https://api.p.example/base/r?all=1", true},
	};
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		rig_init(&rig, find_in(reg, "p", "r"));
		rig.walk.incremental = cases[i].incremental;
		rig.walk.watermark_us = NOW_US - DAY_US;
		rig.walk.bearings = (struct bearings){.known = true,
		    .token = str_of(cases[i].token),
		    .before = cases[i].token[0] != 0,
		    .seen = cases[i].token[0] != 0};
		assert_string_equal(ask(&rig), cases[i].url);
		assert_int_equal(answer(&rig, "{\"d\":[],\"n\":\"x\"}")->whole, cases[i].whole);
		rig_done(&rig);
	}
	registry_free(reg);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(goes_from_parent_to_parent),
	    cmocka_unit_test(no_parents_are_a_whole_walk),
	    cmocka_unit_test(new_parents_are_walked_whole),
	    cmocka_unit_test(walks_of_changed_parents_are_partial),
	    cmocka_unit_test(needs_its_bearings),
	    cmocka_unit_test(a_token_says_since_when),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
