// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "base/slice.h"

#include "base/utf8.h"

#include <setjmp.h>
#include <cmocka.h>

#define TEXT_MAX 4096
#define PATHS_MAX 8

/* ---- a page as text: one line a record, one word a field ---- */

static void add_value(struct buf *out, struct slice value)
{
	if (value.kind == SLICE_ABSENT)
		buf_add_char(out, '-');
	else
		buf_add_str(out, slice_text(value));
	buf_add_text(out, value.escaped ? "\\" : "");
	buf_add_text(out, value.repeated ? "! " : " ");
}

struct reading {
	size_t nfields;
	size_t stop_after; /* records; 0: never */
	size_t count;
	struct buf text;
};

static enum rc add_record(void *user, struct str raw, const struct slice *fields)
{
	struct reading *reading = user;

	if (!reading->nfields)
		buf_add_str(&reading->text, raw);
	for (size_t i = 0; i < reading->nfields; i++)
		add_value(&reading->text, fields[i]);
	buf_add_char(&reading->text, '\n');
	return ++reading->count == reading->stop_after ? RC_DENIED : RC_OK;
}

static size_t split_paths(char *text, const char *paths[PATHS_MAX])
{
	size_t n = 0;

	for (char *at = text; at && *at; n++) {
		paths[n] = at;
		at = strchr(at, ' ');
		if (at)
			*at++ = '\0';
	}
	return n;
}

struct page_case {
	const char *body;
	const char *records;
	const char *fields;   /* separated by spaces */
	const char *envelope; /* same */
	const char *expected; /* records, then the envelope's line when there is one */
};

/* The body in memory of its own size, so that ASan sees a read past its end. */
static enum rc read_page(const struct page_case *c, struct str body, struct buf *out, struct err *err)
{
	char *field_text = mem_strdup(c->fields ? c->fields : "");
	char *envelope_text = mem_strdup(c->envelope ? c->envelope : "");
	char *copy = mem_strndup(body.p, body.n);
	const char *fields[PATHS_MAX];
	const char *envelope[PATHS_MAX];
	struct slice around[PATHS_MAX];
	size_t nenvelope = split_paths(envelope_text, envelope);
	struct reading reading = {.nfields = split_paths(field_text, fields), .text = BUF(TEXT_MAX)};
	struct slice_plan *plan = slice_plan_new(c->records, fields, reading.nfields, envelope, nenvelope);

	copy = mem_realloc(copy, body.n ? body.n : 1);
	enum rc rc = slice_page(plan, (struct str){copy, body.n}, around, add_record, &reading, err);
	for (size_t i = 0; rc == RC_OK && i < nenvelope; i++)
		add_value(&reading.text, around[i]);
	*out = reading.text;
	slice_plan_free(plan);
	free(field_text);
	free(envelope_text);
	free(copy);
	return rc;
}

