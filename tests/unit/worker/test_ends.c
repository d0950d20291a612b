// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "ends.h"

#include "../declarations.h"

static void assert_report(struct ends *e, const char *expected)
{
	struct buf out = BUF(1024);

	ends_report(e, &out);
	assert_string_equal(buf_text(&out), expected);
	buf_done(&out);
}

static void test_what_was_completed_is_told_once(void **state)
{
	struct ends *e = ends_new(declarations_shipped);

	(void)state;
	assert_report(e, "{}");
	for (int i = 0; i < 3; i++)
		ends_completed(e, declarations_provider("zoho"));
	assert_report(e, "{\"zoho\":3}");
	assert_report(e, "{}");
	ends_completed(e, declarations_provider("bench"));
	ends_completed(e, declarations_provider("zoho"));
	assert_report(e, "{\"bench\":1,\"zoho\":1}");
	ends_free(e);
	ends_free(NULL);
}

static void test_a_report_replaces_what_the_buffer_held(void **state)
{
	struct ends *e = ends_new(declarations_shipped);
	struct buf out = BUF(1024);

	(void)state;
	for (int i = 0; i < 2; i++)
		ends_report(e, &out);
	assert_string_equal(buf_text(&out), "{}");
	buf_done(&out);
	ends_free(e);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_what_was_completed_is_told_once),
	    cmocka_unit_test(test_a_report_replaces_what_the_buffer_held),
	};
	return cmocka_run_group_tests(tests, declarations_load, declarations_unload);
}
