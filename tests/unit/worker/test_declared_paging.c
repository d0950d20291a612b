// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "walk_rig.h"

#define PP_URL "https://app.practicepanther.com/api/v2/contacts?$top=100&$skip="
#define BENCH_URL "http://127.0.0.1:8900/v1/accounts/acc%201%2Fx/contacts?limit=100"
#define ACME_URL "https://api.acme.example/api/v3/accounts/acc%201%2Fx/items?page="

static void bare_arrays_by_offset(void **state)
{
	(void)state;
	struct rig rig;
	rig_init(&rig, declarations_resource("practicepanther", "contacts"));
	assert_string_equal(ask(&rig), PP_URL "0&$orderby=id");
	assert_string_equal(rig.request.method, "GET");
	assert_int_equal(rig.request.timeout_ms, 60000);
	assert_null(rig.request.body.p);
	assert_false(rig.request.cursor_sent);
	assert_true(has_header(&rig, "Authorization: Bearer tok"));
	assert_true(has_header(&rig, "Accept: application/json"));
	assert_int_equal(rig.request.nheaders, 2);
	const struct page *page = answer(&rig, "[{\"id\":\"a\"},{\"id\":\"b\"}]");
	assert_int_equal(page->verdict.class, VERDICT_OK);
	assert_false(page->last);
	assert_int_equal(page->records, 2);
	assert_int_equal(page->total, -1);
	assert_string_equal(ask(&rig), PP_URL "2&$orderby=id");
	page = answer(&rig, "[{\"id\":\"c\"}]");
	assert_false(page->last);
	assert_string_equal(ask(&rig), PP_URL "3&$orderby=id");
	page = answer(&rig, " [ ] ");
	assert_true(page->last);
	assert_int_equal(page->verdict.class, VERDICT_OK);
	assert_int_equal(page->watermark_us, NOW_US);
	assert_string_equal(buf_text(&rig.ids), "a b c ");
	rig_done(&rig);
}

static void cursors_are_followed(void **state)
{
	(void)state;
	struct rig rig;
	rig_init(&rig, declarations_resource("bench", "contacts"));
	assert_string_equal(ask(&rig), BENCH_URL);
	assert_false(rig.request.cursor_sent);
	answer(&rig, "{\"data\":[{\"id\":\"1\"}],\"next_cursor\":\"a+b\\/c=\"}");
	assert_string_equal(ask(&rig), BENCH_URL "&cursor=a%2Bb%2Fc%3D");
	assert_true(rig.request.cursor_sent);
	/* Pages may be short or empty in between, and a cursor may be a number. */
	assert_false(answer(&rig, "{\"next_cursor\":200,\"data\":[]}")->last);
	assert_string_equal(ask(&rig), BENCH_URL "&cursor=200");
	const struct page *page = answer(&rig, "{\"data\":[{\"id\":\"2\"}],\"next_cursor\":null}");
	assert_true(page->last);
	assert_int_equal(page->watermark_us, 0);
	assert_string_equal(buf_text(&rig.ids), "1 2 ");
	rig_done(&rig);
}

static void links_are_followed_on_the_same_host_only(void **state)
{
	(void)state;
	static const struct {
		const char *link, *url; /* NULL: refused */
	} cases[] = {
	    {"https://api.p.example/x?page=2", "https://api.p.example/x?page=2"},
	    {"HTTPS://API.p.example/x?page=2", "https://api.p.example/x?page=2"},
	    {"/x?page=2", "https://api.p.example/x?page=2"},
	    {"https://evil.example/x", NULL},
	    {"https://api.p.example.evil.example/x", NULL},
	    {"https://api.p.example@evil.example/x", NULL},
	    {"http://api.p.example/x", NULL},
	    {"//evil.example/x", NULL},
	    {"x?page=2", NULL},
	    {"https://api.p.example/x y", NULL},
	};
	struct registry *reg = declare("paging = { strategy = \"link\"; next = \"n\"; };");
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct rig rig;
		char *body = mem_printf("{\"d\":[{\"id\":1}],\"n\":\"%s\"}", cases[i].link);
		rig_init(&rig, find_in(reg, "p", "r"));
		assert_string_equal(ask(&rig), "https://api.p.example/base/r");
		assert_false(answer(&rig, body)->last);
		enum rc rc = provider_next(&rig.walk, &rig.account, &rig.request, &rig.err);
		if (rc != (cases[i].url ? RC_OK : RC_INVALID))
			fail_msg("%s: %d", cases[i].link, rc);
		if (cases[i].url)
			assert_string_equal(rig.request.url, cases[i].url);
		free(body);
		rig_done(&rig);
	}
	registry_free(reg);
}

