// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "batch.h"

#include <setjmp.h>

#include <cmocka.h>

#include "../fake_pg.h"
#include "io/gather.h"

#define ITEMS 300

static const struct pg_statement set = {.name = "set", .sql = "select", .set = true};
static const struct pg_statement statement = {.name = "s", .sql = "select"};
static struct loop *loop;
static struct timer *stop;
static struct pg session;
static struct batch *batch;

static struct {
	struct batch_item item;
	int calls;
	enum rc rc;
	char sqlstate[6];
	int status;
	bool fails;    /* by its data */
	bool collides; /* with others */
} t[ITEMS];
static size_t order[ITEMS * 2];
static size_t norder;

#define ROWS_MAX BATCH_REQUESTS_MAX
static const char *rows[ROWS_MAX][FAKE_COLUMNS_MAX];
static char text[ITEMS][8];
static size_t executions;
static int missing_rows;
static const char *messages; /* of every row of a lone statement; NULL: none */
static size_t dispatches;
static size_t dispatched;
static size_t answered; /* when the last one was dispatched */

/* Of an int8[]. */
static int elements(const struct pg_args *args)
{
	return (int)fake_pg_elements(args, 0, sizeof(int64_t));
}

static size_t element(const struct pg_args *args, int i)
{
	const char *p = fake_pg_arg(args, 0).p + FAKE_ARRAY_HEAD + (ptrdiff_t)i * 12 + 4;

	return (unsigned char)p[7] + ((size_t)(unsigned char)p[6] << 8);
}

static size_t index_of(const struct pg_args *args)
{
	return (unsigned char)fake_pg_arg(args, 0).p[7] +
	       ((size_t)(unsigned char)fake_pg_arg(args, 0).p[6] << 8);
}

static void fail_by(size_t i, struct err *err)
{
	if (!t[i].fails)
		return;
	err_set(err, RC_IO, "s: bad value");
	snprintf(err->sqlstate, sizeof err->sqlstate, "%s", t[i].collides ? "40P01" : "22003");
}

static void answer_set(const struct fake_op *op, struct pg_result *row, struct err *err)
{
	row->rows = elements(&op->args) - missing_rows;
	row->each = rows;
	for (int k = 0; k < elements(&op->args); k++) {
		size_t i = element(&op->args, k);

		order[norder++] = i;
		snprintf(text[i], sizeof text[i], "%zu", 200 + i);
		rows[k][0] = text[i];
		rows[k][2] = "{}";
		fail_by(i, err);
	}
}

static void answer(const struct fake_op *op, struct pg_result *row, struct err *err)
{
	if (strcmp(op->statement->name, "scope") == 0)
		return;
	executions++;
	if (op->statement->set) {
		answer_set(op, row, err);
		return;
	}
	row->column[0] = "202";
	row->column[2] = "{}";
	row->column[3] = messages;
	order[norder++] = index_of(&op->args);
	fail_by(index_of(&op->args), err);
}

static void done(struct batch_item *item, const struct err *err)
{
	size_t i = index_of(&item->args);

	t[i].calls++;
	t[i].rc = err ? err->rc : RC_OK;
	if (err)
		memcpy(t[i].sqlstate, err->sqlstate, sizeof err->sqlstate);
	t[i].status = item->reply.status;
	reply_done(&item->reply);
}

static void dispatch(void *user, const struct str *messages_json, size_t n)
{
	assert_ptr_equal(user, &session);
	for (size_t i = 0; i < n; i++)
		assert_true(str_is(messages_json[i], messages));
	dispatches++;
	dispatched += n;
	for (size_t i = 0; i < ITEMS; i++)
		answered += (size_t)t[i].calls;
}

static void stop_loop(void *user)
{
	(void)user;
	loop_stop(loop);
}

/* Long enough for a transaction that waits for its turn. */
static void turn(void)
{
	timer_set(stop, 2 * GATHER_MS, 0);
	loop_run(loop);
}

static void add_of(size_t i, const struct pg_statement *st, const struct caller *caller)
{
	t[i].item.statement = st;
	t[i].item.caller = caller;
	t[i].item.done = done;
	t[i].item.args = PG_ARGS;
	pg_arg_i64(&t[i].item.args, (int64_t)i);
	batch_add(batch, &t[i].item);
}

static void add(size_t i)
{
	add_of(i, &statement, NULL);
}

static int setup(void **state)
{
	(void)state;
	memset(&fake, 0, sizeof fake);
	memset(t, 0, sizeof t);
	norder = executions = dispatches = dispatched = answered = 0;
	messages = NULL;
	missing_rows = 0;
	fake.answer = answer;
	loop = loop_new();
	stop = timer_new(loop, stop_loop, NULL);
	session = (struct pg){.loop = loop, .up = true};
	batch = batch_new(loop, &session, dispatch, &session);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	fake_pg_drop();
	batch_free(batch);
	timer_free(stop);
	loop_free(loop);
	for (size_t i = 0; i < ITEMS; i++)
		pg_args_done(&t[i].item.args);
	return 0;
}

