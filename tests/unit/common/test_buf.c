// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"

#include <setjmp.h>
#include <cmocka.h>

#include "base/buf.h"

static void appends(void **state)
{
	(void)state;
	struct buf b = BUF(100);

	assert_string_equal(buf_text(&b), "");
	assert_non_null(buf_str(&b).p);
	buf_add(&b, NULL, 0);
	buf_add_text(&b, "a");
	buf_add_str(&b, STR("bc"));
	buf_add_char(&b, 'd');
	buf_printf(&b, "%d%s", 7, "e");
	buf_add_hex(&b, (const uint8_t *)"\x0f\xf0", 2);
	assert_string_equal(buf_text(&b), "abcd7e0ff0");
	assert_int_equal(b.n, 10);
	assert_true(buf_ok(&b));
	buf_clear(&b);
	assert_string_equal(buf_text(&b), "");
	buf_done(&b);
	assert_null(b.p);
	buf_add_text(&b, "again");
	assert_string_equal(buf_text(&b), "again");
	buf_set(&b, STR("anew"));
	assert_string_equal(buf_text(&b), "anew");
	buf_done(&b);
}

static void keeps_bytes_with_nul(void **state)
{
	(void)state;
	struct buf b = BUF(10);

	buf_add(&b, "a\0b", 3);
	assert_memory_equal(b.p, "a\0b\0", 4);
	assert_int_equal(buf_str(&b).n, 3);
	buf_done(&b);
}

static void stops_at_the_ceiling(void **state)
{
	(void)state;
	struct buf b = BUF(4);

	buf_add_text(&b, "abcd");
	assert_true(buf_ok(&b));
	buf_add_char(&b, 'e');
	assert_false(buf_ok(&b));
	assert_string_equal(buf_text(&b), "abcd");
	buf_add_text(&b, "");
	assert_false(buf_ok(&b));
	buf_clear(&b);
	assert_true(buf_ok(&b));
	buf_printf(&b, "%s", "fives");
	assert_false(buf_ok(&b));
	assert_int_equal(b.n, 0);
	buf_clear(&b);
	assert_null(buf_reserve(&b, SIZE_MAX));
	buf_done(&b);

	struct buf none = {0};
	buf_add_char(&none, 'x');
	assert_false(buf_ok(&none));
	buf_done(&none);
}

static void grows_through_every_size(void **state)
{
	(void)state;
	struct buf b = BUF(1000);

	for (size_t i = 0; i < 1000; i++) {
		buf_add_char(&b, (char)('a' + i % 26));
		assert_int_equal(b.p[b.n], 0);
	}
	assert_true(buf_ok(&b));
	for (size_t i = 0; i < 1000; i++)
		assert_int_equal(b.p[i], 'a' + i % 26);
	buf_done(&b);
}

static void reserved_bytes_count_when_taken(void **state)
{
	(void)state;
	struct buf b = BUF(100);
	char *at = buf_reserve(&b, 80);

	assert_non_null(at);
	assert_int_equal(b.n, 0);
	memcpy(at, "xyz", 4);
	b.n = 3;
	assert_string_equal(buf_text(&b), "xyz");
	buf_done(&b);
}

static void writes_big_endian(void **state)
{
	(void)state;
	struct buf b = BUF(14);

	buf_add_be16(&b, 0x0102);
	buf_add_be32(&b, 0x03040506);
	buf_add_be64(&b, UINT64_C(0x0708090a0b0c0d0e));
	assert_memory_equal(b.p, "\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x0d\x0e", 14);
	assert_true(buf_ok(&b));
	buf_done(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(appends),
	    cmocka_unit_test(keeps_bytes_with_nul),
	    cmocka_unit_test(stops_at_the_ceiling),
	    cmocka_unit_test(grows_through_every_size),
	    cmocka_unit_test(reserved_bytes_count_when_taken),
	    cmocka_unit_test(writes_big_endian),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