static const struct page_case pages[] = {
    {"[]", "", "id", NULL, ""},
    {" [ ] \r\n\t", "", "id", NULL, ""},
    {"[{\"id\":1},{\"id\":\"two\"}]", "", "id", NULL, "1 \n\"two\" \n"},
    {" [ { \"id\" : 1 , \"x\" : 2 } , { } ] ", "", "id", NULL, "1 \n- \n"},
    {"[{\"id\":1,\"x\":[{\"id\":2}]}]", "", "id x", NULL, "1 [{\"id\":2}] \n"},
    {"[{\"a\":null,\"b\":true,\"c\":false,\"d\":-0.5e+2,\"e\":{},\"f\":[]}]", "", "a b c d e f g", NULL,
        "null true false -0.5e+2 {} [] - \n"},
    {"[{\"a\":\"\",\"b\":\"q\\\"q\"}]", "", "a b", NULL, "\"\" \"q\\\"q\"\\ \n"},
    {"{\"data\":[{\"id\":1}],\"next\":\"x\"}", "data", "id", "next", "1 \n\"x\" "},
    {"{\"next\":\"x\",\"data\":[{\"id\":1}]}", "data", "id", "next", "1 \n\"x\" "},
    {"{\"a\":{\"b\":[{\"id\":1}],\"more\":true},\"n\":7}", "a.b", "id", "a.more n", "1 \ntrue 7 "},
    {"{\"info\":{\"more\":true}}", "data", "id", "info.more info", "true {\"more\":true} "},
    {"{\"data\":null}", "data", "id", NULL, ""},
    {"{\"data\":7}", "data.items", "id", NULL, ""},
    {"null", "", "id", NULL, ""},
    {"{}", "data", "id", "next", "- "},
    {"{\"id\":5}", NULL, NULL, "id", "5 "},
    {"[1,\"two\",null,[3],{\"id\":4}]", "", "id", NULL, "- \n- \n- \n- \n4 \n"},
    {"[{\"a\":1}]", "", NULL, NULL, "{\"a\":1}\n"},
    {"[{\"o\":{\"a\":{\"b\":1}}},{\"o\":{\"a\":2}},{\"o\":3},{}]", "", "o.a.b o.a o", NULL,
        "1 {\"b\":1} {\"a\":{\"b\":1}} \n- 2 {\"a\":2} \n- - 3 \n- - - \n"},
    {"[{\"id\":1}]", "", "id id", NULL, "1 1 \n"},
    /* Other orders, missing and new keys. */
    {"[{\"a\":1,\"b\":2},{\"b\":3,\"a\":4},{\"b\":5},{\"c\":0,\"a\":6},{\"x\":0,\"y\":0,\"b\":7}]", "", "a b",
        NULL, "1 2 \n4 3 \n- 5 \n6 - \n- 7 \n"},
    {"[{\"ab\":1,\"a\":2},{\"a\":3,\"ab\":4}]", "", "a ab", NULL, "2 1 \n3 4 \n"},
    /* Of a repeated key the last counts, with all that was below it. */
    {"[{\"a\":1,\"a\":2}]", "", "a", NULL, "2! \n"},
    {"[{\"a\":1,\"b\":2},{\"a\":3,\"a\":null,\"b\":4},{\"a\":5}]", "", "a b", NULL, "1 2 \nnull! 4 \n5 - \n"},
    {"[{\"o\":{\"a\":1},\"o\":{\"b\":2}}]", "", "o.a o.b", NULL, "-! 2 \n"},
    {"[{\"o\":{\"a\":1},\"o\":null}]", "", "o.a o", NULL, "-! null! \n"},
    {"[{\"o\":{\"a\":1},\"o\":{\"a\":2},\"o\":{}}]", "", "o.a", NULL, "-! \n"},
    {"{\"n\":1,\"data\":[],\"n\":2}", "data", "id", "n", "2! "},
    /* Escapes in keys are the key all the same. */
    {"[{\"\\u0069d\":1},{\"id\":2},{\"\\u0069d\":3}]", "", "id", NULL, "1 \n2 \n3 \n"},
    {"[{\"a\":\"\\u0000\",\"b\":\"\\ud83d\\ude00\"}]", "", "b", NULL, "\"\\ud83d\\ude00\"\\ \n"},
    {"[{\"\xc3\xa9\":\"\xe2\x82\xac \xf0\x9f\x98\x80\"}]", "", "\xc3\xa9", NULL,
        "\"\xe2\x82\xac \xf0\x9f\x98\x80\" \n"},
    {"[{\"id\":1},{\"id\":\"a string that is longer than sixteen bytes\"}]", "", "id", NULL,
        "1 \n\"a string that is longer than sixteen bytes\" \n"},
    {"[{\"a key of more than sixteen bytes\":1},{\"a key of more than sixteen bytes\":2}]", "", "x", NULL,
        "- \n- \n"},
};

static void test_pages(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(pages); i++) {
		struct err err = {0};
		struct buf text;

		if (read_page(&pages[i], str_of(pages[i].body), &text, &err) != RC_OK)
			fail_msg("%s: %s", pages[i].body, err.text);
		assert_string_equal(buf_text(&text), pages[i].expected);
		buf_done(&text);
	}
}

/* ---- what is refused ---- */

struct bad_case {
	struct str body;
	const char *why;
};

#define BAD(body, why)                                                                                       \
	{                                                                                                    \
		{(body), sizeof(body) - 1}, why                                                              \
	}

