// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"

#include <setjmp.h>
#include <cmocka.h>

#include "sync/template.h"

static struct str lookup(void *user, const struct template_part *part)
{
	(void)user;
	switch (part->variable) {
	case TEMPLATE_EXTERNAL_ID:
		return STR("a/b c+ü");
	case TEMPLATE_SETTING:
		return str_is(part->text, "known") ? STR("x=1&y") : (struct str){0};
	case TEMPLATE_DC:
		return STR("host:80/v1");
	case TEMPLATE_PAGE_SIZE:
		return STR("");
	default:
		return (struct str){0};
	}
}

static void expands_and_escapes(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		enum template_escape escape;
		const char *expected; /* NULL: a variable is absent */
	} cases[] = {
	    {"", ESCAPE_NONE, ""},
	    {"plain $ { } text", ESCAPE_NONE, "plain $ { } text"},
	    {"/v1/${connection.external_id}/x", ESCAPE_URL, "/v1/a%2Fb%20c%2B%C3%BC/x"},
	    {"/v1/${connection.external_id}/x", ESCAPE_QUERY, "%2Fv1%2Fa%2Fb%20c%2B%C3%BC%2Fx"},
	    {"${connection.settings.known}", ESCAPE_NONE, "x=1&y"},
	    {"<${connection.settings.known}>", ESCAPE_URL, "<x%3D1%26y>"},
	    {"https://${dc.api}", ESCAPE_URL, "https://host:80/v1"},
	    {"${page.size}${page.size}", ESCAPE_URL, ""},
	    {"a${connection.settings.other}b", ESCAPE_NONE, NULL},
	    {"a${cursor}", ESCAPE_QUERY, NULL},
	};
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct template t;
		const struct template_part *missing = NULL;
		AUTO(buf_done) struct buf out = BUF(1000);
		buf_add_text(&out, ">");
		assert_int_equal(template_compile(cases[i].text, &t, NULL), RC_OK);
		bool done = template_expand(&t, cases[i].escape, lookup, NULL, &out, &missing);
		assert_int_equal(done, cases[i].expected != NULL);
		assert_string_equal(buf_text(&out) + 1, cases[i].expected ? cases[i].expected : "");
		assert_int_equal(missing != NULL, !done);
		template_done(&t);
	}
}

static void refuses_what_it_does_not_know(void **state)
{
	(void)state;
	static const char *const bad[] = {"${}", "${unknown}", "${cursor", "${connection.settings.}",
	    "${page}", "${page.size }", "${cursors}", "a${b}${cursor}"};
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct template t = {0};
		struct err err = {0};
		if (template_compile(bad[i], &t, &err) != RC_INVALID)
			fail_msg("%s was taken", bad[i]);
		assert_int_equal(t.n, 0);
		assert_true(err.text[0]);
	}
}

static void knows_what_it_uses(void **state)
{
	(void)state;
	struct template t;
	assert_int_equal(template_compile("a${since}b${item.x}", &t, NULL), RC_OK);
	assert_true(template_uses(&t, TEMPLATE_SINCE));
	assert_true(template_uses(&t, TEMPLATE_ITEM));
	assert_false(template_uses(&t, TEMPLATE_CURSOR));
	assert_string_equal(template_variable_name(TEMPLATE_ITEM), "item.");
	template_done(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(expands_and_escapes),
	    cmocka_unit_test(refuses_what_it_does_not_know),
	    cmocka_unit_test(knows_what_it_uses),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
