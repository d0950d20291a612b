// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"

#include <setjmp.h>
#include <cmocka.h>
#include <math.h>

#include "base/buf.h"
#include "base/json.h"
#include "base/jsonw.h"

static void accepts_what_the_standard_allows(void **state)
{
	(void)state;
	static const char *const good[] = {
	    "{}",
	    "[]",
	    " \t\r\n{ } \n",
	    "null",
	    "true",
	    "0",
	    "-0.5e+10",
	    "12E-3",
	    "\"\"",
	    "\"\\u00e4\\ud83d\\ude00 \\\"\\\\\\/\\b\\f\\n\\r\\t\"",
	    "{\"a\":[1,{\"b\":null}],\"c\":\"\xc3\xa4\"}",
	    "[[[[]]]]",
	};

	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		struct err err;
		AUTO(json_put_ptr) json_object *o = NULL;

		if (json_parse(str_of(good[i]), 1000, 4, &o, &err) != RC_OK)
			fail_msg("%s: %s", good[i], err.text);
	}
}

static void refuses_everything_else(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		const char *problem;
	} cases[] = {
	    {"", "JSON: the document is empty"},
	    {"   ", "JSON: the text ends too early at byte 3"},
	    {"{", "JSON: a string expected at byte 1"},
	    {"{}x", "JSON: text after the document at byte 2"},
	    {"{} {}", "JSON: text after the document at byte 3"},
	    {"{\"a\":1,}", "JSON: a string expected at byte 7"},
	    {"[1,]", "JSON: a value expected at byte 3"},
	    {"[1 2]", "JSON: a comma or the closing bracket expected at byte 3"},
	    {"{\"a\" 1}", "JSON: a colon expected at byte 5"},
	    {"{a:1}", "JSON: a string expected at byte 1"},
	    {"{'a':1}", "JSON: a string expected at byte 1"},
	    {"01", "JSON: a number that begins with 0 at byte 1"},
	    {"1.", "JSON: a digit expected at byte 2"},
	    {"1e", "JSON: a digit expected at byte 2"},
	    {"-", "JSON: a digit expected at byte 1"},
	    {"+1", "JSON: a value expected at byte 0"},
	    {".5", "JSON: a value expected at byte 0"},
	    {"NaN", "JSON: a value expected at byte 0"},
	    {"Infinity", "JSON: a value expected at byte 0"},
	    {"-Infinity", "JSON: a digit expected at byte 1"},
	    {"True", "JSON: a value expected at byte 0"},
	    {"/* c */ 1", "JSON: a value expected at byte 0"},
	    {"\"a\nb\"", "JSON: a control character in a string at byte 2"},
	    {"\"a", "JSON: a string that does not end at byte 2"},
	    {"\"\\x\"", "JSON: unknown escape at byte 2"},
	    {"\"\\u12g4\"", "JSON: four hexadecimal digits expected at byte 5"},
	    {"\"\\ud800\"", "JSON: a surrogate without its other half at byte 7"},
	    {"\"\\udc00\\ud800\"", "JSON: a surrogate without its other half at byte 7"},
	    {"\"\\ud800\\u0041\"", "JSON: a surrogate without its other half at byte 13"},
	    {"\"\\u0000\"", "JSON: the character U+0000 is not allowed at byte 7"},
	    {"{\"a\\u0000b\":1}", "JSON: the character U+0000 is not allowed at byte 9"},
	    {"\"\xff\"", "JSON: bytes that are not UTF-8 at byte 1"},
	    {"\"\xed\xa0\x80\"", "JSON: bytes that are not UTF-8 at byte 1"},
	    {"{\"a\":1,\"a\":2}", "JSON: an object has two members of one name"},
	    {"[{\"b\":{\"a\":1,\"a\":2}}]", "JSON: an object has two members of one name"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct err err;
		json_object *o = NULL;

		if (json_parse(str_of(cases[i].text), 1000, 4, &o, &err) != RC_INVALID)
			fail_msg("accepted: %s", cases[i].text);
		assert_string_equal(err.text, cases[i].problem);
		assert_null(o);
	}
}