static void links_may_come_in_a_header(void **state)
{
	(void)state;
	static const struct {
		const char *value;
		const char *url; /* NULL: the last page */
	} cases[] = {
	    {"<https://api.p.example/a>; rel=\"next\"", "https://api.p.example/a"},
	    {"<https://api.p.example/b>; rel=\"prev\", <https://api.p.example/a>; rel=\"next\"",
	        "https://api.p.example/a"},
	    {"<https://api.p.example/b>; rel=\"last\"", NULL},
	    {"<https://api.p.example/b", NULL},
	    {"", NULL},
	};
	struct registry *reg = declare("paging = { strategy = \"link\"; next_header = \"Link\"; };");
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct rig rig;
		struct http_header header = {STR("link"), str_of(cases[i].value)};
		rig_init(&rig, find_in(reg, "p", "r"));
		bool last = answer_with(&rig, 200, &header, "{\"d\":[{\"id\":1}]}")->last;
		assert_int_equal(last, cases[i].url == NULL);
		if (!last)
			assert_string_equal(ask(&rig), cases[i].url);
		rig_done(&rig);
	}
	registry_free(reg);
}

static void numbered_pages_until_the_total(void **state)
{
	(void)state;
	struct rig rig;
	rig_init(&rig, declarations_resource("acme", "items"));
	assert_string_equal(ask(&rig), ACME_URL "1&per_page=50");
	assert_true(has_header(&rig, "X-Api-Key: tok"));
	const struct page *page = answer(&rig,
	    "{\"meta\":{\"total\":3},\"result\":{\"items\":["
	    "{\"warehouse\":{\"code\":\"W\"},\"sku\":\"a\",\"modified_ms\":1794999000000},"
	    "{\"warehouse\":{\"code\":\"W\"},\"sku\":\"b\",\"modified_ms\":\"1794999500000\"}]}}");
	assert_int_equal(page->total, 3);
	assert_false(page->last);
	assert_string_equal(ask(&rig), ACME_URL "2&per_page=50");
	page = answer(&rig, "{\"meta\":{\"total\":3},\"result\":{\"items\":["
	                    "{\"warehouse\":{\"code\":\"W\"},\"sku\":\"c\",\"modified_ms\":null}]}}");
	assert_true(page->last);
	assert_int_equal(page->watermark_us, INT64_C(1794999500000000));
	rig.walk.cursor = (struct str){0};
	rig.walk.incremental = true;
	rig.walk.watermark_us = INT64_C(1794999500000000);
	assert_string_equal(ask(&rig), ACME_URL "1&per_page=50&modified_after=1794999440000");
	rig_done(&rig);
}

static void stop_rules(void **state)
{
	(void)state;
	static const struct {
		const char *paging;
		const char *body;
		bool last;
	} cases[] = {
	    {"stop = \"short_page\"", "{\"d\":[{\"id\":1}]}", true},
	    {"stop = \"short_page\"", "{\"d\":[{\"id\":1},{\"id\":2}]}", false},
	    {"stop = \"empty_page\"", "{\"d\":[{\"id\":1}]}", false},
	    {"stop = \"empty_page\"", "{\"d\":[]}", true},
	    {"stop = \"empty_page\"", "{}", true},
	    {"stop = \"more_flag\"; more = \"m\"", "{\"d\":[{\"id\":1}],\"m\":true}", false},
	    {"stop = \"more_flag\"; more = \"m\"", "{\"d\":[{\"id\":1}],\"m\":\"true\"}", false},
	    {"stop = \"more_flag\"; more = \"m\"", "{\"d\":[{\"id\":1}],\"m\":false}", true},
	    {"stop = \"more_flag\"; more = \"m\"", "{\"d\":[{\"id\":1}]}", true},
	    {"stop = \"more_flag\"; more = \"m\"", "{\"d\":[],\"m\":true}", false},
	    {"stop = \"more_flag\"; more = \"m\"", "{\"d\":[],\"m\":false}", true},
	    {"stop = \"more_flag\"; more = \"m\"", "{\"d\":[]}", true},
	    {"stop = \"total\"; total = \"m\"", "{\"d\":[{\"id\":1}],\"m\":2}", false},
	    {"stop = \"total\"; total = \"m\"", "{\"d\":[{\"id\":1}],\"m\":1}", true},
	    {"stop = \"total\"; total = \"m\"", "{\"d\":[{\"id\":1}],\"m\":\"1\"}", true},
	    {"stop = \"total\"; total = \"m\"", "{\"d\":[{\"id\":1}]}", false},
	    {"stop = \"total\"; total = \"m\"", "{\"d\":[],\"m\":3}", false},
	    {"stop = \"total\"; total = \"m\"", "{\"d\":[],\"m\":2}", true},
	    {"stop = \"total\"; total = \"m\"", "{\"d\":[],\"m\":0}", true},
	    {"stop = \"total\"; total = \"m\"", "{\"d\":[]}", true},
	    {"stop = \"total\"; total = \"m\"", "{\"d\":[{\"id\":1},{\"id\":2},{\"id\":2}],\"m\":3}", false},
	};
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct rig rig;
		char *text = mem_printf("paging = { strategy = \"page\"; size = 2; %s; };\n"
		                        "params = ( { name = \"p\"; value = \"${page.number}\"; } );",
		    cases[i].paging);
		struct registry *reg = declare(text);
		rig_init(&rig, find_in(reg, "p", "r"));
		const struct page *page = answer(&rig, cases[i].body);
		assert_int_equal(page->verdict.class, VERDICT_OK);
		if (page->last != cases[i].last)
			fail_msg("%s with %s", cases[i].paging, cases[i].body);
		rig_done(&rig);
		registry_free(reg);
		free(text);
	}
}

