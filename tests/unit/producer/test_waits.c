// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "waits.h"

#include <setjmp.h>

#include <cmocka.h>

#include "../fake_pg.h"

#define WAITERS 5
#define LONG_MS 600000

static const struct pg_statement statement = {.name = "ended", .sql = "select"};
static struct loop *loop;
static struct pg session;
static struct waits *waits;
static struct waiter {
	struct wait wait;
	int done;
	bool ended;
	bool adds; /* another one, when it is done */
} t[WAITERS + 1];
static int ended = -1; /* whom the next answer names */
static size_t asked;   /* statements */
static size_t asked_for;

static void answer(const struct fake_op *op, struct pg_result *row, struct err *err)
{
	static char text[UUID_TEXT_LEN + 1];

	(void)err;
	asked++;
	asked_for = fake_pg_elements(&op->args, 0, sizeof(struct uuid));
	row->rows = ended >= 0;
	if (ended >= 0)
		uuid_format(&t[ended].wait.id, text);
	row->column[0] = text;
}

static void add(size_t i, int64_t for_ms);

static void done(struct wait *wait, bool was_ended)
{
	struct waiter *w = CONTAINER_OF(wait, struct waiter, wait);

	w->done++;
	w->ended = was_ended;
	if (w->adds)
		add(WAITERS, LONG_MS);
}

static void add(size_t i, int64_t for_ms)
{
	t[i].wait.done = done;
	waits_add(waits, &t[i].wait, for_ms);
}

static bool (*condition)(void);

static void look(void *user)
{
	(void)user;
	if (condition())
		loop_stop(loop);
}

static void run_until(bool (*fn)(void))
{
	struct timer *timer = timer_new(loop, look, NULL);

	condition = fn;
	timer_set(timer, 0, 1);
	loop_run(loop);
	timer_free(timer);
}

static bool is_asked(void)
{
	return fake.nops > 0;
}

static bool first_is_done(void)
{
	return t[0].done > 0;
}

static int setup(void **state)
{
	(void)state;
	memset(&fake, 0, sizeof fake);
	memset(t, 0, sizeof t);
	fake.answer = answer;
	loop = loop_new();
	session = (struct pg){.loop = loop, .up = true};
	waits = waits_new(loop, &session, &statement);
	for (size_t i = 0; i < ARRAY_SIZE(t); i++)
		t[i].wait.id = uuid_new();
	ended = -1;
	asked = asked_for = 0;
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	fake_pg_drop();
	waits_free(waits);
	loop_free(loop);
	return 0;
}

static void test_one_statement_asks_for_all(void **state)
{
	(void)state;
	for (size_t i = 0; i < WAITERS; i++)
		add(i, LONG_MS);
	run_until(is_asked);
	ended = 2;
	fake_pg_deliver();
	assert_int_equal(asked, 1);
	assert_int_equal(asked_for, WAITERS);
	for (int i = 0; i < WAITERS; i++)
		assert_int_equal(t[i].done, i == ended);
	assert_true(t[2].ended);
	run_until(is_asked);
	fake_pg_deliver();
	assert_int_equal(asked_for, WAITERS - 1);
}

static void test_all_who_wait_for_the_same_are_told(void **state)
{
	(void)state;
	t[1].wait.id = t[3].wait.id;
	for (size_t i = 0; i < WAITERS; i++)
		add(i, LONG_MS);
	run_until(is_asked);
	ended = 3;
	fake_pg_deliver();
	assert_int_equal(t[1].done + t[3].done, 2);
	assert_int_equal(t[0].done + t[2].done + t[4].done, 0);
}

static void test_a_slow_database_is_not_asked_twice(void **state)
{
	(void)state;
	add(0, INT64_C(3) * WAITS_POLL_MS);
	add(1, LONG_MS);
	run_until(first_is_done);
	assert_false(t[0].ended);
	assert_int_equal(fake.nsyncs, 1);
	ended = 0; /* the answer comes too late for him */
	fake_pg_deliver();
	assert_int_equal(t[0].done, 1);
	assert_int_equal(t[1].done, 0);
}

static void test_without_a_session_the_deadline_holds(void **state)
{
	(void)state;
	session.up = false;
	add(0, 1);
	run_until(first_is_done);
	assert_false(t[0].ended);
	assert_int_equal(fake.nsyncs, 0);
}

static void test_an_error_is_no_end(void **state)
{
	(void)state;
	add(0, LONG_MS);
	run_until(is_asked);
	fake.lost.rc = RC_LOST;
	fake_pg_deliver();
	fake.lost.rc = RC_OK;
	assert_int_equal(t[0].done, 0);
	run_until(is_asked);
	ended = 0;
	fake_pg_deliver();
	assert_true(t[0].ended);
}

static void test_who_left_is_not_called(void **state)
{
	(void)state;
	add(0, LONG_MS);
	add(1, LONG_MS);
	run_until(is_asked);
	waits_leave(waits, &t[0].wait);
	ended = 0;
	fake_pg_deliver();
	assert_int_equal(t[0].done, 0);
	run_until(is_asked);
	fake_pg_deliver();
	assert_int_equal(asked_for, 1);
}

static void test_who_is_done_may_add_another(void **state)
{
	(void)state;
	t[0].adds = true;
	add(0, LONG_MS);
	run_until(is_asked);
	ended = 0;
	fake_pg_deliver();
	run_until(is_asked);
	ended = WAITERS;
	fake_pg_deliver();
	assert_int_equal(asked_for, 1);
	assert_true(t[WAITERS].ended);
}

static bool all_are_done(void)
{
	for (size_t i = 0; i < WAITERS; i++)
		if (!t[i].done)
			return false;
	return true;
}

static void test_at_the_end_nobody_is_kept_waiting(void **state)
{
	(void)state;
	for (size_t i = 0; i < WAITERS - 1; i++)
		add(i, LONG_MS);
	waits_stop(waits);
	assert_int_equal(t[0].done, 0);
	add(WAITERS - 1, LONG_MS);
	run_until(all_are_done);
	assert_false(t[0].ended || t[WAITERS - 1].ended);
	assert_int_equal(fake.nsyncs, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(test_one_statement_asks_for_all),
	    TEST(test_all_who_wait_for_the_same_are_told),
	    TEST(test_a_slow_database_is_not_asked_twice),
	    TEST(test_without_a_session_the_deadline_holds),
	    TEST(test_an_error_is_no_end),
	    TEST(test_who_left_is_not_called),
	    TEST(test_who_is_done_may_add_another),
	    TEST(test_at_the_end_nobody_is_kept_waiting),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
