// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"

#include <setjmp.h>
#include <cmocka.h>

#include "base/json.h"
#include "provider.h"

#define NOW_US INT64_C(1795000000000000) /* 2026-11-18T11:06:40Z */
#define DAY_US INT64_C(86400000000)

static struct registry *shipped, *fixtures;

static int load(void **state)
{
	(void)state;
	return registry_load("common/providers", &shipped, NULL) ||
	       registry_load("tests/fixtures/declarations", &fixtures, NULL);
}

static int unload(void **state)
{
	(void)state;
	registry_free(shipped);
	registry_free(fixtures);
	return 0;
}

static const struct resource *find_in(const struct registry *reg, const char *provider, const char *resource)
{
	const struct provider *p = registry_find_provider(reg, str_of(provider));
	return p ? provider_find_resource(p, str_of(resource)) : NULL;
}

/* A declaration of one resource, for what no real one uses. */
static struct registry *declare(const char *resource)
{
	char file[] = "/tmp/declared-XXXXXX";
	FILE *f = fdopen(mkstemp(file), "w");
	struct registry *reg = NULL;
	struct err err = {0};
	assert_non_null(f);
	fprintf(f,
	    "name = \"p\"; base_url = \"https://api.p.example/base\"; auth = { kind = \"none\"; };\n"
	    "resources = ( { name = \"r\"; table = \"t\"; path = \"/r\"; records = \"d\"; id = [\"id\"];\n"
	    "columns = ( { name = \"at\"; path = \"at\"; type = \"timestamp\"; } ); %s } );",
	    resource);
	fclose(f);
	if (registry_load_file(file, &reg, &err))
		fail_msg("%s", err.text);
	remove(file);
	return reg;
}

/* ---- a walk in the hands of a test ---- */

struct rig {
	struct walk walk;
	struct account account;
	struct provider_request request;
	struct page page;
	struct buf cursor;
	struct buf ids; /* raw ids of all records, separated by spaces */
	struct err err;
};

static void rig_init(struct rig *rig, const struct resource *r)
{
	assert_non_null(r);
	*rig = (struct rig){
	    .walk = {.provider = r->provider, .resource = r, .now_us = NOW_US},
	    .account = {.external_id = STR("acc 1/x"), .access_token = STR("tok")},
	    .cursor = BUF(1 << 16),
	    .ids = BUF(1 << 20),
	};
}

static void rig_done(struct rig *rig)
{
	provider_request_done(&rig->request);
	page_done(&rig->page);
	buf_done(&rig->cursor);
	buf_done(&rig->ids);
	json_object_put(rig->account.settings);
}

static enum rc gather(void *user, struct str raw, const struct slice *fields)
{
	struct rig *rig = user;
	assert_int_equal(raw.p[0], '{');
	buf_add_str(&rig->ids, slice_str(fields[0]));
	buf_add_char(&rig->ids, ' ');
	return RC_OK;
}

static const char *ask(struct rig *rig)
{
	if (provider_next(&rig->walk, &rig->account, &rig->request, &rig->err))
		fail_msg("%s", rig->err.text);
	return rig->request.url;
}

/* Answers the last request and moves the walk on when it goes on. */
static const struct page *answer_with(
    struct rig *rig, int status, const struct http_header *header, const char *text)
{
	AUTO(buf_done) struct buf body = BUF(1 << 20);
	struct http_response res = {status, &body, header, header ? 1 : 0, 5};
	buf_add_text(&body, text);
	provider_page(&rig->walk, &res, gather, rig, &rig->page);
	if (!rig->page.verdict.class && !rig->page.last) {
		buf_clear(&rig->cursor);
		buf_add_str(&rig->cursor, buf_str(&rig->page.cursor));
		rig->walk.cursor = buf_str(&rig->cursor);
		rig->walk.now_us += 1000000;
	}
	return &rig->page;
}

static const struct page *answer(struct rig *rig, const char *text)
{
	return answer_with(rig, 200, NULL, text);
}

static bool has_header(const struct rig *rig, const char *line)
{
	for (size_t i = 0; i < rig->request.nheaders; i++)
		if (strcmp(rig->request.headers[i], line) == 0)
			return true;
	return false;
}

/* ---- offset ---- */

#define PP_URL "https://app.practicepanther.com/api/v2/contacts?$top=100&$skip="

