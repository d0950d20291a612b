// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "oauth_state.h"

#include <setjmp.h>

#include <cmocka.h>

#define KEY "a key for tests that has 32 bytes!"
#define OTHER "a key for tests that has 32 bytes?"
#define STATE_LEN 64 /* base64url of an identifier and a SHA-256 */

static void what_was_written_is_read(void **state)
{
	(void)state;
	for (int i = 0; i < 100; i++) {
		struct uuid id = uuid_new();
		struct uuid read;
		AUTO(buf_done) struct buf text = BUF(128);

		oauth_state_write(KEY, &id, &text);
		assert_int_equal(text.n, STATE_LEN);
		assert_true(oauth_state_read(KEY, buf_str(&text), &read));
		assert_true(uuid_eq(&id, &read));
		assert_false(oauth_state_read(OTHER, buf_str(&text), &read));
		assert_false(oauth_state_read("", buf_str(&text), &read));
	}
}

/* Each bit of it counts. */
static void what_was_changed_is_forged(void **state)
{
	struct uuid id = uuid_new();
	struct uuid read;
	AUTO(buf_done) struct buf text = BUF(128);

	(void)state;
	oauth_state_write(KEY, &id, &text);
	for (size_t i = 0; i < text.n; i++) {
		for (const char *c = "AQgw_-/= \n"; *c; c++) {
			char was = text.p[i];

			text.p[i] = *c;
			if (*c != was)
				assert_false(oauth_state_read(KEY, buf_str(&text), &read));
			text.p[i] = was;
		}
		assert_false(oauth_state_read(KEY, (struct str){text.p, i}, &read));
	}
	buf_add_char(&text, 'A');
	assert_false(oauth_state_read(KEY, buf_str(&text), &read));
	assert_false(oauth_state_read(KEY, (struct str){NULL, 0}, &read));
}

static void verifiers_follow_from_the_state_and_are_no_part_of_it(void **state)
{
	struct uuid a = uuid_new();
	struct uuid b = uuid_new();
	AUTO(buf_done) struct buf text = BUF(128);
	AUTO(buf_done) struct buf first = BUF(64);
	AUTO(buf_done) struct buf again = BUF(64);
	AUTO(buf_done) struct buf other = BUF(64);

	(void)state;
	oauth_state_write(KEY, &a, &text);
	oauth_state_verifier(KEY, &a, &first);
	oauth_state_verifier(KEY, &a, &again);
	oauth_state_verifier(KEY, &b, &other);
	assert_int_equal(first.n, 43); /* RFC 7636, 4.1: at least */
	assert_true(str_eq(buf_str(&first), buf_str(&again)));
	assert_false(str_eq(buf_str(&first), buf_str(&other)));
	assert_null(strstr(buf_text(&text), buf_text(&first)));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(what_was_written_is_read),
	    cmocka_unit_test(what_was_changed_is_forged),
	    cmocka_unit_test(verifiers_follow_from_the_state_and_are_no_part_of_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
