// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "row_fixture.h"

#define FIXED 42 /* bytes of head and both owners */

static const char *two_ids[] = {"order", "line.no"};

/* ---- identity ---- */

static void test_ids(void **state)
{
	static const char *const cases[][2] = {
	    {"[{\"order\":\"A1\",\"line\":{\"no\":2}}]", "A1/2"},
	    {"[{\"order\":12e3,\"line\":{\"no\":\"x\\\"y\"}}]", "12e3/x\"y"},
	};
	struct fixture f;

	(void)state;
	fixture_init(&f, NULL, 0);
	f.resource.id.at = two_ids;
	f.resource.id.n = 2;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		encode(&f, cases[i][0]);
		expect_tuple(&f, cases[i][1]);
	}
	fixture_done(&f);
}

static void test_bad_ids(void **state)
{
	static const char *const cases[][2] = {
	    {"[{}]", "missing"},
	    {"[{\"id\":null}]", "missing"},
	    {"[{\"id\":\"\"}]", "missing"},
	    {"[\"not an object\"]", "missing"},
	    {"[{\"id\":true}]", "wrong type"},
	    {"[{\"id\":{\"id\":1}}]", "wrong type"},
	    {"[{\"id\":\"a\\u0000\"}]", "\\u0000"},
	    {"[{\"id\":\"a\",\"id\":\"a\"}]", "there twice"},
	};
	struct fixture f;

	(void)state;
	fixture_init(&f, NULL, 0);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		assert_int_equal(encode(&f, cases[i][0]), RC_INVALID);
		assert_string_equal(f.fault.column, "id");
		assert_non_null(strstr(f.fault.reason, cases[i][1]));
		assert_int_equal(f.out.n, 0);
	}
	fixture_done(&f);
}

static void test_long_ids(void **state)
{
	struct buf page = BUF(OUT_MAX);
	struct fixture f;

	(void)state;
	fixture_init(&f, NULL, 0);
	buf_printf(&page, "[{\"id\":\"%0*d\"}]", ROW_ID_MAX, 7);
	assert_int_equal(encode(&f, buf_text(&page)), RC_OK);
	buf_clear(&page);
	buf_printf(&page, "[{\"id\":\"%0*d\"}]", ROW_ID_MAX + 1, 7);
	assert_int_equal(encode(&f, buf_text(&page)), RC_INVALID);
	assert_string_equal(f.fault.reason, "too long");
	buf_done(&page);
	fixture_done(&f);
}

static void test_id_by_position(void **state)
{
	struct fixture f;

	(void)state;
	fixture_init(&f, NULL, 0);
	f.resource.id.n = 0;
	f.writer.id = STR("w1/3/0/17");
	encode(&f, "[{}]");
	expect_tuple(&f, "w1/3/0/17");
	f.writer.id = STR("");
	assert_int_equal(encode(&f, "[{}]"), RC_INVALID);
	fixture_done(&f);
}

/* Which reading of which window it is of; the hash is of what the provider said, in any of them. */
static void test_places(void **state)
{
	static struct column columns[] = {{.name = "a", .path = "a", .type = COLUMN_TEXT, .required = true}};
	struct fixture f;

	(void)state;
	fixture_init(&f, columns, ARRAY_SIZE(columns));
	f.resource.id.n = 0;
	f.resource.identity = IDENTITY_POSITION;
	f.writer.id = STR("1794873600/7/0/0");
	f.writer.window_us = INT64_C(1794873600) * 1000000;
	f.writer.walk = 7;
	encode(&f, "[{\"a\":\"x\"}]");
	expect_tuple(&f, "1794873600/7/0/0@2026-11-17T00:00:00.000000Z#7|x");
	int64_t hash = f.mark.hash;
	f.writer.walk = 8;
	f.writer.window_us += 86400 * INT64_C(1000000);
	encode(&f, "[{\"a\":\"x\"}]");
	assert_int_equal(f.mark.hash, hash);
	assert_int_equal(encode(&f, "[{}]"), RC_INVALID);
	assert_true(str_is(f.fault.id, "1794873600/7/0/0"));
	fixture_done(&f);
}