static void bare_arrays_by_offset(void **state)
{
	(void)state;
	struct rig rig;
	rig_init(&rig, find_in(shipped, "practicepanther", "contacts"));
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

static void incremental_walks_ask_for_what_changed(void **state)
{
	(void)state;
	struct rig rig;
	rig_init(&rig, find_in(shipped, "practicepanther", "contacts"));
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

static void a_full_walk_ignores_the_watermark(void **state)
{
	(void)state;
	struct rig rig;
	rig_init(&rig, find_in(shipped, "practicepanther", "contacts"));
	rig.walk.watermark_us = NOW_US - DAY_US;
	assert_string_equal(ask(&rig), PP_URL "0&$orderby=id");
	rig_done(&rig);
}

static void the_origin_can_be_replaced(void **state)
{
	(void)state;
	struct rig rig;
	rig_init(&rig, find_in(shipped, "practicepanther", "contacts"));
	rig.walk.origin = STR("http://127.0.0.1:9000");
	assert_string_equal(ask(&rig), "http://127.0.0.1:9000/api/v2/contacts?$top=100&$skip=0&$orderby=id");
	assert_true(has_header(&rig, "Authorization: Bearer tok"));
	rig_done(&rig);
}

/* ---- cursor ---- */

#define BENCH_URL "http://127.0.0.1:8900/v1/accounts/acc%201%2Fx/contacts?limit=100"

static void cursors_are_followed(void **state)
{
	(void)state;
	struct rig rig;
	rig_init(&rig, find_in(shipped, "bench", "contacts"));
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

/* ---- page numbers and an envelope ---- */

#define ACME_URL "https://api.acme.example/api/v3/accounts/acc%201%2Fx/items?page="

static void numbered_pages_until_the_total(void **state)
{
	(void)state;
	struct rig rig;
	rig_init(&rig, find_in(fixtures, "acme", "items"));
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

static void a_walk_without_records_keeps_the_watermark(void **state)
{
	(void)state;
	struct rig rig;
	rig_init(&rig, find_in(fixtures, "acme", "items"));
	const struct page *page = answer(&rig, "{\"meta\":{\"total\":0},\"result\":{\"items\":[]}}");
	assert_true(page->last);
	assert_int_equal(page->watermark_us, 0);
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
	    {"stop = \"more_flag\"; more = \"m\"", "{\"d\":[],\"m\":true}", true},
	    {"stop = \"total\"; total = \"m\"", "{\"d\":[{\"id\":1}],\"m\":2}", false},
	    {"stop = \"total\"; total = \"m\"", "{\"d\":[{\"id\":1}],\"m\":1}", true},
	    {"stop = \"total\"; total = \"m\"", "{\"d\":[{\"id\":1}],\"m\":\"1\"}", true},
	    {"stop = \"total\"; total = \"m\"", "{\"d\":[{\"id\":1}]}", false},
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

/* ---- loops and limits ---- */

static void a_repeated_page_is_stalled(void **state)
{
	(void)state;
	struct rig rig;
	rig_init(&rig, find_in(shipped, "practicepanther", "tasks"));
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
	rig_init(&rig, find_in(shipped, "practicepanther", "tasks"));
	answer(&rig, "[{\"id\":null}]");
	assert_int_equal(answer(&rig, "[{\"id\":null}]")->verdict.class, VERDICT_OK);
	rig_done(&rig);
}

/* Pages go round in a circle of `length`; it has to be noticed within a few rounds. */
static void assert_circle_ends(bool empty, int length)
{
	struct rig rig;
	rig_init(&rig, find_in(shipped, "bench", "contacts"));
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
	rig_init(&rig, find_in(shipped, "bench", "contacts"));
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

/* ---- watermarks ---- */

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

/* ---- what goes wrong ---- */

static void bad_bodies_are_permanent(void **state)
{
	(void)state;
	static const char *const bad[] = {"", "<html>", "{\"data\":[{\"id\":\"1\"}]",
	    "{\"data\":[{\"id\":\"1\"}]}}", "{\"data\":{}}", "{\"data\":5}",
	    "{\"data\":[{\"id\":\"\\ud800\"}]}", "{\"data\":[],\"next_cursor\":{}}",
	    "{\"data\":[],\"next_cursor\":true}"};
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct rig rig;
		rig_init(&rig, find_in(shipped, "bench", "contacts"));
		const struct page *page = answer(&rig, bad[i]);
		if (page->verdict.class != VERDICT_PERMANENT || !page->verdict.reason[0])
			fail_msg("%s is %s", bad[i], verdict_class_name(page->verdict.class));
		assert_int_equal(page->cursor.n, 0);
		rig_done(&rig);
	}
}

static enum rc refuse(void *user, struct str raw, const struct slice *fields)
{
	(void)user, (void)raw, (void)fields;
	return RC_LIMIT;
}

static void a_refused_record_ends_the_page(void **state)
{
	(void)state;
	struct rig rig;
	AUTO(buf_done) struct buf body = BUF(100);
	struct http_response res = {200, &body, NULL, 0, 0};
	buf_add_text(&body, "[{\"id\":\"a\"}]");
	rig_init(&rig, find_in(shipped, "practicepanther", "tasks"));
	provider_page(&rig.walk, &res, refuse, NULL, &rig.page);
	assert_int_equal(rig.page.verdict.class, VERDICT_PERMANENT);
	rig_done(&rig);
}

static void errors_leave_the_cursor_alone(void **state)
{
	(void)state;
	struct rig rig;
	rig_init(&rig, find_in(shipped, "practicepanther", "tasks"));
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
		rig_init(&rig, find_in(shipped, "practicepanther", "tasks"));
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
		rig_init(&rig, find_in(shipped, "practicepanther", "tasks"));
		rig.walk.cursor = str_of(cursors[i]);
		assert_int_equal(
		    provider_next(&rig.walk, &rig.account, &rig.request, &rig.err), RC_NOT_FOUND);
		assert_int_equal(answer(&rig, "[]")->verdict.class, VERDICT_CURSOR);
		rig_done(&rig);
	}
}

static void an_account_without_what_is_needed_is_refused(void **state)
{
	(void)state;
	struct rig rig;
	rig_init(&rig, find_in(shipped, "bench", "contacts"));
	rig.account.external_id = (struct str){0};
	assert_int_equal(provider_next(&rig.walk, &rig.account, &rig.request, &rig.err), RC_INVALID);
	assert_non_null(strstr(rig.err.text, "bench.contacts needs ${connection.external_id}"));
	rig.account.external_id = STR("1");
	rig.account.access_token = (struct str){0};
	assert_int_equal(provider_next(&rig.walk, &rig.account, &rig.request, &rig.err), RC_INVALID);
	rig.account.access_token = STR("a\r\nX-Injected: 1");
	assert_int_equal(provider_next(&rig.walk, &rig.account, &rig.request, &rig.err), RC_INVALID);
	assert_null(strstr(rig.err.text, "Injected"));
	rig.account.access_token = STR("good");
	assert_string_equal(ask(&rig), "http://127.0.0.1:8900/v1/accounts/1/contacts?limit=100");
	rig_done(&rig);
}

/* ---- settings, data centres, bodies ---- */

static void data_centres_and_settings_shape_the_url(void **state)
{
	(void)state;
	struct rig rig;
	rig_init(&rig, find_in(fixtures, "amazon", "inventory"));
	assert_int_equal(provider_next(&rig.walk, &rig.account, &rig.request, &rig.err), RC_INVALID);
	rig.account.settings = json_tokener_parse("{\"marketplace_id\":\"A&B\"}");
	assert_string_equal(ask(&rig),
	    "https://sellingpartnerapi-na.amazon.com/fba/inventory/v1/summaries?details=true"
	    "&granularityType=Marketplace&granularityId=A%26B&marketplaceIds=A%26B");
	assert_true(has_header(&rig, "x-amz-access-token: tok"));
	json_object_object_add(rig.account.settings, "region", json_object_new_string("eu"));
	assert_true(str_starts(str_of(ask(&rig)), STR("https://sellingpartnerapi-eu.amazon.com/")));
	json_object_object_add(rig.account.settings, "region", json_object_new_string("evil.example/"));
	assert_int_equal(provider_next(&rig.walk, &rig.account, &rig.request, &rig.err), RC_INVALID);
	rig_done(&rig);
}

static void zoho_names_its_fields(void **state)
{
	(void)state;
	struct rig rig;
	struct resource leads = *find_in(fixtures, "zoho", "leads");
	leads.paging.cap_action = CAP_FAIL; /* going on by id is not done yet */
	rig_init(&rig, &leads);
	rig.walk.incremental = true;
	rig.walk.watermark_us = NOW_US;
	assert_string_equal(ask(&rig),
	    "https://www.zohoapis.com/crm/v8/"
	    "Leads?fields=Last_Name%2CCompany%2CEmail%2COwner%2CAnnual_Revenue%2C"
	    "Created_Time%2CModified_Time&per_page=200&sort_by=id&sort_order=asc&converted=both");
	assert_true(has_header(&rig, "Authorization: Zoho-oauthtoken tok"));
	assert_true(has_header(&rig, "If-Modified-Since: 2026-11-18T11:01:40Z"));
	rig_done(&rig);
}

static void bodies_are_json_or_forms(void **state)
{
	(void)state;
	static const struct {
		const char *format, *body, *header;
	} cases[] = {
	    {"json", "{\"q\":\"a \\\"b\\\" acc 1/x\"}", "Content-Type: application/json"},
	    {"form", "q=a%20%22b%22%20acc%201%2Fx", "Content-Type: application/x-www-form-urlencoded"},
	};
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct rig rig;
		char *text = mem_printf(
		    "method = \"POST\"; body = \"%s\"; params = ("
		    " { in = \"body\"; name = \"q\"; value = \"a \\\"b\\\" ${connection.external_id}\"; },"
		    " { in = \"body\"; name = \"since\"; value = \"${since}\"; } );",
		    cases[i].format);
		struct registry *reg = declare(text);
		rig_init(&rig, find_in(reg, "p", "r"));
		assert_string_equal(ask(&rig), "https://api.p.example/base/r");
		assert_string_equal(rig.request.method, "POST");
		assert_true(str_is(rig.request.body, cases[i].body));
		assert_true(has_header(&rig, cases[i].header));
		rig_done(&rig);
		registry_free(reg);
		free(text);
	}
}

static void says_what_it_cannot_do(void **state)
{
	(void)state;
	static const char *const cannot[][2] = {{"gmail", "messages"}, {"google_calendar", "events"},
	    {"amazon", "orders"}, {"amazon", "order_items"}, {"amazon", "financial_events"},
	    {"highlevel", "call_logs"}, {"zoho", "leads"}};
	for (size_t i = 0; i < ARRAY_SIZE(cannot); i++) {
		struct rig rig;
		rig_init(&rig, find_in(fixtures, cannot[i][0], cannot[i][1]));
		assert_int_equal(provider_supported(rig.walk.resource, &rig.err), RC_INVALID);
		assert_int_equal(provider_next(&rig.walk, &rig.account, &rig.request, &rig.err), RC_INVALID);
		rig_done(&rig);
	}
	assert_int_equal(provider_supported(find_in(fixtures, "acme", "items"), NULL), RC_OK);
	assert_int_equal(provider_supported(find_in(shipped, "practicepanther", "contacts"), NULL), RC_OK);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(bare_arrays_by_offset),
	    cmocka_unit_test(incremental_walks_ask_for_what_changed),
	    cmocka_unit_test(a_full_walk_ignores_the_watermark),
	    cmocka_unit_test(the_origin_can_be_replaced),
	    cmocka_unit_test(cursors_are_followed),
	    cmocka_unit_test(links_are_followed_on_the_same_host_only),
	    cmocka_unit_test(links_may_come_in_a_header),
	    cmocka_unit_test(numbered_pages_until_the_total),
	    cmocka_unit_test(a_walk_without_records_keeps_the_watermark),
	    cmocka_unit_test(stop_rules),
	    cmocka_unit_test(a_repeated_page_is_stalled),
	    cmocka_unit_test(a_page_without_identities_is_no_loop),
	    cmocka_unit_test(circles_of_pages_end),
	    cmocka_unit_test(a_cursor_that_does_not_move_is_stalled),
	    cmocka_unit_test(more_without_a_cursor_is_no_end),
	    cmocka_unit_test(a_cap_is_no_end),
	    cmocka_unit_test(late_data_is_held_back),
	    cmocka_unit_test(the_servers_own_mark_is_the_first_pages),
	    cmocka_unit_test(bad_bodies_are_permanent),
	    cmocka_unit_test(a_refused_record_ends_the_page),
	    cmocka_unit_test(errors_leave_the_cursor_alone),
	    cmocka_unit_test(nothing_changed_ends_the_walk),
	    cmocka_unit_test(a_foreign_cursor_begins_anew),
	    cmocka_unit_test(an_account_without_what_is_needed_is_refused),
	    cmocka_unit_test(data_centres_and_settings_shape_the_url),
	    cmocka_unit_test(zoho_names_its_fields),
	    cmocka_unit_test(bodies_are_json_or_forms),
	    cmocka_unit_test(says_what_it_cannot_do),
	};
	return cmocka_run_group_tests(tests, load, unload);
}
