// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"

#include <setjmp.h>
#include <cmocka.h>

#include "cursor.h"

static void comes_back_as_it_was(void **state)
{
	(void)state;
	struct position a, b;
	AUTO(buf_done) struct buf text = BUF(CURSOR_TEXT_MAX);
	position_init(&a);
	position_init(&b);
	a.started_us = 1795000000123456;
	a.since_us = 1;
	a.deleted_since_us = 2;
	a.phase = PHASE_DELETED;
	a.offset = 300;
	a.number = 4;
	a.pages = 3;
	a.seen = INT64_C(1) << 52;
	a.mark_us = 77;
	a.last = UINT64_MAX;
	a.anchor = 1;
	buf_add_text(&a.next, "a\"\\/+=\n\xc3\xa4 \x7f");
	buf_add_text(&a.after, "99");
	buf_add_text(&a.keys, "1,2");
	cursor_write(&a, "0a1b2c3d", &text);
	assert_int_equal(cursor_read(buf_str(&text), "0a1b2c3d", &b, NULL), RC_OK);
	assert_int_equal(b.started_us, a.started_us);
	assert_int_equal(b.since_us, 1);
	assert_int_equal(b.deleted_since_us, 2);
	assert_int_equal(b.phase, PHASE_DELETED);
	assert_int_equal(b.offset, 300);
	assert_int_equal(b.number, 4);
	assert_int_equal(b.pages, 3);
	assert_int_equal(b.seen, a.seen);
	assert_int_equal(b.mark_us, 77);
	assert_true(b.last == UINT64_MAX);
	assert_true(b.anchor == 1);
	assert_string_equal(buf_text(&b.next), buf_text(&a.next));
	assert_string_equal(buf_text(&b.after), "99");
	assert_string_equal(buf_text(&b.keys), "1,2");
	position_done(&a);
	position_done(&b);
}

static void zeros_take_no_room(void **state)
{
	(void)state;
	struct position p;
	AUTO(buf_done) struct buf text = BUF(CURSOR_TEXT_MAX);
	position_init(&p);
	p.started_us = 5;
	cursor_write(&p, "00000000", &text);
	assert_string_equal(buf_text(&text), "{\"declaration\":\"00000000\",\"started\":5}");
	position_done(&p);
}

static void refuses_what_it_did_not_write(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		const char *why;
	} cases[] = {
	    {"", "cannot be read"},
	    {"42", "cannot be read"},
	    {"null", "cannot be read"},
	    {"[]", "cannot be read"},
	    {"{\"declaration\":\"ffffffff\"", "cannot be read"},
	    {"{\"declaration\":\"ffffffff\"}x", "cannot be read"},
	    {"{}", "another declaration"},
	    {"{\"declaration\":5}", "another declaration"},
	    {"{\"declaration\":\"fffffffe\"}", "another declaration"},
	    {"{\"declaration\":\"ffffffff\",\"offset\":\"5\"}", "damaged"},
	    {"{\"declaration\":\"ffffffff\",\"offset\":-1}", "damaged"},
	    {"{\"declaration\":\"ffffffff\",\"offset\":1.5}", "damaged"},
	    {"{\"declaration\":\"ffffffff\",\"phase\":7}", "damaged"},
	    {"{\"declaration\":\"ffffffff\",\"last\":7}", "damaged"},
	    {"{\"declaration\":\"ffffffff\",\"last\":\"\"}", "damaged"},
	    {"{\"declaration\":\"ffffffff\",\"last\":\"xyz\"}", "damaged"},
	    {"{\"declaration\":\"ffffffff\",\"next\":null}", "damaged"},
	    {"{\"declaration\":\"ffffffff\",\"next\":{}}", "damaged"},
	    {"{\"declaration\":\"ffffffff\",\"keys\":[1]}", "damaged"},
	};
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct position p;
		struct err err = {0};
		position_init(&p);
		if (cursor_read(str_of(cases[i].text), "ffffffff", &p, &err) != RC_NOT_FOUND)
			fail_msg("%s was taken", cases[i].text);
		if (!strstr(err.text, cases[i].why))
			fail_msg("%s: %s", cases[i].text, err.text);
		position_done(&p);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(comes_back_as_it_was),
	    cmocka_unit_test(zeros_take_no_room),
	    cmocka_unit_test(refuses_what_it_did_not_write),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