static const struct bad_case bad_values[] = {
    BAD("\"a\nb\"", "control character"),
    BAD("\"a\tb\"", "control character"),
    BAD("\"a\0b\"", "control character"),
    BAD("\"a fairly long string, and then \x1f\"", "control character"),
    BAD("\"\\ud800\"", "lone surrogate"),
    BAD("\"\\udc00\"", "lone surrogate"),
    BAD("\"\\ud800x\"", "lone surrogate"),
    BAD("\"\\ud800\\n12345\"", "lone surrogate"),
    BAD("\"\\ud800\\ud800\"", "lone surrogate"),
    BAD("\"\\ud800\\u12\"", "lone surrogate"),
    BAD("\"\\ud800\\ue000\"", "lone surrogate"),
    BAD("\"\\u12g4\"", "hexadecimal"),
    BAD("\"\\u12\"", "hexadecimal"),
    BAD("\"\\x41\"", "unknown escape"),
    BAD("\"\\U0041\"", "unknown escape"),
    BAD("\"\\\n\"", "unknown escape"),
    BAD("\"\x80\"", "UTF-8"),
    BAD("\"\xc3\"", "UTF-8"),
    BAD("\"\xc0\xaf\"", "UTF-8"),
    BAD("\"\xc1\xbf\"", "UTF-8"),
    BAD("\"\xe0\x80\xaf\"", "UTF-8"),
    BAD("\"\xed\xa0\x80\"", "UTF-8"),
    BAD("\"\xf0\x80\x80\xaf\"", "UTF-8"),
    BAD("\"\xf4\x90\x80\x80\"", "UTF-8"),
    BAD("\"\xf5\x80\x80\x80\"", "UTF-8"),
    BAD("\"\xff\"", "UTF-8"),
    BAD("\"sixteen plain bytes first \xe2\x28\xa1\"", "UTF-8"),
    BAD("1.", "not a number"),
    BAD(".5", "expected a value"),
    BAD("01", "not a number"),
    BAD("-", "not a number"),
    BAD("-01", "not a number"),
    BAD("+1", "expected a value"),
    BAD("1e", "not a number"),
    BAD("1e+", "not a number"),
    BAD("1.e5", "not a number"),
    BAD("0x10", "comma"),
    BAD("1 2", "comma"),
    BAD("NaN", "expected a value"),
    BAD("Infinity", "expected a value"),
    BAD("-Infinity", "not a number"),
    BAD("tru", "expected a value"),
    BAD("True", "expected a value"),
    BAD("nul", "expected a value"),
    BAD("truex", "comma"),
    BAD("'a'", "expected a value"),
    BAD("a", "expected a value"),
    BAD("", "expected a value"),
    BAD("[1,]", "expected a value"),
    BAD("[,1]", "expected a value"),
    BAD("[1 2]", "comma"),
    BAD("[1}", "comma"),
    BAD("{\"a\":1,}", "expected a key"),
    BAD("{\"a\"}", "colon"),
    BAD("{\"a\" 1}", "colon"),
    BAD("{\"a\":}", "expected a value"),
    BAD("{a:1}", "expected a key"),
    BAD("{1:1}", "expected a key"),
    BAD("{\"a\":1 \"b\":2}", "comma"),
    BAD("{\"a\":1]", "comma"),
    BAD("{\"\n\":1}", "control character"),
    BAD("/* c */ 1", "expected a value"),
    BAD("1 // c", "comma"),
    BAD("\f1", "expected a value"),
    BAD("\xc2\xa0 1", "expected a value"),
};

static void expect_bad(const struct page_case *c, struct str body, const char *why)
{
	struct err err = {0};
	struct buf text;

	if (read_page(c, body, &text, &err) != RC_INVALID)
		fail_msg("accepted: %.*s", STR_ARG(body));
	if (!strstr(err.text, why))
		fail_msg("%.*s: %s (expected: %s)", STR_ARG(body), err.text, why);
	buf_done(&text);
}

/* Each bad value where it is asked for, where it is passed over, in the envelope and as a record. */
static void test_bad_values(void **state)
{
	static const struct page_case record = {.records = "data", .fields = "asked", .envelope = "n"};
	static const char *const around[][2] = {
	    {"{\"data\":[{\"asked\":", "}]}"},
	    {"{\"data\":[{\"asked\":1,\"passed\":", "}]}"},
	    {"{\"data\":[{\"passed\":[{\"x\":", "}]}]}"},
	    {"{\"data\":[],\"n\":", "}"},
	    {"{\"data\":[0,", "]}"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad_values); i++) {
		for (size_t k = 0; k < ARRAY_SIZE(around); k++) {
			struct buf body = BUF(TEXT_MAX);

			buf_add_text(&body, around[k][0]);
			buf_add_str(&body, bad_values[i].body);
			buf_add_text(&body, around[k][1]);
			expect_bad(&record, buf_str(&body), bad_values[i].why);
			buf_done(&body);
		}
	}
}