#define BY_OFFSET(more)                                                                                      \
	"params = ( { name = \"o\"; value = \"${page.offset}\"; } ); paging = { strategy = \"offset\"; "     \
	"size = 2; " more "};"

static void rows_that_come_twice_hide_none(void **state)
{
	(void)state;
	struct rig rig;
	struct registry *reg = declare(BY_OFFSET("stop = \"total\"; total = \"m\";"));
	rig_init(&rig, find_in(reg, "p", "r"));
	assert_false(answer(&rig, "{\"d\":[{\"id\":1},{\"id\":2},{\"id\":2}],\"m\":3}")->last);
	assert_string_equal(ask(&rig), "https://api.p.example/base/r?o=2");
	assert_true(answer(&rig, "{\"d\":[{\"id\":3}],\"m\":3}")->last);
	rig_done(&rig);
	registry_free(reg);
}

static void empty_pages_are_passed_by_but_not_for_ever(void **state)
{
	(void)state;
	struct rig rig;
	struct registry *reg = declare(BY_OFFSET("stop = \"more_flag\"; more = \"m\";"));
	rig_init(&rig, find_in(reg, "p", "r"));
	for (int i = 0; i < 999; i++)
		assert_false(answer(&rig, "{\"d\":[],\"m\":true}")->last);
	assert_string_equal(ask(&rig), "https://api.p.example/base/r?o=1998");
	assert_false(answer(&rig, "{\"d\":[{\"id\":1}],\"m\":true}")->last);
	for (int i = 0; i < 999; i++)
		assert_int_equal(answer(&rig, "{\"d\":[],\"m\":true}")->verdict.class, VERDICT_OK);
	const struct page *page = answer(&rig, "{\"d\":[],\"m\":true}");
	assert_int_equal(page->verdict.class, VERDICT_STALLED);
	assert_string_equal(page->verdict.reason, "1000 pages without a record, and still more to come");
	rig_done(&rig);
	registry_free(reg);
}

static void the_first_page_is_known_again(void **state)
{
	(void)state;
	struct rig rig;
	struct registry *reg = declare(BY_OFFSET("stop = \"empty_page\";"));
	rig_init(&rig, find_in(reg, "p", "r"));
	for (int i = 1; i < 7; i++) {
		AUTO(mem_free_ptr) char *body = mem_printf("{\"d\":[{\"id\":%d}]}", i);
		assert_int_equal(answer(&rig, body)->verdict.class, VERDICT_OK);
	}
	const struct page *page = answer(&rig, "{\"d\":[{\"id\":1}]}");
	assert_int_equal(page->verdict.class, VERDICT_STALLED);
	rig_done(&rig);
	registry_free(reg);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(rows_that_come_twice_hide_none),
	    cmocka_unit_test(empty_pages_are_passed_by_but_not_for_ever),
	    cmocka_unit_test(the_first_page_is_known_again),
	    cmocka_unit_test(bare_arrays_by_offset),
	    cmocka_unit_test(cursors_are_followed),
	    cmocka_unit_test(links_are_followed_on_the_same_host_only),
	    cmocka_unit_test(links_may_come_in_a_header),
	    cmocka_unit_test(numbered_pages_until_the_total),
	    cmocka_unit_test(stop_rules),
	};

	return cmocka_run_group_tests(tests, declarations_load, declarations_unload);
}