/* ---- whole rows ---- */

static struct column contact_columns[] = {
    {.name = "name", .path = "name", .type = COLUMN_TEXT, .required = true},
    {.name = "owner_id", .path = "owner.id", .type = COLUMN_INTEGER},
    {.name = "due", .path = "due", .type = COLUMN_DATE, .required = true},
};

static void test_required(void **state)
{
	static const char *const cases[][2] = {
	    {"[{\"id\":1,\"due\":\"2026-01-01\"}]", "name"},
	    {"[{\"id\":1,\"name\":null,\"due\":\"2026-01-01\"}]", "name"},
	    {"[{\"id\":1,\"name\":\"x\",\"due\":\"\"}]", "due"},
	};
	struct fixture f;

	(void)state;
	fixture_init(&f, contact_columns, ARRAY_SIZE(contact_columns));
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		assert_int_equal(encode(&f, cases[i][0]), RC_INVALID);
		assert_string_equal(f.fault.column, cases[i][1]);
		assert_non_null(strstr(f.fault.reason, "required"));
	}
	encode(&f, "[{\"id\":1,\"name\":\"\",\"due\":\"2026-01-01\"}]");
	expect_tuple(&f, "1||NULL|2026-01-01");
	fixture_done(&f);
}

static void test_payload(void **state)
{
	struct fixture f;

	(void)state;
	fixture_init(&f, contact_columns, ARRAY_SIZE(contact_columns));
	f.resource.keep_payload = true;
	encode(&f, "[ {\"id\":1, \"name\":\"N\",\"owner\":{\"id\":7},\"due\":\"2026-01-01\"} ]");
	expect_tuple(
	    &f, "1|N|7|2026-01-01|{\"id\":1, \"name\":\"N\",\"owner\":{\"id\":7},\"due\":\"2026-01-01\"}");
	size_t before = f.out.n;
	assert_int_equal(
	    encode(&f, "[{\"id\":1,\"name\":\"N\",\"due\":\"2026-01-01\",\"other\":\"\\u0000\"}]"),
	    RC_INVALID);
	assert_string_equal(f.fault.column, "payload");
	assert_int_equal(f.out.n, before);
	fixture_done(&f);
}

static void test_columns_and_paths(void **state)
{
	static const char *const expected[] = {
	    "connection_id", "tenant_id", "id", "name", "owner_id", "due", "payload", "content_hash"};
	struct fixture f;
	size_t n;

	(void)state;
	fixture_init(&f, contact_columns, ARRAY_SIZE(contact_columns));
	f.resource.keep_payload = true;
	f.layout = row_layout_new(&f.resource);
	const char *const *columns = row_layout_columns(f.layout, &n);
	assert_int_equal(n, ARRAY_SIZE(expected));
	for (size_t i = 0; i < n; i++)
		assert_string_equal(columns[i], expected[i]);
	const char *const *paths = row_layout_paths(f.layout, &n);
	assert_int_equal(n, 4);
	assert_string_equal(paths[0], "id");
	assert_string_equal(paths[2], "owner.id");
	fixture_done(&f);
}

