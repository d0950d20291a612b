// SPDX-License-Identifier: Apache-2.0
/* Origins: which lists are taken; how lists and requests meet is tested over HTTP (test_server_callers.c). */
#include "base/base.h"
#include "cors.h"

#include <setjmp.h>

#include <cmocka.h>

static void test_lists(void **state)
{
	static const struct {
		const char *list;
		bool good;
	} cases[] = {
	    {"", true},
	    {"https://a.example", true},
	    {"https://a.example,http://localhost:3000", true},
	    {" https://a.example , https://b.example ", true},
	    {"https://[::1]:8443", true},
	    {"https://a.example,", true},
	    {"*", false},
	    {"null", false},
	    {"a.example", false},
	    {"https://", false},
	    {"https://a.example/", false},
	    {"https://a.example/path", false},
	    {"https://a.example?x", false},
	    {"https://*.example", false},
	    {"https://user@a.example", false},
	    {"https://A.example", false},
	    {"HTTPS://a.example", false},
	    {"ftp://a.example", false},
	    {"https://a.example https://b.example", false},
	    {"https://a.example,,https://b.example", false},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct err err = {0};
		struct cors *c = cors_new(cases[i].list, &err);

		if (!c == cases[i].good)
			fail_msg("\"%s\": %s", cases[i].list, err.text);
		assert_int_equal(strstr(err.text, "http.allowed_origins") != NULL, !cases[i].good);
		cors_free(c);
	}
}

static void test_lists_are_bounded(void **state)
{
	struct buf list = BUF(10000);
	struct err err = {0};

	(void)state;
	for (int i = 0; i < 65; i++)
		buf_printf(&list, "%shttps://a%d", i ? "," : "", i);
	assert_null(cors_new(buf_text(&list), &err));
	buf_done(&list);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_lists),
	    cmocka_unit_test(test_lists_are_bounded),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
