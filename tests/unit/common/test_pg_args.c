// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "base/buf.h"
#include "io/pg.h"

#include <setjmp.h>

#include <cmocka.h>

#define REQUESTS 3

static struct pg_args one[REQUESTS];
static struct pg_args stacked;

static int setup(void **state)
{
	(void)state;
	for (size_t i = 0; i < REQUESTS; i++)
		one[i] = PG_ARGS;
	stacked = PG_ARGS;
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	for (size_t i = 0; i < REQUESTS; i++)
		pg_args_done(&one[i]);
	pg_args_done(&stacked);
	return 0;
}

static void stack(size_t n)
{
	const struct pg_args *of[REQUESTS] = {&one[0], &one[1], &one[2]};

	pg_args_stack(&stacked, of, n);
}

/* What array_recv reads: dimensions, whether there are NULLs, the element's OID, the length, the lower bound,
 * then each element's length (-1: NULL) and bytes. */
static void assert_array(int i, unsigned type, unsigned element, const struct str *of, size_t n)
{
	struct str value = pg_arg_value(&stacked, i);
	AUTO(buf_done) struct buf expected = BUF(1024);
	bool nulls = false;

	for (size_t k = 0; k < n; k++)
		nulls |= !of[k].p;
	buf_add_be32(&expected, 1);
	buf_add_be32(&expected, nulls);
	buf_add_be32(&expected, element);
	buf_add_be32(&expected, (uint32_t)n);
	buf_add_be32(&expected, 1);
	for (size_t k = 0; k < n; k++) {
		buf_add_be32(&expected, of[k].p ? (uint32_t)of[k].n : UINT32_MAX);
		buf_add_str(&expected, of[k]);
	}
	assert_int_equal(stacked.arg[i].type, type);
	assert_true(stacked.arg[i].binary);
	assert_int_equal(value.n, expected.n);
	assert_memory_equal(value.p, expected.p, expected.n);
}
#define ASSERT_ARRAY(i, type, element, ...)                                                                  \
	assert_array(i, type, element, (struct str[]){__VA_ARGS__}, ARRAY_SIZE(((struct str[]){__VA_ARGS__})))
#define NOTHING ((struct str){0})

static void test_every_type_goes_into_its_array(void **state)
{
	const struct uuid id = {"0123456789abcdef"};

	(void)state;
	for (int i = 0; i < 2; i++) {
		pg_arg_text(&one[i], i ? STR("") : STR("a,b"));
		pg_arg_bool(&one[i], i == 0);
		pg_arg_i64(&one[i], 7 + i);
		pg_arg_uuid(&one[i], &id);
		pg_arg_bytea(&one[i], STR("x"));
	}
	stack(2);
	assert_int_equal(stacked.n, 5);
	ASSERT_ARRAY(0, 1009, 25, STR("a,b"), STR(""));
	ASSERT_ARRAY(1, 1000, 16, STR("\1"), STR("\0"));
	ASSERT_ARRAY(2, 1016, 20, STR("\0\0\0\0\0\0\0\7"), STR("\0\0\0\0\0\0\0\10"));
	ASSERT_ARRAY(3, 2951, 2950, STR("0123456789abcdef"), STR("0123456789abcdef"));
	ASSERT_ARRAY(4, 1001, 17, STR("x"), STR("x"));
}

static void test_some_have_none(void **state)
{
	(void)state;
	for (int i = 0; i < REQUESTS; i++) {
		if (i == 1)
			pg_arg_text(&one[i], STR("b"));
		else
			pg_arg_null(&one[i]);
		if (i == 1)
			pg_arg_null(&one[i]);
		else
			pg_arg_bool(&one[i], true);
	}
	stack(REQUESTS);
	ASSERT_ARRAY(0, 1009, 25, NOTHING, STR("b"), NOTHING);
	ASSERT_ARRAY(1, 1000, 16, STR("\1"), NOTHING, STR("\1"));
}

static void test_none_has_any(void **state)
{
	(void)state;
	for (int i = 0; i < REQUESTS; i++) {
		pg_arg_null(&one[i]);
		pg_arg_i64(&one[i], i);
	}
	stack(REQUESTS);
	assert_int_equal(stacked.n, 2);
	assert_null(pg_arg_value(&stacked, 0).p);
	assert_int_equal(stacked.arg[1].type, 1016);
}

static void test_one_alone_is_an_array_too(void **state)
{
	(void)state;
	pg_arg_text(&one[0], STR("a"));
	pg_arg_null(&one[0]);
	stack(1);
	ASSERT_ARRAY(0, 1009, 25, STR("a"));
	assert_null(pg_arg_value(&stacked, 1).p);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
	    TEST(test_every_type_goes_into_its_array),
	    TEST(test_some_have_none),
	    TEST(test_none_has_any),
	    TEST(test_one_alone_is_an_array_too),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
