// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"

#include <setjmp.h>
#include <cmocka.h>

#include <json-c/json.h>
#include <unistd.h>

#include "base/log.h"
#include "base/utf8.h"

static int saved_stderr = -1;
static int capture_fd = -1;
static char captured[3 * LOG_LINE_MAX];

static void capture_begin(void)
{
	int fds[2];

	assert_int_equal(pipe(fds), 0);
	saved_stderr = dup(STDERR_FILENO);
	assert_int_equal(dup2(fds[1], STDERR_FILENO), STDERR_FILENO);
	close(fds[1]);
	capture_fd = fds[0];
}

/* What was logged since capture_begin. */
static const char *capture_end(void)
{
	assert_int_equal(dup2(saved_stderr, STDERR_FILENO), STDERR_FILENO);
	close(saved_stderr);
	ssize_t n = read(capture_fd, captured, sizeof captured - 1);
	assert_true(n >= 0);
	captured[n] = '\0';
	close(capture_fd);
	return captured;
}

static json_object *parse_line(const char *line)
{
	json_object *o = json_tokener_parse(line);

	assert_non_null(o);
	assert_non_null(strchr(line, '\n'));
	assert_string_equal(strchr(line, '\n'), "\n"); /* one line only */
	return o;
}

static const char *member(json_object *o, const char *name)
{
	return json_object_get_string(json_object_object_get(o, name));
}

static void writes_json_with_typed_fields(void **state)
{
	(void)state;
	struct uuid id;
	struct err err = {.sqlstate = "40P01", .text = "commit: deadlock detected"};

	assert_true(uuid_parse(STR("0190163d-8694-739b-aea5-966c26f8ad91"), &id));
	capture_begin();
	log_init(LOG_FORMAT_JSON, LOG_LEVEL_INFO, "sync-test");
	log_event(LOG_LEVEL_WARN, "page_failed", LOG_STR("resource", STR("contacts")),
	    LOG_STR("text", "plain"), LOG_INT("page", -7), LOG_BOOL("last", true), LOG_UUID("task_id", &id),
	    LOG_ERR(&err), LOG_STR("nothing", (const char *)NULL));
	json_object *o = parse_line(capture_end());
	assert_string_equal(member(o, "severity_text"), "WARN");
	assert_string_equal(member(o, "event"), "page_failed");
	assert_string_equal(member(o, "service.name"), "sync-test");
	assert_string_equal(member(o, "resource"), "contacts");
	assert_string_equal(member(o, "text"), "plain");
	assert_int_equal(json_object_get_int(json_object_object_get(o, "page")), -7);
	assert_true(json_object_is_type(json_object_object_get(o, "last"), json_type_boolean));
	assert_string_equal(member(o, "task_id"), "0190163d-8694-739b-aea5-966c26f8ad91");
	assert_string_equal(member(o, "error"), "commit: deadlock detected");
	assert_string_equal(member(o, "sqlstate"), "40P01");
	assert_true(json_object_object_get_ex(o, "nothing", NULL));
	assert_int_equal(strlen(member(o, "timestamp")), 27);
	json_object_put(o);
}

static void keeps_hostile_values_on_one_line(void **state)
{
	(void)state;
	static const char hostile[] =
	    "a\"b\\c\n{\"event\":\"forged\"}\r\t\x1b[2J\x7f\xc2\x9b\xff end \xf0\x9f\x98\x80";

	capture_begin();
	log_init(LOG_FORMAT_JSON, LOG_LEVEL_INFO, "t");
	log_event(LOG_LEVEL_INFO, "x", LOG_STR("v", hostile));
	const char *line = capture_end();
	assert_null(strchr(line, '\x1b'));
	assert_null(strstr(line, "\xc2\x9b"));
	json_object *o = parse_line(line);
	assert_string_equal(member(o, "v"),
	    "a\"b\\c\n{\"event\":\"forged\"}\r\t\x1b[2J\x7f\xc2\x9b\xef\xbf\xbd end \xf0\x9f\x98\x80");
	assert_string_equal(member(o, "event"), "x");
	json_object_put(o);

	capture_begin();
	log_init(LOG_FORMAT_TEXT, LOG_LEVEL_INFO, "t");
	log_event(LOG_LEVEL_INFO, "x", LOG_STR("v", hostile), LOG_STR("w", "a b=c"), LOG_STR("u", "plain"));
	line = capture_end();
	assert_string_equal(strchr(line, '\n'), "\n");
	assert_non_null(strstr(line, " INFO  x v=\"a\\\"b\\\\c\\n{"));
	assert_non_null(strstr(line, " w=\"a b=c\" u=plain\n"));
	assert_null(strchr(line, '\x1b'));
}

