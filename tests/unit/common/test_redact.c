// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "sync/redact.h"

#include <setjmp.h>

#include <cmocka.h>

#define SECRET "at/very+secret-1"
#define MAX_BYTES 4096

static const char *redacted(const char *text, size_t n, size_t max)
{
	static struct buf out;

	buf_done(&out);
	buf_init(&out, 1 << 20);
	redact_text((struct str){text, n}, STR(SECRET), max, &out);
	return buf_text(&out);
}

static void masks_what_is_secret_and_nothing_else(void **state)
{
	static const struct {
		const char *text;
		const char *want;
	} cases[] = {
	    {"", ""},
	    {"nothing to hide", "nothing to hide"},
	    {"the token was " SECRET ".", "the token was [redacted]."},
	    {SECRET SECRET, "[redacted][redacted]"},
	    {"?t=at%2fvery%2Bsecret-1&x=1", "?t=[redacted]&x=1"},
	    {"\"at\\/very+secret-1\"", "\"[redacted]\""},
	    {"at/very+secret-2", "at/very+secret-2"},
	    {"{\"access_token\": \"abc def\", \"n\": 1}", "{\"access_token\": \"[redacted]\", \"n\": 1}"},
	    {"{\"a\":{\"Client-Secret\":\"q\\\"uote\"}}", "{\"a\":{\"Client-Secret\":\"[redacted]\"}}"},
	    {"{\"tokens\":[\"a\",\"b]\"],\"n\":1}", "{\"tokens\":[redacted],\"n\":1}"},
	    {"{\"token\":{\"v\":\"}\",\"w\":[2]},\"n\":1}", "{\"token\":[redacted],\"n\":1}"},
	    {"{\\\"password\\\":\\\"hunter2\\\"}", "{\\\"password\\\":\\\"[redacted]\\\"}"},
	    {"{\"token\":12345}", "{\"token\":[redacted]}"},
	    {"{\"token\":\"unfinished", "{\"token\":\"[redacted]"},
	    {"refresh_token=abc&grant_type=x", "refresh_token=[redacted]&grant_type=x"},
	    {"Set-Cookie: sid=1; Path=/", "Set-Cookie: [redacted]; Path=/"},
	    {"Authorization: Zoho-oauthtoken 1000.abc", "Authorization: [redacted]"},
	    {"sent Bearer abc.def here", "sent Bearer [redacted] here"},
	    {"{\"code\":\"INVALID_TOKEN\",\"status\":\"error\"}",
	        "{\"code\":\"INVALID_TOKEN\",\"status\":\"error\"}"},
	    {"token", "token"},
	    {"token=", "token="},
	    {"line\r\nnext\tone\x01", "line \nnext\tone "},
	    {"caf\xc3\xa9 \xff\xc3", "caf\xc3\xa9 ??"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		assert_string_equal(redacted(cases[i].text, strlen(cases[i].text), MAX_BYTES), cases[i].want);
}

static void cuts_what_is_long(void **state)
{
	AUTO(buf_done) struct buf text = BUF(1 << 20);

	(void)state;
	for (size_t i = 0; i < 5000; i++)
		buf_add_text(&text, "x");
	assert_int_equal(strspn(redacted(text.p, 5000, 100), "x"), 100);
	assert_string_equal(redacted(text.p, 5000, 100) + 100, "... (5000 bytes in all)");
	assert_int_equal(strlen(redacted(text.p, 100, 100)), 100);
}

/* Wherever the end falls, no part of a secret is left before it. */
static void cuts_no_secret_in_two(void **state)
{
	AUTO(buf_done) struct buf text = BUF(1 << 20);

	(void)state;
	for (size_t i = 0; i < 50; i++)
		buf_add_text(&text, SECRET " ");
	for (size_t max = 1; max < text.n; max++) {
		const char *got = redacted(text.p, text.n, max);

		assert_null(strstr(got, "at/"));
		assert_null(strstr(got, "very"));
	}
}

static void takes_nul_bytes(void **state)
{
	(void)state;
	assert_string_equal(redacted("a\0b", 3, MAX_BYTES), "a b");
	assert_string_equal(redacted("token=a\0b", 9, MAX_BYTES), "token=[redacted]");
}

/* Megabytes that look like names, as a hostile answer may: the time is bounded by what is kept. */
static void looks_not_far_ahead(void **state)
{
	AUTO(buf_done) struct buf text = BUF(32 << 20);

	(void)state;
	for (size_t i = 0; i < 3 << 20; i++)
		buf_add_text(&text, "token");
	assert_int_equal(strncmp(redacted(text.p, text.n, MAX_BYTES), "tokentoken", 10), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(masks_what_is_secret_and_nothing_else),
	    cmocka_unit_test(cuts_what_is_long),
	    cmocka_unit_test(cuts_no_secret_in_two),
	    cmocka_unit_test(takes_nul_bytes),
	    cmocka_unit_test(looks_not_far_ahead),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