static void test_requests_of_one_turn_share_a_transaction(void **state)
{
	(void)state;
	for (size_t i = 0; i < 5; i++)
		add(i);
	assert_int_equal(fake.nops, 0);
	turn();
	assert_int_equal(fake.nops, 6);
	assert_int_equal(fake.nsyncs, 1);
	assert_int_equal(t[0].calls, 0);
	fake_pg_deliver();
	for (size_t i = 0; i < 5; i++) {
		assert_int_equal(t[i].calls, 1);
		assert_int_equal(t[i].rc, RC_OK);
		assert_int_equal(t[i].status, 202);
		assert_int_equal(order[i], i);
	}
}

static void test_all_is_dispatched_before_anybody_is_answered(void **state)
{
	(void)state;
	messages = "[1]";
	for (size_t i = 0; i < 3; i++)
		add(i);
	turn();
	fake_pg_deliver();
	assert_int_equal(dispatches, 1);
	assert_int_equal(dispatched, 3);
	assert_int_equal(answered, 0);
	assert_int_equal(t[2].calls, 1);
}

static void test_nothing_is_dispatched_that_was_not_committed(void **state)
{
	(void)state;
	messages = "[1]";
	t[1].fails = true;
	add(0);
	add(1);
	turn();
	fake_pg_deliver();
	assert_int_equal(dispatched, 0);
}

static void test_requests_gather_while_the_session_is_busy(void **state)
{
	(void)state;
	add(0);
	turn();
	for (size_t i = 1; i < ITEMS; i++)
		add(i);
	turn();
	assert_int_equal(fake.nsyncs, 1);
	for (size_t syncs = 1; fake.nops > 0; syncs++) {
		assert_int_equal(fake.nsyncs, syncs);
		assert_true(fake.nops <= BATCH_REQUESTS_MAX + 1);
		fake_pg_deliver();
		turn();
	}
	assert_int_equal(fake.nsyncs, 4); /* 1, 128, 128 and 43 requests */
	for (size_t i = 0; i < ITEMS; i++)
		assert_int_equal(t[i].calls, 1);
}

static void test_a_bad_request_fails_nobody_else(void **state)
{
	(void)state;
	t[1].fails = true;
	for (size_t i = 0; i < 4; i++)
		add(i);
	turn();
	fake_pg_deliver();
	assert_int_equal(t[0].calls, 0);
	add(4);
	for (int i = 0; i < 5; i++) {
		turn();
		fake_pg_deliver();
	}
	assert_int_equal(fake.nsyncs, 1 + 4 + 1);
	for (size_t i = 0; i < 5; i++) {
		assert_int_equal(t[i].calls, 1);
		assert_int_equal(t[i].rc, i == 1 ? RC_IO : RC_OK);
	}
	assert_string_equal(t[1].sqlstate, "22003");
}

static void test_a_single_bad_request_has_one_more_try(void **state)
{
	(void)state;
	t[0].fails = true;
	add(0);
	turn();
	fake_pg_deliver();
	assert_int_equal(t[0].calls, 0);
	t[0].fails = false; /* a deadlock, say */
	turn();
	fake_pg_deliver();
	assert_int_equal(t[0].calls, 1);
	assert_int_equal(t[0].rc, RC_OK);
}

static void test_a_victim_of_deadlocks_has_a_few_more_tries(void **state)
{
	(void)state;
	t[0].fails = t[1].fails = true;
	t[0].collides = true;
	add(0);
	add(1);
	for (int i = 0; i < 2 * BATCH_TRIES_MAX; i++) {
		turn();
		fake_pg_deliver();
	}
	assert_int_equal(fake.nsyncs, 1 + (BATCH_TRIES_MAX - 1) + 1);
	assert_int_equal(t[0].calls, 1);
	assert_string_equal(t[0].sqlstate, "40P01");
	assert_int_equal(t[1].calls, 1);
}

static void test_a_lost_transaction_is_not_repeated(void **state)
{
	(void)state;
	add(0);
	add(1);
	turn();
	err_set(&fake.lost, RC_LOST, "gone");
	fake_pg_deliver();
	turn();
	assert_int_equal(fake.nsyncs, 1);
	for (size_t i = 0; i < 2; i++) {
		assert_int_equal(t[i].calls, 1);
		assert_int_equal(t[i].rc, RC_LOST);
	}
}

