// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "base/utf8.h"

#include <setjmp.h>
#include <cmocka.h>

static void sets_code_and_text(void **state)
{
	(void)state;
	struct err err = {.sqlstate = "40P01"};

	assert_int_equal(err_set(&err, RC_LIMIT, "body: %d bytes", 7), RC_LIMIT);
	assert_int_equal(err.rc, RC_LIMIT);
	assert_string_equal(err.text, "body: 7 bytes");
	assert_string_equal(err.sqlstate, "");
	assert_int_equal(err_set(NULL, RC_IO, "nobody asks"), RC_IO);
}

static void prefixes_and_keeps_the_rest(void **state)
{
	(void)state;
	struct err err;

	err_set(&err, RC_LOST, "connection reset");
	snprintf(err.sqlstate, sizeof err.sqlstate, "08006");
	assert_int_equal(err_prefix(&err, "page %d", 3), RC_LOST);
	assert_string_equal(err.text, "page 3: connection reset");
	assert_string_equal(err.sqlstate, "08006");
}

static void cuts_long_texts(void **state)
{
	(void)state;
	char text[2 * ERR_TEXT_MAX];
	struct err err;

	memset(text, 'x', sizeof text);
	text[sizeof text - 1] = '\0';
	err_set(&err, RC_IO, "%s", text);
	assert_int_equal(strlen(err.text), ERR_TEXT_MAX - 1);
	err_prefix(&err, "a");
	assert_int_equal(strlen(err.text), ERR_TEXT_MAX - 1);
	assert_memory_equal(err.text, "a: xxxx", 7);
	err_prefix(&err, "%s", text);
	assert_int_equal(strlen(err.text), ERR_TEXT_MAX - 1);
}

static void stays_utf8(void **state)
{
	(void)state;
	char text[2 * ERR_TEXT_MAX] = "";
	struct err err;

	for (size_t i = 0; i + 3 < sizeof text; i += 3)
		snprintf(text + i, 4, "\xe2\x82\xac"); /* a euro sign */
	for (int shift = 0; shift < 3; shift++) {
		err_set(&err, RC_IO, "%.*s%s", shift, "abc", text);
		assert_int_equal(strlen(err.text), ERR_TEXT_MAX - 1);
		assert_true(utf8_valid(str_of(err.text)));
		err_prefix(&err, "x");
		assert_true(utf8_valid(str_of(err.text)));
	}
	err_set(&err, RC_IO,
	    "a\xff"
	    "b\xe2\x82"
	    "c\xe2\x82\xac");
	assert_string_equal(err.text, "a?b??c\xe2\x82\xac");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(sets_code_and_text),
	    cmocka_unit_test(prefixes_and_keeps_the_rest),
	    cmocka_unit_test(cuts_long_texts),
	    cmocka_unit_test(stays_utf8),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
