// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "row.h"

#include "sync/declaration.h"
#include "tuple.h"

#include <xxhash.h>

#define OUT_MAX (1 << 20)
#define FIXED 42 /* bytes of head and both owners */

static const struct uuid connection = {{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16}};
static const struct uuid tenant = {{0xf0, 0xf1, 0xf2, 0xf3}};

static const char *one_id[] = {"id"};
static const char *two_ids[] = {"order", "line.no"};

/* A resource, its layout and plan, and one encoded record. */
struct fixture {
	struct resource resource;
	struct row_layout *layout;
	struct row_writer writer;
	struct buf out;
	struct row_mark mark;
	struct row_fault fault;
	enum rc rc;
};

static void fixture_init(struct fixture *f, struct column *columns, size_t ncolumns)
{
	*f = (struct fixture){.out = BUF(OUT_MAX)};
	f->resource.id.at = one_id;
	f->resource.id.n = 1;
	f->resource.columns.at = columns;
	f->resource.columns.n = ncolumns;
}

static void fixture_done(struct fixture *f)
{
	row_layout_free(f->layout);
	buf_done(&f->out);
}

static enum rc encode_record(void *user, struct str raw, const struct slice *fields)
{
	struct fixture *f = user;

	f->rc = row_encode(&f->writer, raw, fields, &f->mark, &f->fault);
	return RC_OK;
}

/* Encodes the records of a bare array; the last one's outcome stays in the fixture. */
static enum rc encode(struct fixture *f, const char *page)
{
	struct err err;
	size_t n;

	if (!f->layout)
		f->layout = row_layout_new(&f->resource);
	f->writer.layout = f->layout;
	f->writer.connection_id = connection;
	f->writer.tenant_id = tenant;
	f->writer.out = &f->out;
	f->fault = (struct row_fault){0};
	const char *const *paths = row_layout_paths(f->layout, &n);
	struct slice_plan *plan = slice_plan_new("", paths, n, NULL, 0);
	if (slice_page(plan, str_of(page), NULL, encode_record, f, &err) != RC_OK)
		fail_msg("%s: %s", page, err.text);
	slice_plan_free(plan);
	return f->rc;
}

/* The tuple at the mark as text: id, columns, payload, each behind a bar; checks owners and hash on the way.
 */
static void tuple_text(const struct fixture *f, struct buf *text)
{
	struct str rest = {f->out.p + f->mark.at, f->mark.n};
	size_t ncolumns;

	row_layout_columns(f->layout, &ncolumns);
	assert_int_equal(tuple_be(rest.p, 2), ncolumns);
	rest = (struct str){rest.p + 2, rest.n - 2};
	struct str owner = tuple_take(&rest);
	assert_true(owner.n == 16 && memcmp(owner.p, &connection, 16) == 0);
	owner = tuple_take(&rest);
	assert_true(owner.n == 16 && memcmp(owner.p, &tenant, 16) == 0);
	struct str id = tuple_take(&rest);
	assert_ptr_equal(id.p, f->out.p + f->mark.id_at);
	assert_int_equal(id.n, f->mark.id_n);
	buf_add_str(text, id);
	const char *data = rest.p;
	for (size_t i = 0; i < f->resource.columns.n; i++) {
		buf_add_char(text, '|');
		tuple_add_value(text, f->resource.columns.at[i].type, tuple_take(&rest));
	}
	if (f->resource.keep_payload) {
		buf_add_char(text, '|');
		tuple_add_value(text, COLUMN_JSON, tuple_take(&rest));
	}
	assert_int_equal(f->mark.hash, (int64_t)XXH3_64bits(data, (size_t)(rest.p - data)));
	struct str hash = tuple_take(&rest);
	assert_int_equal(hash.n, 8);
	assert_int_equal((int64_t)tuple_be(hash.p, 8), f->mark.hash);
	assert_int_equal(rest.n, 0);
}

static void expect_tuple(const struct fixture *f, const char *expected)
{
	struct buf text = BUF(OUT_MAX);

	if (f->rc != RC_OK)
		fail_msg("%s: %s: %s", expected, f->fault.column, f->fault.reason);
	tuple_text(f, &text);
	assert_string_equal(buf_text(&text), expected);
	buf_done(&text);
}

/* ---- one value ---- */

struct value_case {
	enum column_type type;
	enum time_format time;
	const char *json;
	const char *expected; /* the value as text, or a part of the fault's reason */
};