static void has_ceilings(void **state)
{
	(void)state;
	struct err err;
	json_object *o = NULL;

	assert_int_equal(json_parse(STR("[[[1]]]"), 100, 2, &o, &err), RC_LIMIT);
	assert_string_equal(err.text, "JSON: more than 2 levels of nesting at byte 2");
	assert_int_equal(json_parse(STR("[1,2]"), 4, 2, &o, &err), RC_LIMIT);
	assert_string_equal(err.text, "JSON: 5 bytes, at most 4 are allowed");
	assert_null(o);
	assert_int_equal(json_parse((struct str){"1\0", 2}, 4, 2, &o, &err), RC_INVALID);
}

struct request {
	struct str provider;
	struct uuid connection;
	int64_t count;
	bool force;
	bool has_count;
	int mode;
	struct json_strings resources;
	json_object *settings;
};

static const struct json_field fields[] = {
    {.name = "provider", JSON_STRING(struct request, provider), .required = true, .min = 1, .max = 8},
    {.name = "connection_id", JSON_UUID(struct request, connection), .required = true},
    {.name = "count",
        JSON_INT(struct request, count),
        JSON_GIVEN(struct request, has_count),
        .nullable = true},
    {.name = "force", JSON_BOOL(struct request, force)},
    {.name = "mode", JSON_ENUM(struct request, mode), .allowed = "full|incremental"},
    {.name = "resources", JSON_STRINGS(struct request, resources), .min = 1, .max = 10, .max_items = 2},
    {.name = "settings", JSON_OBJECT(struct request, settings)},
};

#define ID "\"connection_id\":\"0190163d-8694-739b-aea5-966c26f8ad91\""
#define REQUIRED "\"provider\":\"zoho\"," ID

static enum rc decode(const char *text, struct request *r, json_object **ret, struct json_problem *problem)
{
	struct err err;

	if (json_parse(str_of(text), 1000, 8, ret, &err) != RC_OK)
		fail_msg("%s: %s", text, err.text);
	return json_decode(*ret, fields, ARRAY_SIZE(fields), r, problem);
}

static void decodes_by_table(void **state)
{
	(void)state;
	struct request r = {.mode = 1};
	struct json_problem problem;
	AUTO(json_put_ptr) json_object *o = NULL;

	assert_int_equal(
	    decode("{" REQUIRED ",\"count\":-3,\"force\":true,\"mode\":\"full\",\"resources\":[\"a\",\"b\"],"
	           "\"settings\":{\"x\":1}}",
	        &r, &o, &problem),
	    RC_OK);
	assert_true(str_is(r.provider, "zoho"));
	assert_int_equal(r.connection.b[0], 1);
	assert_int_equal(r.count, -3);
	assert_true(r.has_count);
	assert_true(r.force);
	assert_int_equal(r.mode, 0);
	assert_int_equal(r.resources.n, 2);
	assert_true(str_is(r.resources.item[1], "b"));
	assert_int_equal(json_object_object_length(r.settings), 1);
}

static void absent_members_keep_their_defaults(void **state)
{
	(void)state;
	struct request r = {.mode = 1, .count = 42, .has_count = true};
	struct json_problem problem;
	AUTO(json_put_ptr) json_object *o = NULL;

	assert_int_equal(decode("{" REQUIRED ",\"count\":null}", &r, &o, &problem), RC_OK);
	assert_int_equal(r.mode, 1);
	assert_int_equal(r.count, 42);
	assert_false(r.has_count);
	assert_int_equal(r.resources.n, 0);
	assert_null(r.settings);
}