/* The hash is of the data: the same for another id, another for other data, also where a NULL moved. */
static void test_hash(void **state)
{
	static struct column columns[] = {
	    {.name = "a", .path = "a", .type = COLUMN_TEXT},
	    {.name = "b", .path = "b", .type = COLUMN_TEXT},
	};
	static const char *const pages[] = {"[{\"id\":1,\"a\":\"x\"}]", "[{\"id\":2,\"a\":\"x\"}]",
	    "[{\"id\":1,\"b\":\"x\"}]", "[{\"id\":1,\"a\":\"x\",\"b\":\"\"}]", "[{\"id\":1,\"a\":\"y\"}]"};
	int64_t hashes[ARRAY_SIZE(pages)];
	struct fixture f;

	(void)state;
	fixture_init(&f, columns, ARRAY_SIZE(columns));
	for (size_t i = 0; i < ARRAY_SIZE(pages); i++) {
		assert_int_equal(encode(&f, pages[i]), RC_OK);
		hashes[i] = f.mark.hash;
	}
	assert_true(hashes[0] == hashes[1]);
	for (size_t i = 1; i < ARRAY_SIZE(pages); i++)
		for (size_t k = i + 1; k < ARRAY_SIZE(pages); k++)
			assert_true(hashes[i] != hashes[k]);
	fixture_done(&f);
}

/* Tuples follow each other; a bad record in between leaves no trace. */
static void test_many_rows(void **state)
{
	struct fixture f;

	(void)state;
	fixture_init(&f, NULL, 0);
	encode(&f, "[{\"id\":\"a\"}]");
	struct row_mark first = f.mark;
	encode(&f, "[{\"id\":null},{\"id\":\"bcd\"}]");
	assert_int_equal(f.mark.at, first.at + first.n);
	assert_int_equal(f.out.n, f.mark.at + f.mark.n);
	assert_int_equal(first.n, FIXED + 4 + 1 + 4 + 8);
	expect_tuple(&f, "bcd");
	fixture_done(&f);
}

static void test_full_buffer(void **state)
{
	struct fixture f;

	(void)state;
	fixture_init(&f, NULL, 0);
	f.resource.keep_payload = true;
	f.out.max = 300;
	assert_int_equal(encode(&f, "[{\"id\":\"a\"}]"), RC_OK);
	size_t n = f.out.n;
	assert_int_equal(
	    encode(&f, "[{\"id\":\"a\"},{\"id\":\"b\"},{\"id\":\"c\"},{\"id\":\"d\"}]"), RC_LIMIT);
	assert_true(f.out.n >= n && f.out.n <= 300 && buf_ok(&f.out));
	assert_int_equal(f.out.n % f.mark.n, 0);
	fixture_done(&f);
}

/* ---- what is kept back ---- */

static struct column secret_columns[] = {
    {.name = "name", .path = "name", .type = COLUMN_TEXT},
    {.name = "ssn", .path = "person.ssn", .type = COLUMN_TEXT},
    {.name = "person", .path = "person", .type = COLUMN_JSON},
};

static const char *secret_paths[] = {"person.ssn", "cards", "cards.no", "absent"};

static void redacting(struct fixture *f)
{
	fixture_init(f, secret_columns, ARRAY_SIZE(secret_columns));
	f->resource.keep_payload = true;
	f->resource.redact = (struct texts){.at = secret_paths, .n = ARRAY_SIZE(secret_paths)};
}

static void test_redaction(void **state)
{
	struct fixture f;

	(void)state;
	redacting(&f);
	encode(&f, "[{\"id\":1,\"cards\":[{\"no\":4}],\"name\":\"N\",\"person\":{\"ssn\":\"1-2\",\"x\":0}}]");
	expect_tuple(&f, "1|N|NULL|{\"ssn\":null,\"x\":0}|"
	                 "{\"id\":1,\"cards\":null,\"name\":\"N\",\"person\":{\"ssn\":null,\"x\":0}}");
	encode(&f, "[{\"id\":2,\"cards\":{\"no\":4},\"person\":{\"ssn\":7}}]");
	expect_tuple(&f, "2|NULL|NULL|{\"ssn\":null}|{\"id\":2,\"cards\":null,\"person\":{\"ssn\":null}}");
	encode(&f, "[{\"id\":3,\"name\":\"\"}]");
	expect_tuple(&f, "3||NULL|NULL|{\"id\":3,\"name\":\"\"}");
	fixture_done(&f);
}