static const struct value_case good_values[] = {
    {COLUMN_TEXT, 0, "\"\"", ""},
    {COLUMN_TEXT, 0, "\"Zo\\u00eb \\ud83d\\ude00\"", "Zo\xc3\xab \xf0\x9f\x98\x80"},
    {COLUMN_TEXT, 0, "12.50", "12.50"},
    {COLUMN_TEXT, 0, "true", "true"},
    {COLUMN_TEXT, 0, "false", "false"},
    {COLUMN_TEXT, 0, "null", "NULL"},
    {COLUMN_INTEGER, 0, "0", "0"},
    {COLUMN_INTEGER, 0, "-0", "0"},
    {COLUMN_INTEGER, 0, "9223372036854775807", "9223372036854775807"},
    {COLUMN_INTEGER, 0, "-9223372036854775808", "-9223372036854775808"},
    {COLUMN_INTEGER, 0, "\"42\"", "42"},
    {COLUMN_INTEGER, 0, "\"-0042\"", "-42"},
    {COLUMN_INTEGER, 0, "12.000", "12"},
    {COLUMN_INTEGER, 0, "1.5e3", "1500"},
    {COLUMN_INTEGER, 0, "15000e-3", "15"},
    {COLUMN_INTEGER, 0, "0e999999999999", "0"},
    {COLUMN_INTEGER, 0, "\"\"", "NULL"},
    {COLUMN_INTEGER, 0, "\"\\u0034\\u0032\"", "42"},
    {COLUMN_NUMERIC, 0, "0", "0"},
    {COLUMN_NUMERIC, 0, "-0.00", "0.00"},
    {COLUMN_NUMERIC, 0, "1", "1"},
    {COLUMN_NUMERIC, 0, "-1", "-1"},
    {COLUMN_NUMERIC, 0, "10000", "10000"},
    {COLUMN_NUMERIC, 0, "12345678.87654321", "12345678.87654321"},
    {COLUMN_NUMERIC, 0, "100000000.00010", "100000000.00010"},
    {COLUMN_NUMERIC, 0, "0.00001", "0.00001"},
    {COLUMN_NUMERIC, 0, "0.1", "0.1"},
    {COLUMN_NUMERIC, 0, "99999.99", "99999.99"},
    {COLUMN_NUMERIC, 0, "\"11.01\"", "11.01"},
    {COLUMN_NUMERIC, 0, "\"007.50\"", "7.50"},
    {COLUMN_NUMERIC, 0, "1.50e1", "15.0"},
    {COLUMN_NUMERIC, 0, "1.5E10", "15000000000"},
    {COLUMN_NUMERIC, 0, "25e-1", "2.5"},
    {COLUMN_NUMERIC, 0, "25e-7", "0.0000025"},
    {COLUMN_NUMERIC, 0, "1e-4", "0.0001"},
    {COLUMN_NUMERIC, 0, "1e-5", "0.00001"},
    {COLUMN_NUMERIC, 0, "1e4", "10000"},
    {COLUMN_NUMERIC, 0, "0e5", "0"},
    {COLUMN_NUMERIC, 0, "123456789012345678901234567890.123456789012345678901234567890",
        "123456789012345678901234567890.123456789012345678901234567890"},
    {COLUMN_DOUBLE, 0, "0.1", "0.10000000000000001"},
    {COLUMN_DOUBLE, 0, "-0", "-0"},
    {COLUMN_DOUBLE, 0, "123456.789e3", "123456789"},
    {COLUMN_DOUBLE, 0, "1e22", "1e+22"},
    {COLUMN_DOUBLE, 0, "1e-22", "1e-22"},
    {COLUMN_DOUBLE, 0, "1e23", "9.9999999999999992e+22"},
    {COLUMN_DOUBLE, 0, "1.7976931348623157e308", "1.7976931348623157e+308"},
    {COLUMN_DOUBLE, 0, "5e-324", "4.9406564584124654e-324"},
    {COLUMN_DOUBLE, 0, "1e-999", "0"},
    {COLUMN_DOUBLE, 0, "9007199254740993", "9007199254740992"},
    {COLUMN_DOUBLE, 0, "0.1000000000000000055511151231257827021181583404541015625000000000000000000000000",
        "0.10000000000000001"},
    {COLUMN_DOUBLE, 0, "\"-2.5\"", "-2.5"},
    {COLUMN_BOOLEAN, 0, "true", "t"},
    {COLUMN_BOOLEAN, 0, "false", "f"},
    {COLUMN_BOOLEAN, 0, "\"true\"", "t"},
    {COLUMN_BOOLEAN, 0, "\"False\"", "f"},
    {COLUMN_BOOLEAN, 0, "\"\"", "NULL"},
    {COLUMN_TIMESTAMP, TIME_RFC3339, "\"2026-11-20T12:34:56.123456Z\"", "2026-11-20T12:34:56.123456Z"},
    {COLUMN_TIMESTAMP, TIME_RFC3339, "\"2026-11-20T12:34:56+05:30\"", "2026-11-20T07:04:56.000000Z"},
    {COLUMN_TIMESTAMP, TIME_RFC3339, "\"2026-11-20T12:34:56\\u002B01:00\"", "2026-11-20T11:34:56.000000Z"},
    {COLUMN_TIMESTAMP, TIME_RFC3339, "\"1999-12-31T23:59:59Z\"", "1999-12-31T23:59:59.000000Z"},
    {COLUMN_TIMESTAMP, TIME_RFC3339, "\"\"", "NULL"},
    {COLUMN_TIMESTAMP, TIME_NAIVE_UTC, "\"2026-04-04T00:00:00\"", "2026-04-04T00:00:00.000000Z"},
    {COLUMN_TIMESTAMP, TIME_EPOCH_S, "1700000000", "2023-11-14T22:13:20.000000Z"},
    {COLUMN_TIMESTAMP, TIME_EPOCH_S, "1700000000.1234567", "2023-11-14T22:13:20.123456Z"},
    {COLUMN_TIMESTAMP, TIME_EPOCH_S, "-1", "1969-12-31T23:59:59.000000Z"},
    {COLUMN_TIMESTAMP, TIME_EPOCH_MS, "\"1700000000123\"", "2023-11-14T22:13:20.123000Z"},
    {COLUMN_DATE, TIME_RFC3339, "\"2000-01-01\"", "2000-01-01"},
    {COLUMN_DATE, TIME_RFC3339, "\"1969-07-20\"", "1969-07-20"},
    {COLUMN_DATE, TIME_RFC3339, "\"2024-02-29\"", "2024-02-29"},
    {COLUMN_DATE, TIME_RFC3339, "\"2026-04-04T23:00:00-05:00\"", "2026-04-04"},
    {COLUMN_DATE, TIME_NAIVE_UTC, "\"2026-04-04T00:00:00\"", "2026-04-04"},
    {COLUMN_DATE, TIME_EPOCH_S, "-1", "1969-12-31"},
    {COLUMN_DATE, TIME_EPOCH_MS, "946684800000", "2000-01-01"},
    {COLUMN_UUID, 0, "\"0190a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b\"", "0190a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b"},
    {COLUMN_UUID, 0, "\"0190A1B2-C3D4-7E5F-8A9B-0C1D2E3F4A5B\"", "0190a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b"},
    {COLUMN_JSON, 0, "{\"a\": [1, \"\\\\u0000\"]}", "{\"a\": [1, \"\\\\u0000\"]}"},
    {COLUMN_JSON, 0, "\"te\\\"xt\"", "\"te\\\"xt\""},
    {COLUMN_JSON, 0, "\"\"", "\"\""},
    {COLUMN_JSON, 0, "false", "false"},
    {COLUMN_JSON, 0, "null", "NULL"},
};

