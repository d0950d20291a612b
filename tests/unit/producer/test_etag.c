// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "etag.h"

#include <setjmp.h>

#include <cmocka.h>

static char etag[ETAG_LEN + 1];

static struct reply reply_of(int status, const char *body)
{
	return (struct reply){.status = status, .body = mem_strdup(body), .body_n = strlen(body)};
}

static void test_bodies_that_differ_have_others(void **state)
{
	char other[ETAG_LEN + 1];

	(void)state;
	etag_of(STR("{\"a\":1}"), etag);
	assert_int_equal(strlen(etag), ETAG_LEN);
	assert_true(etag[0] == '"' && etag[ETAG_LEN - 1] == '"');
	etag_of(STR("{\"a\":1}"), other);
	assert_string_equal(etag, other);
	etag_of(STR("{\"a\":2}"), other);
	assert_string_not_equal(etag, other);
}

static void test_matches(void **state)
{
	static const struct {
		const char *header; /* %s: the ETag */
		bool matches;
	} cases[] = {
	    {"%s", true},
	    {"W/%s", true},
	    {"\"a\", W/\"b\" , %s", true},
	    {"%s,\"a\"", true},
	    {"*", true},
	    {" * ", true},
	    {"", false},
	    {"\"a\"", false},
	    {"w/%s", false},
	    {"%s\"", false},
	    {"\"*\"", false},
	    {",,W/,\"", false},
	};

	(void)state;
	etag_of(STR("{}"), etag);
	assert_false(etag_matches((struct str){NULL, 0}, etag));
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const char *at = strstr(cases[i].header, "%s");
		char *header = at ? mem_printf("%.*s%s%s", (int)(at - cases[i].header), cases[i].header, etag,
		                        at + 2)
		                  : mem_strdup(cases[i].header);

		assert_int_equal(etag_matches(str_of(header), etag), cases[i].matches);
		free(header);
	}
}

static void test_only_a_200_with_a_body_has_one(void **state)
{
	(void)state;
	struct reply r = reply_of(404, "{}");
	etag_apply(STR("*"), &r);
	assert_int_equal(r.status, 404);
	assert_int_equal(r.nextra, 0);
	reply_done(&r);
	r = reply_of(200, "{}");
	etag_apply((struct str){NULL, 0}, &r);
	assert_int_equal(r.status, 200);
	assert_int_equal(r.nextra, 1);
	assert_int_equal(r.body_n, 2);
	reply_done(&r);
	r = reply_of(200, "{}");
	etag_apply(STR("*"), &r);
	assert_int_equal(r.status, 304);
	assert_int_equal(r.nextra, 1);
	reply_done(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_bodies_that_differ_have_others),
	    cmocka_unit_test(test_matches),
	    cmocka_unit_test(test_only_a_200_with_a_body_has_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