static const struct bad_case bad_documents[] = {
    BAD("", "ends too early"),
    BAD("  ", "ends too early"),
    BAD("{\"data\":[]} x", "text after"),
    BAD("{\"data\":[]}{}", "text after"),
    BAD("{\"data\":[]}\0", "text after"),
    BAD("{\"data\":[]}]", "text after"),
    BAD("\xef\xbb\xbf{}", "expected a value"),
    BAD("{\"data\":{}}", "no array"),
    BAD("{\"data\":\"x\"}", "no array"),
    BAD("{\"data\":[],\"data\":[]}", "repeated"),
    BAD("{\"data\":[{}", "ends too early"),
    BAD("{\"data\":[{\"a", "has no end"),
    BAD("{\"data\":[{\"a\\", "has no end"),
};

static void test_bad_documents(void **state)
{
	static const struct page_case record = {.records = "data", .fields = "id"};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad_documents); i++)
		expect_bad(&record, bad_documents[i].body, bad_documents[i].why);
	expect_bad(&(struct page_case){.records = ""}, STR("{\"error\":\"x\"}"), "no array");
	expect_bad(&(struct page_case){.records = "a.b"}, STR("{\"a\":{\"b\":[1]},\"a\":{}}"), "repeated");
}

/* Every proper prefix of a page is bad, wherever it is cut. */
static void test_cut_pages(void **state)
{
	static const char page[] =
	    "{\"data\":[{\"id\":-12.5e3,\"o\":{\"k\":[true,null,\"\\u00e9\\ud83d\\ude00\xf0\x9f\x98\x80\"]},"
	    "\"notes\":\"longer than sixteen bytes, so that all loops run\"}],\"next\":false}";
	static const struct page_case record = {
	    .records = "data", .fields = "id o.k notes", .envelope = "next"};
	struct err err;
	struct buf text;

	(void)state;
	for (size_t n = 0; n < sizeof page - 1; n++)
		expect_bad(&record, (struct str){page, n}, "byte ");
	assert_int_equal(read_page(&record, STR(page), &text, &err), RC_OK);
	buf_done(&text);
}

static void test_depth(void **state)
{
	static const struct page_case record = {.records = "", .fields = "a"};
	char body[2 * SLICE_DEPTH_MAX + 2];
	struct buf text;
	struct err err;

	(void)state;
	memset(body, '[', SLICE_DEPTH_MAX);
	memset(body + SLICE_DEPTH_MAX, ']', SLICE_DEPTH_MAX);
	assert_int_equal(read_page(&record, (struct str){body, sizeof body - 2}, &text, &err), RC_OK);
	buf_done(&text);
	memset(body, '[', SLICE_DEPTH_MAX + 1);
	memset(body + SLICE_DEPTH_MAX + 1, ']', SLICE_DEPTH_MAX + 1);
	expect_bad(&record, (struct str){body, sizeof body}, "nested too deeply");
}

/* A hundred thousand brackets must not take the stack down. */
static void test_bomb(void **state)
{
	static const struct page_case record = {.records = "", .fields = "a"};
	struct buf body = BUF(1 << 20);

	(void)state;
	for (int i = 0; i < 100000; i++)
		buf_add_text(&body, i % 2 ? "{\"a\":" : "[");
	expect_bad(&record, buf_str(&body), "nested too deeply");
	buf_done(&body);
}

/* More different keys than a walk remembers. */
static void test_many_keys(void **state)
{
	static const struct page_case record = {.records = "", .fields = "k7 k150 k199"};
	struct buf body = BUF(1 << 16);
	struct buf text;
	struct err err;

	(void)state;
	buf_add_char(&body, '[');
	for (int r = 0; r < 3; r++) {
		buf_add_text(&body, r ? ",{\"r\":0" : "{\"r\":0");
		for (int k = 0; k < 200; k++)
			buf_printf(&body, ",\"k%d\":%d", k, k + r);
		buf_add_char(&body, '}');
	}
	buf_add_char(&body, ']');
	assert_int_equal(read_page(&record, buf_str(&body), &text, &err), RC_OK);
	assert_string_equal(buf_text(&text), "7 150 199 \n8 151 200 \n9 152 201 \n");
	buf_done(&body);
	buf_done(&text);
}

static void test_stop(void **state)
{
	struct slice_plan *plan = slice_plan_new("", NULL, 0, NULL, 0);
	struct reading reading = {.stop_after = 2, .text = BUF(TEXT_MAX)};
	struct err err = {0};

	(void)state;
	assert_int_equal(slice_page(plan, STR("[1,2,3"), NULL, add_record, &reading, &err), RC_DENIED);
	assert_int_equal(reading.count, 2);
	assert_string_equal(err.text, "");
	buf_done(&reading.text);
	slice_plan_free(plan);
}

