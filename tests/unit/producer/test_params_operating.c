// SPDX-License-Identifier: Apache-2.0
/* The parameters of routes_operating.c and routes_dead_letters.c. */
#include "base/base.h"

#include "params_world.h"

#define AN_ID "\"0190aaaa-0000-7000-8000-00000000000a\""

static void test_the_registry_as_a_document(void **state)
{
	(void)state;
	bind("GET", "/v1/providers", NULL);
	assert_int_equal(args.n, 1);
	assert_true(str_is(arg(0), "{\"providers\":[{\"provider\":\"practicepanther\",\"resources\":["
	                           "\"contacts\",\"matters\",\"tasks\"]},"
	                           "{\"provider\":\"bench\",\"resources\":[\"contacts\"]}]}"));
}

static void test_who_operates_the_fleet(void **state)
{
	(void)state;
	bind("GET", "/v1/dead-letters", NULL);
	assert_int_equal(faults.n, 0);
	assert_memory_equal(arg(0).p, "\0", 1);
	caller.rights |= RIGHT_OPERATE;
	bind("GET", "/v1/dead-letters", NULL);
	caller.rights = RIGHTS_OF_ADMIN;
	assert_memory_equal(arg(0).p, "\1", 1);
}

static void test_which_dead_letters_are_replayed(void **state)
{
	(void)state;
	bind("POST", "/v1/dead-letters/replay", NULL);
	assert_int_equal(faults.n, 0);
	assert_int_equal(args.n, 10);
	for (int i = 1; i < 10; i++)
		assert_true(is_null(i) == (i != 8)); /* the limit has a default */
	bind("POST", "/v1/dead-letters/replay", "{\"ids\":[" AN_ID "],\"class\":\"cap\",\"limit\":500}");
	assert_int_equal(faults.n, 0);
	assert_true(str_is(arg(6), "cap"));
	bind("POST", "/v1/dead-letters/replay", "{\"class\":\"auth\"}");
	assert_string_equal(faults.code, "not_allowed");
	bind("POST", "/v1/dead-letters/discard", "{}");
	assert_string_equal(faults.code, "missing_field");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(test_the_registry_as_a_document, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_who_operates_the_fleet, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_which_dead_letters_are_replayed, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
