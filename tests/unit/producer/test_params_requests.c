// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"

#include "params_world.h"

static void test_times(void **state)
{
	static const char *const cases[] = {"2026-11-20T09:30:00Z", "2026-11-20T09:30:00.5Z",
	    "2026-11-20T09:30:00.123456789+02:00", "0001-01-01T00:00:00-12:00"};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		request.query[0] = "created_before";
		request.query[1] = cases[i];
		bind("GET", "/v1/syncs", NULL);
		assert_int_equal(faults.n, 0);
		assert_true(str_is(arg(10), cases[i]));
	}
}

static void test_an_idempotency_key(void **state)
{
	(void)state;
	request.header_name = "Idempotency-Key";
	request.header_value = "\"a key\"";
	bind("POST", "/v1/syncs", "{\"provider\":\"bench\"," CONNECTION "}");
	assert_int_equal(faults.n, 0);
	assert_int_equal(args.n, 10);
	assert_string_equal(idempotency_key, "a key");
	request.header_value = "\"";
	bind("POST", "/v1/syncs", "{\"provider\":\"bench\"," CONNECTION "}");
	assert_int_equal(faults.n, 1);
	assert_string_equal(faults.code, "invalid_idempotency_key");
	assert_non_null(strstr(buf_text(&faults.json), "\"pointer\":\"Idempotency-Key\""));
	assert_null(idempotency_key);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
	    TEST(test_times),
	    TEST(test_an_idempotency_key),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
