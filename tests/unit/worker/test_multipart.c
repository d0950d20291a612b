// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "multipart.h"

#include <setjmp.h>

#include <cmocka.h>

#define TYPE "multipart/mixed; boundary=b_1"

static enum rc gather(void *user, const struct multipart_part *part)
{
	struct buf *out = user;
	buf_printf(out, "[%.*s %d %.*s", STR_ARG(part->id), part->status, STR_ARG(part->body));
	for (size_t i = 0; i < part->nheaders; i++)
		buf_printf(
		    out, " %.*s=%.*s", STR_ARG(part->headers[i].name), STR_ARG(part->headers[i].value));
	buf_add_char(out, ']');
	return RC_OK;
}

static void parts_are_read(void **state)
{
	static const struct {
		const char *type, *body, *expected;
	} cases[] = {
	    /* As Gmail writes it. */
	    {"multipart/mixed; boundary=batch_9Lz",
	        "--batch_9Lz\r\nContent-Type: application/http\r\nContent-ID: <response-item-0>\r\n\r\n"
	        "HTTP/1.1 200 OK\r\nContent-Type: application/json; charset=UTF-8\r\nVary: Origin\r\n\r\n"
	        "{\n  \"id\": \"a\"\n}\n\r\n--batch_9Lz\r\nContent-Type: application/http\r\n"
	        "Content-ID: <response-item-1>\r\n\r\nHTTP/1.1 404 Not Found\r\nRetry-After: 7\r\n\r\n{}\r\n"
	        "--batch_9Lz--\r\n",
	        "[response-item-0 200 {\n  \"id\": \"a\"\n} Content-Type=application/json; charset=UTF-8 "
	        "Vary=Origin]"
	        "[response-item-1 404 {} Retry-After=7]"},
	    /* LF alone, a quoted boundary, a preamble, an epilogue, blanks behind boundaries, names in small
	       letters. */
	    {"Multipart/Mixed; charset=utf-8; Boundary=\"b 1\"; x=y",
	        "what comes before\n--b 1  \ncontent-id: response-item-7\n\nHTTP/2 204\n\n\n--b 1-- \nwhat "
	        "comes behind",
	        "[response-item-7 204 ]"},
	    /* The boundary within a line, or with more behind it, is none. */
	    {TYPE, "--b_1\r\n\r\nHTTP/1.1 200 OK\r\n\r\n{\"x\":\"--b_1\"}\r\n--b_12\r\n--b_1x\r\n--b_1--",
	        "[ 200 {\"x\":\"--b_1\"}\r\n--b_12\r\n--b_1x]"},
	    {TYPE, "--b_1--", ""},
	    {TYPE, "--b_1\r\n\r\nHTTP/1.1 503 \r\n--b_1--\r\n", "[ 503 ]"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		AUTO(buf_done) struct buf out = BUF(1 << 16);
		struct err err = {0};
		if (multipart_read(str_of(cases[i].type), str_of(cases[i].body), gather, &out, &err))
			fail_msg("case %zu: %s", i, err.text);
		assert_string_equal(buf_text(&out), cases[i].expected);
	}
}

static void what_is_none_is_refused(void **state)
{
	static const char part[] = "--b_1\r\n\r\nHTTP/1.1 200 OK\r\n\r\n{}\r\n";
	static const struct {
		const char *type, *body, *says;
	} cases[] = {
	    {"application/json", "--b_1--", "no multipart"},
	    {"", "--b_1--", "no multipart"},
	    {"multipart/mixed", "--b_1--", "no multipart"},
	    {"multipart/mixed; boundary=", "--b_1--", "no multipart"},
	    {"multipart/mixed; boundary=\"b_1", "--b_1--", "no multipart"},
	    {"multipart/mixed; boundary=\"\"", "--b_1--", "no multipart"},
	    {TYPE, "", "no part"},
	    {TYPE, "{}", "no part"},
	    {TYPE, "x--b_1--", "no part"},
	    {TYPE, part, "within part 1"},
	    {TYPE, "--b_1\r\n\r\nHTTP/1.1 200 OK\r\n\r\n{}\r\n--b_1", "within part 2"},
	    {TYPE, "--b_1\r\n--b_1--", "part 1 is no"},
	    {TYPE, "--b_1\r\n\r\n{}\r\n--b_1--", "part 1 is no"},
	    {TYPE, "--b_1\r\n\r\nHTTP/1.1 99 x\r\n--b_1--", "part 1 is no"},
	    {TYPE, "--b_1\r\n\r\nHTTP/1.1 two\r\n--b_1--", "part 1 is no"},
	    {TYPE, "--b_1\r\n\r\nHTTP/1.1\r\n--b_1--", "part 1 is no"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		AUTO(buf_done) struct buf out = BUF(1 << 16);
		struct err err = {0};
		if (multipart_read(str_of(cases[i].type), str_of(cases[i].body), gather, &out, &err) !=
		    RC_INVALID)
			fail_msg("case %zu is taken", i);
		if (!strstr(err.text, cases[i].says))
			fail_msg("case %zu: %s", i, err.text);
	}
}

static enum rc refuse(void *user, const struct multipart_part *part)
{
	(void)part;
	(*(int *)user)++;
	return RC_LIMIT;
}

static void a_refused_part_is_the_last_one(void **state)
{
	int parts = 0;
	struct err err = {0};
	struct str body = STR("--b_1\n\nHTTP/1.1 200 OK\n\n--b_1\n\nHTTP/1.1 200 OK\n\n--b_1--");

	(void)state;
	assert_int_equal(multipart_read(STR(TYPE), body, refuse, &parts, &err), RC_LIMIT);
	assert_int_equal(parts, 1);
	assert_int_equal(err.text[0], 0);
}

static enum rc count_headers(void *user, const struct multipart_part *part)
{
	*(size_t *)user = part->nheaders;
	return RC_OK;
}

static void headers_have_a_ceiling(void **state)
{
	AUTO(buf_done) struct buf body = BUF(1 << 16);
	size_t n = 0;
	struct err err = {0};

	(void)state;
	buf_add_text(&body, "--b_1\n\nHTTP/1.1 200 OK\n");
	for (int i = 0; i < 100; i++)
		buf_printf(&body, "X-%d: y\n", i);
	buf_add_text(&body, "\n{}\n--b_1--");
	assert_int_equal(multipart_read(STR(TYPE), buf_str(&body), count_headers, &n, &err), RC_OK);
	assert_int_equal(n, MULTIPART_HEADERS_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(parts_are_read),
	    cmocka_unit_test(what_is_none_is_refused),
	    cmocka_unit_test(a_refused_part_is_the_last_one),
	    cmocka_unit_test(headers_have_a_ceiling),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