static void problems_name_place_and_choice(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		const char *pointer;
		const char *message;
	} cases[] = {
	    {"[]", "", "must be an object"},
	    {"null", "", "must be an object"},
	    {"{" ID "}", "/provider", "/provider: required field is missing"},
	    {"{" REQUIRED ",\"colour\":1}", "/colour",
	        "/colour: unknown field, allowed are: provider, connection_id, count, force, mode, "
	        "resources, settings"},
	    {"{" REQUIRED ",\"a/b~c\":1}", "/a~1b~0c", NULL},
	    {"{\"provider\":7," ID "}", "/provider", "/provider: must be a string"},
	    {"{\"provider\":null," ID "}", "/provider", "/provider: must be a string"},
	    {"{\"provider\":\"\"," ID "}", "/provider", "/provider: must have 1 to 8 bytes"},
	    {"{\"provider\":\"123456789\"," ID "}", "/provider", "/provider: must have 1 to 8 bytes"},
	    {"{\"provider\":\"a\",\"connection_id\":\"x\"}", "/connection_id",
	        "/connection_id: must be a UUID in a string"},
	    {"{\"provider\":\"a\",\"connection_id\":7}", "/connection_id",
	        "/connection_id: must be a UUID in a string"},
	    {"{" REQUIRED ",\"count\":1.0}", "/count", "/count: must be an integer"},
	    {"{" REQUIRED ",\"count\":\"1\"}", "/count", "/count: must be an integer"},
	    {"{" REQUIRED ",\"count\":9007199254740992}", "/count",
	        "/count: must be from -9007199254740991 to 9007199254740991"},
	    {"{" REQUIRED ",\"count\":99999999999999999999999}", "/count",
	        "/count: must be from -9007199254740991 to 9007199254740991"},
	    {"{" REQUIRED ",\"force\":1}", "/force", "/force: must be true or false"},
	    {"{" REQUIRED ",\"mode\":\"fast\"}", "/mode", "/mode: must be one of full|incremental"},
	    {"{" REQUIRED ",\"mode\":\"\"}", "/mode", "/mode: must be one of full|incremental"},
	    {"{" REQUIRED ",\"mode\":0}", "/mode", "/mode: must be one of full|incremental"},
	    {"{" REQUIRED ",\"resources\":\"a\"}", "/resources", "/resources: must be a list of strings"},
	    {"{" REQUIRED ",\"resources\":[\"a\",2]}", "/resources/1", "/resources/1: must be a string"},
	    {"{" REQUIRED ",\"resources\":[\"a\",\"\"]}", "/resources/1",
	        "/resources/1: must have 1 to 10 bytes"},
	    {"{" REQUIRED ",\"resources\":[\"a\",\"b\",\"c\"]}", "/resources",
	        "/resources: must have at most 2 items"},
	    {"{" REQUIRED ",\"settings\":[]}", "/settings", "/settings: must be an object"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct request r = {0};
		struct json_problem problem;
		AUTO(json_put_ptr) json_object *o = NULL;

		if (decode(cases[i].text, &r, &o, &problem) != RC_INVALID)
			fail_msg("accepted: %s", cases[i].text);
		assert_string_equal(problem.pointer, cases[i].pointer);
		if (cases[i].message)
			assert_string_equal(problem.err.text, cases[i].message);
	}
}

static void problems_nest_and_stay_bounded(void **state)
{
	(void)state;
	struct request r = {0};
	struct json_problem problem;
	char text[700];

	for (int root = 0; root < 2; root++) {
		AUTO(json_put_ptr) json_object *o = NULL;

		assert_int_equal(decode(root ? "[]" : "{" ID "}", &r, &o, &problem), RC_INVALID);
		json_problem_nest(&problem, "/3");
		assert_string_equal(problem.pointer, root ? "/3" : "/3/provider");
		assert_string_equal(problem.err.text,
		    root ? "/3: must be an object" : "/3/provider: required field is missing");
	}
	AUTO(json_put_ptr) json_object *o = NULL;
	snprintf(text, sizeof text, "{" REQUIRED ",\"%0600d\":1}", 0);
	assert_int_equal(decode(text, &r, &o, &problem), RC_INVALID);
	assert_int_equal(strlen(problem.pointer), sizeof problem.pointer - 1);
}