static void bounds_values_and_lines(void **state)
{
	(void)state;
	char text[8000];

	memset(text, '\x01', sizeof text);
	text[sizeof text - 1] = '\0';
	capture_begin();
	log_init(LOG_FORMAT_JSON, LOG_LEVEL_INFO, "t");
	log_event(LOG_LEVEL_INFO, "x", LOG_STR("too_long_escaped", text), LOG_INT("after", 1));
	const char *line = capture_end();
	assert_true(strlen(line) <= LOG_LINE_MAX);
	json_object *o = parse_line(line);
	assert_false(json_object_object_get_ex(o, "too_long_escaped", NULL));
	assert_int_equal(json_object_get_int(json_object_object_get(o, "after")), 1);
	assert_true(json_object_get_boolean(json_object_object_get(o, "truncated")));
	json_object_put(o);

	/* cut in front of a two-byte character, never inside of it */
	memset(text, 'a', LOG_VALUE_MAX - 1);
	memcpy(text + LOG_VALUE_MAX - 1, "\xc3\xa4zz", 5);
	capture_begin();
	log_event(LOG_LEVEL_INFO, "x", LOG_STR("v", text));
	o = parse_line(capture_end());
	assert_int_equal(strlen(member(o, "v")), LOG_VALUE_MAX - 1 + 3);
	assert_string_equal(member(o, "v") + LOG_VALUE_MAX - 1, "\xe2\x80\xa6");
	assert_false(json_object_object_get_ex(o, "truncated", NULL));
	json_object_put(o);
}

static int64_t count_evaluation(int *calls)
{
	return ++*calls;
}

static void silent_levels_evaluate_nothing(void **state)
{
	(void)state;
	int calls = 0;

	capture_begin();
	log_init(LOG_FORMAT_JSON, LOG_LEVEL_WARN, "t");
	log_event(LOG_LEVEL_INFO, "hidden", LOG_INT("n", count_evaluation(&calls)));
	log_event(LOG_LEVEL_ERROR, "shown", LOG_INT("n", count_evaluation(&calls)));
	log_event(LOG_LEVEL_ERROR, "bare");
	const char *lines = capture_end();
	assert_int_equal(calls, 1);
	assert_null(strstr(lines, "hidden"));
	assert_non_null(strstr(lines, "shown"));
	assert_non_null(strstr(lines, "\"event\":\"bare\",\"service.name\":\"t\"}\n"));
}

static void auto_is_json_unless_a_terminal(void **state)
{
	(void)state;
	capture_begin();
	log_init(LOG_FORMAT_AUTO, LOG_LEVEL_INFO, "t");
	log_event(LOG_LEVEL_INFO, "x");
	assert_int_equal(capture_end()[0], '{');
}

static void utf8_follows_the_standard(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		bool valid;
	} cases[] = {
	    {"", true},
	    {"plain", true},
	    {"\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80", true},
	    {"\xf4\x8f\xbf\xbf", true},
	    {"\xef\xbf\xbf", true},
	    {"\x80", false},
	    {"\xc0\x80", false},
	    {"\xc1\xbf", false},
	    {"\xe0\x9f\xbf", false},
	    {"\xed\xa0\x80", false},
	    {"\xf0\x8f\xbf\xbf", false},
	    {"\xf4\x90\x80\x80", false},
	    {"\xf5\x80\x80\x80", false},
	    {"\xc3", false},
	    {"\xe2\x82", false},
	    {"\xe2\x82z", false},
	    {"\xff", false},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		assert_int_equal(utf8_valid(str_of(cases[i].text)), cases[i].valid);
	assert_int_equal(utf8_cut(STR("a\xe2\x82\xac"), 3).n, 1);
	assert_int_equal(utf8_cut(STR("a\xe2\x82\xac"), 4).n, 4);
	assert_int_equal(utf8_cut(STR("abc"), 2).n, 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(writes_json_with_typed_fields),
	    cmocka_unit_test(keeps_hostile_values_on_one_line),
	    cmocka_unit_test(bounds_values_and_lines),
	    cmocka_unit_test(silent_levels_evaluate_nothing),
	    cmocka_unit_test(auto_is_json_unless_a_terminal),
	    cmocka_unit_test(utf8_follows_the_standard),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
