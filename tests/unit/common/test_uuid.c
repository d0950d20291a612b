// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"

#include <setjmp.h>
#include <cmocka.h>

#include "base/clock.h"
#include "base/uuid.h"

static void new_ones_are_version_7(void **state)
{
	(void)state;
	int64_t before_ms = clock_unix_us() / 1000;
	struct uuid id = uuid_new();
	int64_t after_ms = clock_unix_us() / 1000;
	int64_t ms = 0;

	for (int i = 0; i < 6; i++)
		ms = ms << 8 | id.b[i];
	assert_in_range(ms, before_ms, after_ms);
	assert_int_equal(id.b[6] >> 4, 7);
	assert_int_equal(id.b[8] >> 6, 2);
}

/* More than the pool of random bytes holds, so that it is filled again. */
static void new_ones_differ(void **state)
{
	(void)state;
	static struct uuid ids[300];

	for (size_t i = 0; i < ARRAY_SIZE(ids); i++) {
		ids[i] = uuid_new();
		for (size_t k = 0; k < i; k++)
			assert_false(uuid_eq(&ids[i], &ids[k]));
	}
}

static void formats_and_parses(void **state)
{
	(void)state;
	struct uuid id;
	struct uuid upper;
	char text[UUID_TEXT_LEN + 1];

	assert_true(uuid_parse(STR("0190163d-8694-739b-aea5-966c26f8ad91"), &id));
	assert_memory_equal(id.b, "\x01\x90\x16\x3d\x86\x94\x73\x9b\xae\xa5\x96\x6c\x26\xf8\xad\x91", 16);
	uuid_format(&id, text);
	assert_string_equal(text, "0190163d-8694-739b-aea5-966c26f8ad91");
	assert_true(uuid_parse(STR("0190163D-8694-739B-AEA5-966C26F8AD91"), &upper));
	assert_true(uuid_eq(&id, &upper));
}

static void refuses_other_forms(void **state)
{
	(void)state;
	static const char *const bad[] = {
	    "",
	    "0190163d8694739baea5966c26f8ad91",
	    "0190163d-8694-739b-aea5-966c26f8ad9",
	    "0190163d-8694-739b-aea5-966c26f8ad911",
	    "{0190163d-8694-739b-aea5-966c26f8ad9}",
	    "0190163d-8694-739b-aea5-966c26f8ad9g",
	    "0190163d-8694-739b-aea5x966c26f8ad91",
	    "0190163d--694-739b-aea5-966c26f8ad91",
	    " 190163d-8694-739b-aea5-966c26f8ad91",
	};
	struct uuid id = {{7}};

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_false(uuid_parse(str_of(bad[i]), &id));
	assert_int_equal(id.b[0], 7);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(new_ones_are_version_7),
	    cmocka_unit_test(new_ones_differ),
	    cmocka_unit_test(formats_and_parses),
	    cmocka_unit_test(refuses_other_forms),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