static void writes_documents(void **state)
{
	(void)state;
	struct buf out = BUF(1000);
	struct jsonw w = JSONW(&out);
	struct uuid id;

	assert_true(uuid_parse(STR("0190163d-8694-739b-aea5-966c26f8ad91"), &id));
	jsonw_object(&w, NULL);
	jsonw_text(&w, "s", "a\"\\\n\x01");
	jsonw_text(&w, "n", NULL);
	jsonw_int(&w, "min", INT64_MIN);
	jsonw_int(&w, "zero", 0);
	jsonw_array(&w, "list");
	jsonw_bool(&w, NULL, true);
	jsonw_object(&w, NULL);
	jsonw_object_end(&w);
	jsonw_raw(&w, NULL, STR("[1,2]"));
	jsonw_array(&w, NULL);
	jsonw_array_end(&w);
	jsonw_array_end(&w);
	jsonw_uuid(&w, "id", &id);
	jsonw_uuid(&w, "no_id", NULL);
	jsonw_time(&w, "at", 0);
	jsonw_object_end(&w);
	assert_string_equal(buf_text(&out),
	    "{\"s\":\"a\\\"\\\\\\n\\u0001\",\"n\":null,\"min\":-9223372036854775808,\"zero\":0,"
	    "\"list\":[true,{},[1,2],[]],\"id\":\"0190163d-8694-739b-aea5-966c26f8ad91\",\"no_id\":null,"
	    "\"at\":\"1970-01-01T00:00:00.000000Z\"}");
	buf_done(&out);
}

static void writes_doubles_that_read_back(void **state)
{
	(void)state;
	static const double values[] = {0, 1, -2.5, 0.1, 1e300, 5e-324, 1.0 / 3};
	struct buf out = BUF(100);

	for (size_t i = 0; i < ARRAY_SIZE(values); i++) {
		struct jsonw w = JSONW(&out);
		double back;

		buf_clear(&out);
		jsonw_double(&w, NULL, values[i]);
		assert_true(str_to_double(buf_str(&out), &back));
		assert_true(back == values[i]);
	}
	buf_clear(&out);
	jsonw_double(&JSONW(&out), NULL, 0.1);
	assert_string_equal(buf_text(&out), "0.1");
	buf_clear(&out);
	jsonw_double(&JSONW(&out), NULL, (double)INFINITY);
	assert_string_equal(buf_text(&out), "null");
	buf_done(&out);
}

/* Every string of two bytes is written so that a strict parser takes it. */
static void escapes_any_bytes_into_valid_json(void **state)
{
	(void)state;
	struct buf out = BUF(100);

	for (unsigned i = 1; i < 0x10000; i++) {
		char two[2] = {(char)(i >> 8), (char)i};
		struct err err;
		AUTO(json_put_ptr) json_object *o = NULL;

		if (!two[0] || !two[1])
			continue;
		buf_clear(&out);
		jsonw_str(&JSONW(&out), NULL, (struct str){two, 2});
		if (json_parse(buf_str(&out), 100, 1, &o, &err) != RC_OK)
			fail_msg("%04x: %s", i, err.text);
	}
	buf_done(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(accepts_what_the_standard_allows),
	    cmocka_unit_test(refuses_everything_else),
	    cmocka_unit_test(has_ceilings),
	    cmocka_unit_test(decodes_by_table),
	    cmocka_unit_test(absent_members_keep_their_defaults),
	    cmocka_unit_test(problems_name_place_and_choice),
	    cmocka_unit_test(problems_nest_and_stay_bounded),
	    cmocka_unit_test(writes_documents),
	    cmocka_unit_test(writes_doubles_that_read_back),
	    cmocka_unit_test(escapes_any_bytes_into_valid_json),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
