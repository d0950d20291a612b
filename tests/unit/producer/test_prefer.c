// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "prefer.h"

#include <setjmp.h>

#include <cmocka.h>

static void test_wait(void **state)
{
	static const struct {
		const char *header;
		int64_t seconds;
	} cases[] = {
	    {NULL, 0},
	    {"", 0},
	    {"wait=10", 10},
	    {"WAIT=3", 3},
	    {" respond-async , wait = 4 ", 4},
	    {"wait=\"5\"", 5},
	    {"wait=6; foo=\"some parameter\"", 6},
	    {"return=minimal,wait=7,handling=lenient", 7},
	    {"wait=8, wait=9", 8},
	    {"wait=, wait=9", 0},
	    {"wait", 0},
	    {"wait=0", 0},
	    {"wait=-1", 0},
	    {"wait=1.5", 0},
	    {"wait=ten", 0},
	    {"wait=99999999999999999999", 0},
	    {"await=9", 0},
	    {"x-wait=9;wait=9", 0},
	    {",,;,=,\"", 0},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		assert_int_equal(prefer_wait_s(str_of(cases[i].header)), cases[i].seconds);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_wait)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
