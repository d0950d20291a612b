// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"

#include <setjmp.h>
#include <cmocka.h>

static void compares(void **state)
{
	(void)state;
	assert_true(str_eq(STR("a"), STR("a")));
	assert_false(str_eq(STR("a"), STR("b")));
	assert_false(str_eq(STR("a"), STR("ab")));
	assert_true(str_eq((struct str){NULL, 0}, STR("")));
	assert_true(str_is(STR("abc"), "abc"));
	assert_false(str_is(STR("abc"), NULL));
	assert_int_equal(str_of(NULL).n, 0);
	assert_true(str_eq_nocase(STR("Retry-After"), STR("retry-aFTER")));
	assert_false(str_eq_nocase(STR("Retry"), STR("retry-")));
	assert_true(str_starts(STR("abc"), STR("ab")));
	assert_true(str_starts(STR("abc"), STR("")));
	assert_false(str_starts(STR("ab"), STR("abc")));
	assert_false(str_starts(STR("xbc"), STR("ab")));
}

static void trims(void **state)
{
	(void)state;
	assert_true(str_is(str_trim(STR(" \t a b\r\n")), "a b"));
	assert_true(str_is(str_trim(STR("   ")), ""));
	assert_true(str_is(str_trim(STR("")), ""));
}

static void cuts_at_the_first_separator(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		const char *head;
		const char *rest;
	} cases[] = {
	    {"a,b,c", "a", "b,c"},
	    {"abc", "abc", ""},
	    {",b", "", "b"},
	    {"a,", "a", ""},
	    {"", "", ""},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct str rest = str_of(cases[i].text);

		assert_true(str_is(str_cut(&rest, ','), cases[i].head));
		assert_true(str_is(rest, cases[i].rest));
	}
	struct str none = {NULL, 0};
	assert_int_equal(str_cut(&none, ',').n, 0);
	assert_null(none.p);
	assert_int_equal(none.n, 0);
}

static void reads_whole_numbers_only(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		bool good;
		int64_t value;
	} cases[] = {
	    {"0", true, 0},
	    {"-17", true, -17},
	    {"+5", true, 5},
	    {"9223372036854775807", true, INT64_MAX},
	    {"-9223372036854775808", true, INT64_MIN},
	    {"9223372036854775808", false, 0},
	    {"", false, 0},
	    {" 1", false, 0},
	    {"1 ", false, 0},
	    {"1.0", false, 0},
	    {"0x10", false, 0},
	    {"-", false, 0},
	    {"ten", false, 0},
	    {"000000000000000000000000000000001", false, 0},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		int64_t value = 99;

		if (str_to_i64(str_of(cases[i].text), &value) != cases[i].good)
			fail_msg("%s", cases[i].text);
		assert_int_equal(value, cases[i].good ? cases[i].value : 99);
	}
	int64_t value;
	assert_true(str_to_i64((struct str){"12345", 2}, &value));
	assert_int_equal(value, 12);
	assert_false(str_to_i64(STR("7\0"), &value));
	assert_false(str_to_i64(STR("7\0007"), &value));
	assert_false(str_to_i64(STR("\0007"), &value));
	assert_false(str_to_i64((struct str){NULL, 0}, &value));
	assert_int_equal(value, 12);
}

static void reads_whole_doubles_only(void **state)
{
	(void)state;
	static const struct {
		struct str text;
		bool good;
		double value;
	} cases[] = {
	    {STR("0"), true, 0},
	    {STR("-17"), true, -17},
	    {STR("+5"), true, 5},
	    {STR("2.5e1"), true, 25},
	    {STR("2.5E+1"), true, 25},
	    {STR(".5"), true, 0.5},
	    {STR("1e-400"), true, 0},
	    {{"0.55", 3}, true, 0.5},
	    {STR(""), false, 0},
	    {{NULL, 0}, false, 0},
	    {STR(" 1"), false, 0},
	    {STR("1 "), false, 0},
	    {STR("1x"), false, 0},
	    {STR("1,5"), false, 0},
	    {STR("1.2.3"), false, 0},
	    {STR("-"), false, 0},
	    {STR("e1"), false, 0},
	    {STR("7\0"), false, 0},
	    {STR("7\0007"), false, 0},
	    {STR("\0007"), false, 0},
	    {STR("nan"), false, 0},
	    {STR("NAN"), false, 0},
	    {STR("inf"), false, 0},
	    {STR("-Infinity"), false, 0},
	    {STR("0x10"), false, 0},
	    {STR("0x1p4"), false, 0},
	    {STR("1e999"), false, 0}, /* does not fit */
	    {STR("-1e999"), false, 0},
	    {STR("1000000000000000000000000000000000000000000000000000000000000000"), false, 0},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		double value = 99;

		if (str_to_double(cases[i].text, &value) != cases[i].good)
			fail_msg("%.*s", STR_ARG(cases[i].text));
		assert_true(value == (cases[i].good ? cases[i].value : 99));
	}
}

static void counts_what_to_change(void **state)
{
	static const struct {
		const char *a, *b;
		size_t distance;
	} cases[] = {{"", "", 0}, {"get", "get", 0}, {"", "get", 3}, {"get", "", 3},
	    {"get syncs", "get sycns", 2}, {"kitten", "sitting", 3}, {"connection", "conection", 1}};
	char longer[200];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		assert_int_equal(str_distance(str_of(cases[i].a), str_of(cases[i].b)), cases[i].distance);
	memset(longer, 'a', sizeof longer);
	assert_int_equal(str_distance((struct str){longer, sizeof longer}, STR("b")), 64);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(compares),
	    cmocka_unit_test(trims),
	    cmocka_unit_test(cuts_at_the_first_separator),
	    cmocka_unit_test(reads_whole_numbers_only),
	    cmocka_unit_test(reads_whole_doubles_only),
	    cmocka_unit_test(counts_what_to_change),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