static void test_nothing_is_sent_to_a_session_that_is_down(void **state)
{
	(void)state;
	session.up = false;
	add(0);
	assert_int_equal(t[0].calls, 0);
	turn();
	assert_int_equal(fake.nsyncs, 0);
	assert_int_equal(t[0].calls, 1);
	assert_int_equal(t[0].rc, RC_IO);
	assert_string_equal(t[0].sqlstate, "08001");
	session.up = true;
	add(1);
	turn();
	fake_pg_deliver();
	assert_int_equal(t[1].rc, RC_OK);
}

static void test_free_drops_what_waits(void **state)
{
	(void)state;
	add(0);
	turn();
	add(1);
	teardown(NULL);
	assert_int_equal(t[0].calls, 0);
	assert_int_equal(t[1].calls, 0);
	setup(NULL);
}

static void assert_answered(size_t i)
{
	assert_int_equal(t[i].calls, 1);
	assert_int_equal(t[i].rc, RC_OK);
	assert_int_equal(t[i].status, 200 + i);
}

static void test_a_set_is_executed_once(void **state)
{
	(void)state;
	for (size_t i = 0; i < 5; i++)
		add_of(i, &set, NULL);
	turn();
	fake_pg_deliver();
	assert_int_equal(executions, 1);
	for (size_t i = 0; i < 5; i++)
		assert_answered(i);
}

static void test_a_set_has_as_many_as_a_transaction(void **state)
{
	(void)state;
	for (size_t i = 0; i < BATCH_REQUESTS_MAX + 2; i++)
		add_of(i, &set, NULL);
	turn();
	fake_pg_deliver();
	assert_int_equal(executions, 1);
	turn();
	fake_pg_deliver();
	assert_int_equal(executions, 2);
	assert_int_equal(fake.nsyncs, 2);
	for (size_t i = 0; i < BATCH_REQUESTS_MAX + 2; i++)
		assert_answered(i);
}

static void test_a_set_is_of_one_statement_and_scope(void **state)
{
	static const struct caller a = {.rights = 1, .tenant = {{1}}};
	static const struct caller same = {.rights = 2, .tenant = {{1}}};
	static const struct caller b = {.rights = 1, .tenant = {{2}}};

	(void)state;
	add_of(0, &set, &a);
	add_of(1, &set, &same);
	add_of(2, &set, &b);
	add_of(3, &statement, &b);
	add_of(4, &set, &b);
	add_of(5, &set, NULL);
	add_of(6, &set, NULL);
	turn();
	fake_pg_deliver();
	assert_int_equal(executions, 5);
	for (size_t i = 0; i < 7; i++) {
		assert_int_equal(order[i], i);
		if (i != 3)
			assert_answered(i);
	}
	assert_int_equal(t[3].status, 202);
}

static void test_a_set_that_fails_runs_one_by_one(void **state)
{
	(void)state;
	t[1].fails = true;
	for (size_t i = 0; i < 3; i++)
		add_of(i, &set, NULL);
	for (int i = 0; i < 4; i++) {
		turn();
		fake_pg_deliver();
	}
	assert_int_equal(executions, 1 + 3);
	assert_answered(0);
	assert_answered(2);
	assert_int_equal(t[1].calls, 1);
	assert_string_equal(t[1].sqlstate, "22003");
}

static void test_a_set_without_a_row_for_each_answers_nobody(void **state)
{
	(void)state;
	missing_rows = 1;
	for (size_t i = 0; i < 2; i++)
		add_of(i, &set, NULL);
	turn();
	fake_pg_deliver();
	for (size_t i = 0; i < 2; i++) {
		assert_int_equal(t[i].calls, 1);
		assert_int_equal(t[i].status, 500);
	}
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
	    TEST(test_requests_of_one_turn_share_a_transaction),
	    TEST(test_all_is_dispatched_before_anybody_is_answered),
	    TEST(test_nothing_is_dispatched_that_was_not_committed),
	    TEST(test_requests_gather_while_the_session_is_busy),
	    TEST(test_a_bad_request_fails_nobody_else),
	    TEST(test_a_single_bad_request_has_one_more_try),
	    TEST(test_a_victim_of_deadlocks_has_a_few_more_tries),
	    TEST(test_a_lost_transaction_is_not_repeated),
	    TEST(test_nothing_is_sent_to_a_session_that_is_down),
	    TEST(test_free_drops_what_waits),
	    TEST(test_a_set_is_executed_once),
	    TEST(test_a_set_has_as_many_as_a_transaction),
	    TEST(test_a_set_is_of_one_statement_and_scope),
	    TEST(test_a_set_that_fails_runs_one_by_one),
	    TEST(test_a_set_without_a_row_for_each_answers_nobody),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