static const struct value_case bad_values[] = {
    {COLUMN_TEXT, 0, "\"a\\u0000b\"", "\\u0000"},
    {COLUMN_TEXT, 0, "{}", "wrong type"},
    {COLUMN_TEXT, 0, "[\"a\"]", "wrong type"},
    {COLUMN_TEXT, 0, "\"12345678901\"", "longer than max_length"},
    {COLUMN_INTEGER, 0, "1.5", "not a whole number"},
    {COLUMN_INTEGER, 0, "9223372036854775808", "out of range"},
    {COLUMN_INTEGER, 0, "-9223372036854775809", "out of range"},
    {COLUMN_INTEGER, 0, "1e999999999999", "out of range"},
    {COLUMN_INTEGER, 0, "\"12 \"", "wrong type"},
    {COLUMN_INTEGER, 0, "\"twelve\"", "wrong type"},
    {COLUMN_INTEGER, 0, "true", "wrong type"},
    {COLUMN_INTEGER, 0, "\"1\\u0000\"", "wrong type"},
    {COLUMN_NUMERIC, 0, "\"1,5\"", "wrong type"},
    {COLUMN_NUMERIC, 0, "\"NaN\"", "wrong type"},
    {COLUMN_NUMERIC, 0, "\"1.\"", "wrong type"},
    {COLUMN_NUMERIC, 0, "\".5\"", "wrong type"},
    {COLUMN_NUMERIC, 0, "\"-\"", "wrong type"},
    {COLUMN_NUMERIC, 0, "\"1e\"", "wrong type"},
    {COLUMN_NUMERIC, 0, "\"1e5x\"", "wrong type"},
    {COLUMN_NUMERIC, 0, "1e131072", "out of range"},
    {COLUMN_NUMERIC, 0, "1e-16384", "out of range"},
    {COLUMN_NUMERIC, 0, "[1]", "wrong type"},
    {COLUMN_DOUBLE, 0, "1e999", "out of range"},
    {COLUMN_DOUBLE, 0, "-1e309", "out of range"},
    {COLUMN_DOUBLE, 0, "\"inf\"", "wrong type"},
    {COLUMN_DOUBLE, 0, "\"0x10\"", "wrong type"},
    {COLUMN_BOOLEAN, 0, "1", "wrong type"},
    {COLUMN_BOOLEAN, 0, "\"yes\"", "wrong type"},
    {COLUMN_TIMESTAMP, TIME_RFC3339, "\"2026-04-04T00:00:00\"", "not a time"},
    {COLUMN_TIMESTAMP, TIME_RFC3339, "\"yesterday\"", "not a time"},
    {COLUMN_TIMESTAMP, TIME_RFC3339, "\"2026-02-30T00:00:00Z\"", "not a time"},
    {COLUMN_TIMESTAMP, TIME_RFC3339, "{}", "not a time"},
    {COLUMN_TIMESTAMP, TIME_EPOCH_S, "\"soon\"", "not a time"},
    {COLUMN_TIMESTAMP, TIME_EPOCH_S, "9223372036855", "not a time"},
    {COLUMN_TIMESTAMP, TIME_EPOCH_S, "-999999999999", "not a time"},
    {COLUMN_TIMESTAMP, TIME_EPOCH_MS, "1e300", "not a time"},
    {COLUMN_DATE, TIME_RFC3339, "\"2026-13-01\"", "not a time"},
    {COLUMN_DATE, TIME_RFC3339, "\"20260401\"", "not a time"},
    {COLUMN_DATE, TIME_RFC3339, "20260401", "not a time"},
    {COLUMN_UUID, 0, "\"0190a1b2\"", "not a uuid"},
    {COLUMN_UUID, 0, "7", "not a uuid"},
    {COLUMN_JSON, 0, "{\"a\":\"\\u0000\"}", "\\u0000"},
    {COLUMN_JSON, 0, "\"\\\\\\u0000\"", "\\u0000"},
};