static void test_whole_record(void **state)
{
	static const char *const paths[] = {"", "id"};
	struct slice_plan *plan = slice_plan_new("", paths, 2, NULL, 0);
	struct reading reading = {.nfields = 2, .text = BUF(TEXT_MAX)};

	(void)state;
	assert_int_equal(
	    slice_page(plan, STR("[{\"id\":1},\"x\"]"), NULL, add_record, &reading, NULL), RC_OK);
	assert_string_equal(buf_text(&reading.text), "{\"id\":1} 1 \n\"x\" - \n");
	buf_done(&reading.text);
	slice_plan_free(plan);
}

static void test_error_names_the_byte(void **state)
{
	struct slice_plan *plan = slice_plan_new("", NULL, 0, NULL, 0);
	struct reading reading = {.text = BUF(TEXT_MAX)};
	struct err err = {0};

	(void)state;
	assert_int_equal(slice_page(plan, STR("[1, tru]"), NULL, add_record, &reading, &err), RC_INVALID);
	assert_int_equal(err.rc, RC_INVALID);
	assert_string_equal(err.text, "reading JSON: byte 4: expected a value");
	buf_done(&reading.text);
	slice_plan_free(plan);
}

/* ---- text of strings ---- */

static struct slice string_slice(const char *text)
{
	return (struct slice){text, (uint32_t)strlen(text), SLICE_STRING, strchr(text, '\\') != NULL, false};
}

static void test_unescape(void **state)
{
	static const char *const cases[][2] = {
	    {"", ""},
	    {"plain", "plain"},
	    {"\\\"\\\\\\/\\b\\f\\n\\r\\t", "\"\\/\b\f\n\r\t"},
	    {"a\\u0041b", "aAb"},
	    {"\\u00e9\\u20AC\\uFFFF", "\xc3\xa9\xe2\x82\xac\xef\xbf\xbf"},
	    {"\\ud83d\\ude00", "\xf0\x9f\x98\x80"},
	    {"\\uDBFF\\uDFFF", "\xf4\x8f\xbf\xbf"},
	    {"\\\\u0000", "\\u0000"},
	    {"\\u0001\\u001f\\u007f\\u0080\\u07ff\\u0800", "\x01\x1f\x7f\xc2\x80\xdf\xbf\xe0\xa0\x80"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct buf out = BUF(TEXT_MAX);

		buf_add_char(&out, '>');
		assert_int_equal(slice_unescape(string_slice(cases[i][0]), &out), RC_OK);
		assert_string_equal(buf_text(&out) + 1, cases[i][1]);
		assert_true(utf8_valid(buf_str(&out)));
		buf_done(&out);
	}
}

static void test_unescape_refuses(void **state)
{
	struct buf out = BUF(8);

	(void)state;
	buf_add_text(&out, "ab");
	assert_int_equal(slice_unescape(string_slice("\\u0000"), &out), RC_INVALID);
	assert_string_equal(buf_text(&out), "ab");
	assert_int_equal(slice_unescape(string_slice("seven b"), &out), RC_LIMIT);
	assert_string_equal(buf_text(&out), "ab");
	buf_done(&out);
}

/* Every scalar value comes back from its escape as well-formed UTF-8. */
static void test_all_characters(void **state)
{
	(void)state;
	for (uint32_t c = 1; c <= 0x10ffff; c++) {
		char expected[UTF8_MAX];
		char raw[16];
		char text[16];
		size_t n;

		if (c >= 0xd800 && c <= 0xdfff)
			continue;
		if (c < 0x10000)
			snprintf(raw, sizeof raw, "\\u%04x", c);
		else
			snprintf(raw, sizeof raw, "\\u%04x\\u%04x", 0xd800 + ((c - 0x10000) >> 10),
			    0xdc00 + (c & 0x3ff));
		assert_int_equal(slice_unescape_to(string_slice(raw), text, &n), RC_OK);
		assert_int_equal(n, utf8_put(c, expected));
		assert_memory_equal(text, expected, n);
		assert_int_equal(utf8_char_len((struct str){text, n}), n);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_pages),
	    cmocka_unit_test(test_bad_values),
	    cmocka_unit_test(test_bad_documents),
	    cmocka_unit_test(test_cut_pages),
	    cmocka_unit_test(test_depth),
	    cmocka_unit_test(test_bomb),
	    cmocka_unit_test(test_many_keys),
	    cmocka_unit_test(test_stop),
	    cmocka_unit_test(test_whole_record),
	    cmocka_unit_test(test_error_names_the_byte),
	    cmocka_unit_test(test_unescape),
	    cmocka_unit_test(test_unescape_refuses),
	    cmocka_unit_test(test_all_characters),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
