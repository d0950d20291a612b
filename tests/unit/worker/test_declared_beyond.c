// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "walk_rig.h"

#define MINUTE_US INT64_C(60000000)
#define LIST_URL "https://api.p.example/base/r"

#define CAPPED                                                                                               \
	"paging = { strategy = \"cursor\"; size = 2; next = \"n\"; cap = 4; cap_action = \"by_key\"; };\n"
#define OWN_PARAMS "params = ( { name = \"c\"; value = \"${cursor}\"; } );\n"
#define BEYOND(more)                                                                                         \
	"beyond = { method = \"POST\"; path = \"/query\"; records = \"rows\"; params = (\n"                  \
	"{ in = \"body\"; name = \"q\"; value = \"id > ${after} limit ${page.size}\"; when = \"full\"; },\n" \
	"{ in = \"body\"; name = \"q\"; value = \"id > ${after} since ${since}\"; when = \"incremental\"; "  \
	"} );\n"                                                                                             \
	"paging = { strategy = \"key\"; key = \"id\"; size = 3; " more " }; };"

struct beyond_test {
	struct rig rig;
	struct registry *reg;
};

static void begin(struct beyond_test *b, const char *resource)
{
	b->reg = declare(resource);
	rig_init(&b->rig, find_in(b->reg, "p", "r"));
}

static void end(struct beyond_test *b)
{
	rig_done(&b->rig);
	registry_free(b->reg);
}

/* To the cap: records 1 to 4. */
static void walk_to_the_cap(struct rig *rig)
{
	assert_string_equal(ask(rig), LIST_URL);
	answer(rig, "{\"d\":[{\"id\":\"1\"},{\"id\":\"2\"}],\"n\":\"x\"}");
	assert_string_equal(ask(rig), LIST_URL "?c=x");
	const struct page *page = answer(rig, "{\"d\":[{\"id\":\"3\"},{\"id\":\"4\"}],\"n\":\"y\"}");
	assert_int_equal(page->verdict.class, VERDICT_OK);
	assert_int_equal(page->records, 2);
	assert_false(page->last);
}

static void asks(struct rig *rig, const char *body)
{
	assert_string_equal(ask(rig), "https://api.p.example/base/query");
	assert_string_equal(rig->request.method, "POST");
	assert_int_equal(rig->request.body.n, strlen(body));
	assert_memory_equal(rig->request.body.p, body, rig->request.body.n);
	assert_false(rig->request.cursor_sent);
	assert_true(has_header(rig, "Content-Type: application/json"));
}

static void the_rest_comes_by_key(void **state)
{
	(void)state;
	struct beyond_test b;
	begin(&b, OWN_PARAMS CAPPED BEYOND(""));
	walk_to_the_cap(&b.rig);
	asks(&b.rig, "{\"q\":\"id > 4 limit 3\"}");
	assert_false(answer(&b.rig, "{\"rows\":[{\"id\":\"5\"},{\"id\":\"6\"},{\"id\":\"8\"}]}")->last);
	asks(&b.rig, "{\"q\":\"id > 8 limit 3\"}");
	const struct page *page = answer(&b.rig, "{\"rows\":[{\"id\":9}]}");
	assert_true(page->last);
	assert_int_equal(page->verdict.class, VERDICT_OK);
	assert_string_equal(buf_text(&b.rig.ids), "1 2 3 4 5 6 8 9 ");
	end(&b);
}

/* The provider's own word for it, before ours. */
static void a_refusal_leads_beyond_too(void **state)
{
	(void)state;
	struct beyond_test b;
	begin(&b, OWN_PARAMS CAPPED BEYOND("") "verdicts = ( { status = [400]; path = \"code\"; equals = "
	                                       "[\"LIMIT\"]; class = \"cap\"; } );");
	answer(&b.rig, "{\"d\":[{\"id\":\"1\"},{\"id\":\"2\"}],\"n\":\"x\"}");
	const struct page *page = answer_with(&b.rig, 400, NULL, "{\"code\":\"LIMIT\"}");
	assert_int_equal(page->verdict.class, VERDICT_OK);
	assert_false(page->last);
	assert_int_equal(page->records, 0);
	asks(&b.rig, "{\"q\":\"id > 2 limit 3\"}");
	/* There is no second way. */
	assert_int_equal(answer_with(&b.rig, 400, NULL, "{\"code\":\"LIMIT\"}")->verdict.class, VERDICT_CAP);
	end(&b);
}

/* Nothing was seen yet, so there is no key to go on after. */
static void without_a_key_a_cap_is_an_error(void **state)
{
	(void)state;
	struct beyond_test b;
	begin(&b, OWN_PARAMS CAPPED BEYOND(
	              "") "verdicts = ( { status = [400]; class = \"cap\"; reason = \"too many\"; } );");
	const struct page *page = answer_with(&b.rig, 400, NULL, "{}");
	assert_int_equal(page->verdict.class, VERDICT_CAP);
	assert_string_equal(page->verdict.reason, "HTTP 400: too many");
	end(&b);
}