static void encode_value(struct fixture *f, struct column *column, const struct value_case *c)
{
	struct buf page = BUF(OUT_MAX);

	*column = (struct column){
	    .name = "v", .path = "v", .type = c->type, .time = c->time, .max_length = 10};
	fixture_init(f, column, 1);
	buf_printf(&page, "[{\"id\":\"i\",\"v\":%s}]", c->json);
	encode(f, buf_text(&page));
	buf_done(&page);
}

static void test_good_values(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(good_values); i++) {
		struct buf expected = BUF(OUT_MAX);
		struct column column;
		struct fixture f;

		encode_value(&f, &column, &good_values[i]);
		buf_printf(&expected, "i|%s", good_values[i].expected);
		expect_tuple(&f, buf_text(&expected));
		buf_done(&expected);
		fixture_done(&f);
	}
}

static void test_bad_values(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad_values); i++) {
		struct column column;
		struct fixture f;

		encode_value(&f, &column, &bad_values[i]);
		if (f.rc != RC_INVALID)
			fail_msg("type %d accepted %s", (int)bad_values[i].type, bad_values[i].json);
		assert_string_equal(f.fault.column, "v");
		if (!strstr(f.fault.reason, bad_values[i].expected))
			fail_msg("%s: %s", bad_values[i].json, f.fault.reason);
		assert_int_equal(f.out.n, 0);
		fixture_done(&f);
	}
}

/* Ten characters of three bytes are not too long for max_length 10. */
static void test_max_length_counts_characters(void **state)
{
	const struct value_case c = {
	    COLUMN_TEXT, 0, "\"\\u20ac\\u20ac\\u20ac\\u20ac\\u20ac\\u20ac\\u20ac\\u20ac\\u20ac\\u20ac\"", ""};
	struct column column;
	struct fixture f;

	(void)state;
	encode_value(&f, &column, &c);
	assert_int_equal(f.rc, RC_OK);
	fixture_done(&f);
}

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
	    cmocka_unit_test(test_good_values),
	    cmocka_unit_test(test_bad_values),
	    cmocka_unit_test(test_max_length_counts_characters),
	    cmocka_unit_test(test_ids),
	    cmocka_unit_test(test_bad_ids),
	    cmocka_unit_test(test_long_ids),
	    cmocka_unit_test(test_id_by_position),
	    cmocka_unit_test(test_required),
	    cmocka_unit_test(test_payload),
	    cmocka_unit_test(test_columns_and_paths),
	    cmocka_unit_test(test_hash),
	    cmocka_unit_test(test_many_rows),
	    cmocka_unit_test(test_full_buffer),
	    cmocka_unit_test(test_redaction),
	    cmocka_unit_test(test_redacted_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
