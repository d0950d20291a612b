// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "sync/origins.h"

#include <setjmp.h>

#include <cmocka.h>

static void a_provider_has_the_first_origin_of_its_name(void **state)
{
	static const struct {
		const char *origins, *provider, *origin;
	} cases[] = {
	    {"acme=http://127.0.0.1:9000", "acme", "http://127.0.0.1:9000"},
	    {"acme=http://a,bench=https://b:443", "bench", "https://b:443"},
	    {" acme=http://a , bench=https://b ", "bench", "https://b"},
	    {"acme=http://a,acme=http://b", "acme", "http://a"},
	    {"acme=http://a", "acm", ""},
	    {"acme=http://a", "acme2", ""},
	    {"acme=http://a", "http://a", ""},
	    {"", "acme", ""},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		if (!str_is(origin_of(cases[i].origins, cases[i].provider), cases[i].origin))
			fail_msg("%s of \"%s\"", cases[i].provider, cases[i].origins);
	}
}

static void only_origins_are_taken(void **state)
{
	static const struct {
		const char *origins;
		int bad; /* the entry that the error names; 0: good */
	} cases[] = {
	    {"", 0},
	    {"acme=http://127.0.0.1:9000", 0},
	    {"acme=https://proxy.example", 0},
	    {"acme=https://[::1]:9000", 0},
	    {" acme=http://a , bench=https://b ", 0},
	    {"acme", 1},
	    {"acme=", 1},
	    {"=http://a", 1},
	    {"acme=a:9000", 1},
	    {"acme=ftp://a", 1},
	    {"acme=http://", 1},
	    {"acme=http:///", 1},
	    {"acme=http://a/", 1},
	    {"acme=http://a/sandbox", 1},
	    {"acme=http://a?x=1", 1},
	    {"acme=http://a#x", 1},
	    {"acme=http://user:canary@a", 1},
	    {"acme=http://a b", 1},
	    {"acme=http://a,,bench=http://b", 2},
	    {"acme=http://a,bench", 2},
	    {"acme=http://a,bench=http://user:canary@b", 2},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct err err = {0};
		enum rc rc = origins_check(cases[i].origins, &err);
		char entry[32];

		if (rc != (cases[i].bad ? RC_INVALID : RC_OK))
			fail_msg("\"%s\": %d %s", cases[i].origins, (int)rc, err.text);
		snprintf(entry, sizeof entry, "entry %d", cases[i].bad);
		if (cases[i].bad && (!strstr(err.text, entry) || !strstr(err.text, "providers.origins")))
			fail_msg("\"%s\": %s", cases[i].origins, err.text);
		assert_null(strstr(err.text, "canary"));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_provider_has_the_first_origin_of_its_name),
	    cmocka_unit_test(only_origins_are_taken),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