static void changes_beyond_the_cap(void **state)
{
	(void)state;
	struct beyond_test b;
	begin(&b,
	    "params = ( { name = \"c\"; value = \"${cursor}\"; }, { name = \"s\"; value = \"${since}\"; } "
	    ");\n"
	    "incremental = { watermark = \"walk_start\"; format = \"rfc3339_offset\"; };\n"
	    "deletion = { strategy = \"feed\"; path = \"/gone\"; id = [\"id\"]; };\n" CAPPED BEYOND(""));
	b.rig.walk.incremental = true;
	b.rig.walk.watermark_us = NOW_US - MINUTE_US;
	answer(&b.rig, "{\"d\":[{\"id\":\"1\"},{\"id\":\"2\"}],\"n\":\"x\"}");
	answer(&b.rig, "{\"d\":[{\"id\":\"3\"},{\"id\":\"4\"}],\"n\":\"y\"}");
	asks(&b.rig, "{\"q\":\"id > 4 since 2026-11-18T11:05:40+00:00\"}");
	/* And then the feed. */
	assert_false(answer_with(&b.rig, 204, NULL, "")->last);
	assert_string_equal(ask(&b.rig), "https://api.p.example/base/gone");
	end(&b);
}

static void a_key_that_does_not_move_is_stalled(void **state)
{
	(void)state;
	static const char *const answers[] = {
	    "{\"rows\":[{\"id\":\"2\"},{\"id\":\"3\"},{\"id\":\"4\"}]}",
	    "{\"rows\":[{\"id\":\"5\"},{\"id\":\"6\"},{\"id\":null}]}",
	    "{\"rows\":[{\"id\":\"5\"},{\"id\":\"6\"},{}]}",
	};
	for (size_t i = 0; i < ARRAY_SIZE(answers); i++) {
		struct beyond_test b;
		begin(&b, OWN_PARAMS CAPPED BEYOND(""));
		walk_to_the_cap(&b.rig);
		assert_int_equal(answer(&b.rig, answers[i])->verdict.class, VERDICT_STALLED);
		end(&b);
	}
}

#define KEYS_PARAMS                                                                                          \
	"params = ( { name = \"c\"; value = \"${cursor}\"; }, { name = \"ids\"; value = \"${keys}\"; } );\n"

static void keys_first_and_then_their_records(void **state)
{
	(void)state;
	struct beyond_test b;
	struct rig *rig = &b.rig;
	begin(&b, KEYS_PARAMS CAPPED BEYOND(""));
	walk_to_the_cap(rig);
	asks(rig, "{\"q\":\"id > 4 limit 3\"}");
	const struct page *page = answer(rig, "{\"rows\":[{\"id\":\"5\"},{\"id\":\"6\"},{\"id\":\"8\"}]}");
	assert_int_equal(page->records, 0);
	assert_string_equal(ask(rig), LIST_URL "?ids=5%2C6%2C8");
	assert_string_equal(rig->request.method, "GET");
	/* The provider's own order, and one of them is gone by now. */
	page = answer(rig, "{\"d\":[{\"id\":\"8\"},{\"id\":\"5\"}]}");
	assert_int_equal(page->records, 2);
	assert_false(page->last);
	asks(rig, "{\"q\":\"id > 8 limit 3\"}");
	answer(rig, "{\"rows\":[{\"id\":\"9\"}]}");
	assert_string_equal(ask(rig), LIST_URL "?ids=9");
	assert_false(answer_with(rig, 204, NULL, "")->last);
	asks(rig, "{\"q\":\"id > 9 limit 3\"}");
	assert_true(answer_with(rig, 204, NULL, "")->last);
	assert_string_equal(buf_text(&rig->ids), "1 2 3 4 8 5 ");
	end(&b);
}

static void a_key_that_looks_like_two_is_refused(void **state)
{
	(void)state;
	struct beyond_test b;
	begin(&b, KEYS_PARAMS CAPPED BEYOND(""));
	walk_to_the_cap(&b.rig);
	assert_int_equal(
	    answer(&b.rig, "{\"rows\":[{\"id\":\"5\"},{\"id\":\"6,7\"}]}")->verdict.class, VERDICT_PERMANENT);
	end(&b);
}

static void keys_may_be_a_resource_s_own_paging(void **state)
{
	(void)state;
	struct beyond_test b;
	begin(&b, "params = ( { name = \"starting_after\"; value = \"${after}\"; } );\n"
	          "paging = { strategy = \"key\"; key = \"id\"; stop = \"more_flag\"; more = \"m\"; };");
	assert_string_equal(ask(&b.rig), LIST_URL);
	answer(&b.rig, "{\"d\":[{\"id\":\"a\"},{\"id\":\"b\\u0062\"}],\"m\":true}");
	assert_string_equal(ask(&b.rig), LIST_URL "?starting_after=bb");
	assert_true(answer(&b.rig, "{\"d\":[{\"id\":\"c\"}],\"m\":false}")->last);
	end(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_rest_comes_by_key),
	    cmocka_unit_test(a_refusal_leads_beyond_too),
	    cmocka_unit_test(without_a_key_a_cap_is_an_error),
	    cmocka_unit_test(changes_beyond_the_cap),
	    cmocka_unit_test(a_key_that_does_not_move_is_stalled),
	    cmocka_unit_test(keys_first_and_then_their_records),
	    cmocka_unit_test(a_key_that_looks_like_two_is_refused),
	    cmocka_unit_test(keys_may_be_a_resource_s_own_paging),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
