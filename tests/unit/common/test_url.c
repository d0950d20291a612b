// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "base/url.h"

#include <setjmp.h>

#include <cmocka.h>

static void parts_of_urls(void **state)
{
	static const struct {
		const char *url, *origin, *host;
	} cases[] = {
	    {"https://a.example/x/y?z=1#t", "https://a.example", "a.example"},
	    {"http://a.example:8080", "http://a.example:8080", "a.example:8080"},
	    {"https://a.example?x=/", "https://a.example", "a.example"},
	    {"https://a.example#/", "https://a.example", "a.example"},
	    {"https://user:secret@a.example/x", "https://user:secret@a.example", "a.example"},
	    {"https://a.example@evil.example/", "https://a.example@evil.example", "evil.example"},
	    {"https://a@b@c.example/", "https://a@b@c.example", "c.example"},
	    {"https://a.example/x@y", "https://a.example", "a.example"},
	    {"https://[::1]:9000/x", "https://[::1]:9000", "[::1]:9000"},
	    {"https:///x", "https://", ""},
	    {"https://", "https://", ""},
	    {"a.example:80/x", "", "a.example:80"},
	    {"/x", "", ""},
	    {"", "", ""},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct str url = str_of(cases[i].url);

		if (!str_is(url_origin(url), cases[i].origin) || !str_is(url_host(url), cases[i].host))
			fail_msg(
			    "%s: %.*s, %.*s", cases[i].url, STR_ARG(url_origin(url)), STR_ARG(url_host(url)));
	}
	assert_int_equal(url_origin((struct str){NULL, 0}).n, 0);
	assert_int_equal(url_host((struct str){NULL, 0}).n, 0);
	/* A slice ends where it says, whatever is behind it. */
	assert_true(str_is(url_origin((struct str){"https://a.example", 13}), "https://a.exa"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(parts_of_urls)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
