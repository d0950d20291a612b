// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "row_fixture.h"

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

/* ---- what the table's column holds ---- */

static const struct {
	struct row_limit limit;
	enum column_type type;
	const char *json;
	const char *refused; /* a part of the reason, or NULL */
} limited[] = {
    {{.max_length = 4}, COLUMN_TEXT, "\"four\"", NULL},
    {{.max_length = 4}, COLUMN_TEXT, "\"\u20ac\u20ac\u20ac\u20ac\"", NULL},
    {{.max_length = 4}, COLUMN_TEXT, "\"five5\"", "longer than its column"},
    {{.max_length = 4}, COLUMN_TEXT, "\"four \"",
        "longer than its column"}, /* PostgreSQL would cut the blank */
    {{.max_length = 4}, COLUMN_TEXT, "12.34", "longer than its column"},
    {{.max_length = 40}, COLUMN_TEXT, "\"eleven char\"", "longer than max_length"},
    {{.precision = 5, .scale = 2}, COLUMN_NUMERIC, "123.45", NULL},
    {{.precision = 5, .scale = 2}, COLUMN_NUMERIC, "-999.99", NULL},
    {{.precision = 5, .scale = 2}, COLUMN_NUMERIC, "0", NULL},
    {{.precision = 5, .scale = 2}, COLUMN_NUMERIC, "0.000", NULL},
    {{.precision = 5, .scale = 2}, COLUMN_NUMERIC, "1.5000", NULL},
    {{.precision = 5, .scale = 2}, COLUMN_NUMERIC, "\"00001.50\"", NULL},
    {{.precision = 5, .scale = 2}, COLUMN_NUMERIC, "12345e-2", NULL},
    {{.precision = 5, .scale = 2}, COLUMN_NUMERIC, "1000", "more digits than its column has"},
    {{.precision = 5, .scale = 2}, COLUMN_NUMERIC, "1e3", "more digits than its column has"},
    {{.precision = 5, .scale = 2}, COLUMN_NUMERIC, "1.005",
        "more digits than its column has"}, /* would be rounded */
    {{.precision = 5, .scale = 2}, COLUMN_NUMERIC, "1e-3", "more digits than its column has"},
    {{.precision = 3, .scale = -2}, COLUMN_NUMERIC, "12300", NULL},
    {{.precision = 3, .scale = -2}, COLUMN_NUMERIC, "12310", "more digits than its column has"},
    {{.precision = 2, .scale = 4}, COLUMN_NUMERIC, "0.0012", NULL},
    {{.precision = 2, .scale = 4}, COLUMN_NUMERIC, "0.0123", "more digits than its column has"},
};

static void test_limits_of_the_table(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(limited); i++) {
		struct column column = {.name = "v", .path = "v", .type = limited[i].type, .max_length = 10};
		struct buf page = BUF(OUT_MAX);
		struct fixture f;

		fixture_init(&f, &column, 1);
		f.layout = row_layout_new(&f.resource);
		row_layout_narrow(f.layout, STR("none"), &(struct row_limit){.max_length = 1});
		row_layout_narrow(f.layout, STR("v"), &limited[i].limit);
		buf_printf(&page, "[{\"id\":\"i\",\"v\":%s}]", limited[i].json);
		encode(&f, buf_text(&page));
		if ((f.rc == RC_OK) != !limited[i].refused)
			fail_msg("%s: %s", limited[i].json, f.rc ? f.fault.reason : "accepted");
		if (limited[i].refused && !strstr(f.fault.reason, limited[i].refused))
			fail_msg("%s: %s", limited[i].json, f.fault.reason);
		buf_done(&page);
		fixture_done(&f);
	}
}

static void test_a_repeated_field_is_named(void **state)
{
	struct column columns[] = {{.name = "a", .path = "ref.a"}, {.name = "b", .path = "b"}};
	static const char *const cases[][2] = {
	    {"[{\"id\":\"i\",\"b\":\"1\",\"b\":\"2\"}]", "b"},
	    {"[{\"id\":\"i\",\"b\":\"1\",\"b\":null}]", "b"},
	    {"[{\"id\":\"i\",\"ref\":{\"a\":\"1\",\"a\":\"1\"}}]", "ref.a"},
	    {"[{\"id\":\"i\",\"ref\":{\"a\":\"1\"},\"ref\":{}}]", "ref.a"},
	};
	struct fixture f;

	(void)state;
	fixture_init(&f, columns, 2);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		AUTO(buf_done) struct buf reason = BUF(100);

		assert_int_equal(encode(&f, cases[i][0]), RC_INVALID);
		buf_printf(&reason, "the field %s is there twice", cases[i][1]);
		assert_string_equal(f.fault.reason, buf_text(&reason));
		assert_string_equal(f.fault.column, cases[i][1][0] == 'b' ? "b" : "a");
	}
	encode(&f, "[{\"id\":\"i\",\"c\":1,\"c\":2,\"b\":\"1\"},{\"id\":\"j\",\"b\":\"2\"}]");
	expect_tuple(&f, "j|NULL|2"); /* what is stored nowhere does no harm */
	fixture_done(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_good_values),
	    cmocka_unit_test(test_bad_values),
	    cmocka_unit_test(test_max_length_counts_characters),
	    cmocka_unit_test(test_limits_of_the_table),
	    cmocka_unit_test(test_a_repeated_field_is_named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