static const char *listed_paths[] = {
    "acts.*.api.key", "acts.*.api.heads.*.value", "acts.*.plain", "tags.*", "deep.*.*.x"};

/* Call logs hold their third parties' secrets in lists. */
static void test_redaction_in_lists(void **state)
{
	static const struct {
		const char *record, *kept;
	} cases[] = {
	    {"{\"acts\":[{\"api\":{\"key\":\"k1\",\"url\":\"u\"}},{\"api\":{\"url\":\"v\",\"key\":\"k2\"}}]}",
	        "{\"acts\":[{\"api\":{\"key\":null,\"url\":\"u\"}},{\"api\":{\"url\":\"v\",\"key\":null}}]}"},
	    {"{\"acts\":[{\"api\":{\"heads\":[{\"key\":\"A\",\"value\":\"s\"},{\"value\":[1,2]}]}}, 7, null, "
	     "\"t\"]}",
	        "{\"acts\":[{\"api\":{\"heads\":[{\"key\":\"A\",\"value\":null},{\"value\":null}]}}, 7, "
	        "null, \"t\"]}"},
	    {"{\"acts\":{\"api\":{\"key\":\"k1\"}}}", "{\"acts\":{\"api\":{\"key\":null}}}"},
	    {"{\"acts\":[]}", "{\"acts\":[]}"},
	    {"{\"acts\":null}", "{\"acts\":null}"},
	    {"{\"acts\":\"k\"}", "{\"acts\":\"k\"}"},
	    {"{\"tags\":[\"a\",{\"b\":1},2]}", "{\"tags\":[null,null,null]}"},
	    {"{\"deep\":[[{\"x\":1,\"y\":2}],[{\"x\":3}]]}",
	        "{\"deep\":[[{\"x\":null,\"y\":2}],[{\"x\":null}]]}"},
	    {"{\"\\u0061cts\":[{\"api\":{\"k\\u0065y\":\"k1\"}}]}",
	        "{\"\\u0061cts\":[{\"api\":{\"k\\u0065y\":null}}]}"},
	};
	struct fixture f;

	(void)state;
	fixture_init(&f, secret_columns, ARRAY_SIZE(secret_columns));
	f.resource.redact = (struct texts){.at = listed_paths, .n = ARRAY_SIZE(listed_paths)};
	f.layout = row_layout_new(&f.resource);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		AUTO(buf_done) struct buf out = BUF(OUT_MAX);

		assert_int_equal(row_redact(f.layout, str_of(cases[i].record), &out), RC_OK);
		assert_string_equal(buf_text(&out), cases[i].kept);
	}
	fixture_done(&f);
}

static void test_redacted_text(void **state)
{
	struct buf out = BUF(OUT_MAX);
	struct fixture f;

	(void)state;
	redacting(&f);
	f.layout = row_layout_new(&f.resource);
	assert_int_equal(row_redact(f.layout, STR("{\"person\":{\"ssn\":\"1\"},\"cards\":7}"), &out), RC_OK);
	assert_string_equal(buf_text(&out), "{\"person\":{\"ssn\":null},\"cards\":null}");
	assert_int_equal(row_redact(f.layout, STR("{\"person\""), &out), RC_INVALID);
	buf_done(&out);
	fixture_done(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_ids),
	    cmocka_unit_test(test_bad_ids),
	    cmocka_unit_test(test_long_ids),
	    cmocka_unit_test(test_id_by_position),
	    cmocka_unit_test(test_places),
	    cmocka_unit_test(test_required),
	    cmocka_unit_test(test_payload),
	    cmocka_unit_test(test_columns_and_paths),
	    cmocka_unit_test(test_hash),
	    cmocka_unit_test(test_many_rows),
	    cmocka_unit_test(test_full_buffer),
	    cmocka_unit_test(test_redaction),
	    cmocka_unit_test(test_redaction_in_lists),
	    cmocka_unit_test(test_redacted_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
