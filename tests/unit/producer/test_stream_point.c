// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "stream_point.h"

#include <setjmp.h>

#include <cmocka.h>

static void an_id_reads_back(void **state)
{
	struct stream_point point = {1763736839123456, 7481};
	struct stream_point read;
	char text[STREAM_POINT_TEXT_MAX];

	(void)state;
	stream_point_format(&point, false, text);
	assert_string_equal(text, "1763736839123456-7481");
	assert_true(stream_point_parse(str_of(text), &read));
	assert_int_equal(read.us, point.us);
	assert_int_equal(read.version, point.version);
	stream_point_format(&point, true, text);
	assert_string_equal(text, "1763736839123456-7481-done");
	assert_true(stream_point_parse(str_of(text), &read));
	point = (struct stream_point){INT64_MAX, INT64_MAX};
	stream_point_format(&point, true, text);
	assert_true(stream_point_parse(str_of(text), &read));
	assert_int_equal(read.version, INT64_MAX);
}

static void anything_else_is_no_id(void **state)
{
	static const char *const texts[] = {"", "-", "1763736839123456", "1763736839123456-", "-7481",
	    "1763736839123456--7481", "1-2-gone", "1-2-done-", "99999999999999999999-1", "1-2 ", "a-b"};
	struct stream_point point = {7, 7};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		assert_false(stream_point_parse(str_of(texts[i]), &point));
	assert_int_equal(point.us, 7);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(an_id_reads_back),
	    cmocka_unit_test(anything_else_is_no_id),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
