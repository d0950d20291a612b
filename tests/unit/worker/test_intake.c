// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "intake.h"

#include "../declarations.h"
#include "../fake_pg.h"
#include "claim.h"
#include "figures.h"
#include "heartbeat.h"
#include "io/gather.h"
#include "io/kafka.h"
#include "sync/messages.h"
#include "worker.h"

#define SLOTS 4
#define TASKS_MAX 64
#define ROUND_MS (5 * GATHER_MS) /* in which a claim that waits for its turn is sent */

struct kafka_consumer {
	kafka_received *received;
	void *source;
	bool paused;
};

static struct kafka_consumer consumer; /* one for all topics: the last one's source gets the messages */
static struct worker worker;
static struct pg session;
static struct timer *stop;
static bool more;                 /* the message says so */
static int64_t taken;             /* messages so far, which are their tasks' numbers, too */
static size_t claimed[TASKS_MAX]; /* of each claim, how many it asked for */
static size_t nclaims;
static size_t nrefused; /* of each claim */
static struct err failure;
static int64_t done_offset[2]; /* of each partition */
static size_t ndone;

/* ---- io/kafka.h ---- */

struct kafka_consumer *kafka_consumer_new(struct loop *loop, const struct kafka_options *o, const char *group,
    const char *const *topics, size_t ntopics, kafka_received *received, struct err *err)
{
	(void)loop;
	(void)group;
	(void)topics;
	(void)ntopics;
	(void)err;
	consumer = (struct kafka_consumer){.received = received, .source = o->user};
	return &consumer;
}

void kafka_consumer_free(struct kafka_consumer *c, int64_t deadline_ms)
{
	(void)c;
	(void)deadline_ms;
}

void kafka_consumer_pause(struct kafka_consumer *c, bool paused)
{
	c->paused = paused;
}

void kafka_consumer_leave(struct kafka_consumer *c)
{
	(void)c;
}

void kafka_consumer_join(struct kafka_consumer *c)
{
	(void)c;
}

size_t kafka_assigned(const struct kafka_consumer *c)
{
	(void)c;
	return 1;
}

void kafka_done(struct kafka_consumer *c, const char *topic, int32_t partition, int64_t offset)
{
	(void)c;
	(void)topic;
	done_offset[partition] = offset;
	ndone++;
}

struct str kafka_message_header(const struct kafka_message *m, const char *name)
{
	(void)m;
	return more && strcmp(name, TASK_HEADER_MORE) == 0 ? STR("1") : (struct str){NULL, 0};
}

/* ---- the rest of the worker ---- */

bool heartbeat_is_fresh(const struct heartbeat *h)
{
	(void)h;
	return true;
}

void claim_begin(struct worker *w, const struct pg_result *r, int row)
{
	(void)r;
	(void)row;
	w->ntasks++;
}

void worker_leave_when_idle(struct worker *w)
{
	(void)w;
}

void worker_kafka_fatal(struct worker *w, const char *text)
{
	(void)w;
	fail_msg("%s", text);
}

void figures_lag(const char *topic, int partition, int64_t lag)
{
	(void)topic;
	(void)partition;
	(void)lag;
}

static void answer(const struct fake_op *op, struct pg_result *row, struct err *err)
{
	size_t n = fake_pg_elements(&op->args, 0, sizeof(struct uuid));

	claimed[nclaims++] = n;
	row->rows = (int)(n - MIN(n, nrefused));
	*err = failure;
}

/* ---- what tests do ---- */

static void receive_value(struct str value, int32_t partition)
{
	struct kafka_message m = {
	    .topic = "sync.tasks.bench", .partition = partition, .offset = taken++, .value = value};

	consumer.received(consumer.source, &m);
}

static void receive(bool another_follows, int32_t partition)
{
	AUTO(buf_done) struct buf value = BUF(MESSAGE_TASK_BYTES_MAX);
	struct task_message m = {.dispatch = 1, .provider = STR("bench"), .resource = STR("contacts")};

	m.task_id.b[0] = (unsigned char)taken;
	more = another_follows;
	task_message_encode(&m, &value);
	receive_value(buf_str(&value), partition);
}

static void stop_loop(void *user)
{
	(void)user;
	loop_stop(worker.loop);
}

static void run_for(int64_t ms)
{
	timer_set(stop, ms, 0);
	loop_run(worker.loop);
}

static int setup(void **state)
{
	struct err err;

	(void)state;
	memset(&fake, 0, sizeof fake);
	fake.answer = answer;
	taken = 0;
	nclaims = nrefused = ndone = 0;
	failure = (struct err){0};
	worker = (struct worker){
	    .settings = {.slots = SLOTS, .kafka_topic_prefix = "", .kafka_group = "workers"},
	    .loop = loop_new(),
	    .registry = declarations_shipped,
	    .control = &session};
	session = (struct pg){.loop = worker.loop, .up = true};
	stop = timer_new(worker.loop, stop_loop, NULL);
	worker.intake = intake_new(&worker, &err);
	assert_non_null(worker.intake);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	fake_pg_drop();
	intake_free(worker.intake);
	timer_free(stop);
	loop_free(worker.loop);
	return 0;
}

/* Sends what waits and answers it. */
static void settle(void)
{
	run_for(ROUND_MS);
	fake_pg_deliver();
}

static void test_a_message_alone_is_claimed_at_once(void **state)
{
	(void)state;
	receive(false, 0);
	run_for(0);
	assert_int_equal(fake.nops, 2); /* the statement and its sync */
	assert_int_equal(intake_pending(worker.intake), 1);
	fake_pg_deliver();
	assert_int_equal(worker.ntasks, 1);
	assert_int_equal(intake_free_slots(worker.intake), SLOTS - 1);
}

/* False: the machine was held up for longer than the wait. */
static bool waits(void)
{
	int64_t asked_ms = loop_now_ms(worker.loop);

	receive(true, 0);
	run_for(0);
	if (fake.nops == 0)
		return true;
	assert_true(loop_now_ms(worker.loop) - asked_ms >= GATHER_JOIN_MS);
	settle();
	run_for(ROUND_MS); /* the claim rests for as long as that one took */
	worker.ntasks = nclaims = 0;
	return false;
}

static void test_a_message_that_more_follow_waits_for_them(void **state)
{
	(void)state;
	for (int tries = 0; !waits(); tries++)
		assert_true(tries < 20);
	receive(true, 0);
	receive(false, 0);
	settle();
	assert_int_equal(nclaims, 1);
	assert_int_equal(claimed[0], 3);
}

static void test_what_follows_need_not_come(void **state)
{
	(void)state;
	receive(true, 0);
	settle();
	assert_int_equal(nclaims, 1);
	assert_int_equal(worker.ntasks, 1);
}

static void test_messages_beyond_the_slots_wait(void **state)
{
	(void)state;
	for (int i = 0; i < SLOTS + 2; i++)
		receive(false, 0);
	settle();
	settle();
	assert_int_equal(nclaims, 1);
	assert_int_equal(claimed[0], SLOTS);
	worker.ntasks -= 2;
	intake_wake(worker.intake);
	settle();
	assert_int_equal(nclaims, 2);
	assert_int_equal(claimed[1], 2);
}

static void test_offsets_are_done_after_the_claim_the_last_of_each_partition(void **state)
{
	(void)state;
	receive(true, 0);
	receive(true, 1);
	receive(true, 0);
	receive(false, 1);
	nrefused = 1;
	run_for(ROUND_MS);
	assert_int_equal(ndone, 0);
	fake_pg_deliver();
	assert_int_equal(ndone, 2);
	assert_int_equal(done_offset[0], 2);
	assert_int_equal(done_offset[1], 3);
	assert_int_equal(worker.ntasks, 3);
}

static void test_a_claim_that_failed_is_sent_again(void **state)
{
	(void)state;
	receive(false, 0);
	err_set(&failure, RC_IO, "deadlock");
	settle();
	assert_int_equal(worker.ntasks, 0);
	assert_int_equal(ndone, 0);
	failure = (struct err){0};
	settle();
	assert_int_equal(nclaims, 2);
	assert_int_equal(claimed[1], 1);
	assert_int_equal(worker.ntasks, 1);
	assert_int_equal(ndone, 1);
}

/* Its offset is passed; as a task that nobody has it is refused. */
static void test_a_message_that_nobody_can_read_is_counted(void **state)
{
	uint64_t unreadable, refused;

	(void)state;
	more = false;
	nrefused = 1;
	receive_value(STR("{"), 0);
	settle();
	intake_counts(worker.intake, &unreadable, &refused);
	assert_int_equal(unreadable, 1);
	assert_int_equal(refused, 1);
	assert_int_equal(ndone, 1);
	assert_int_equal(worker.ntasks, 0);
}

static void test_nothing_is_claimed_while_drained_or_stopped(void **state)
{
	(void)state;
	receive(false, 0);
	intake_drain(worker.intake, true);
	receive(false, 0);
	settle();
	assert_int_equal(nclaims, 0);
	intake_drain(worker.intake, false);
	receive(false, 0);
	settle();
	assert_int_equal(nclaims, 1);
	assert_int_equal(claimed[0], 1);
	intake_stop(worker.intake);
	assert_true(consumer.paused);
	receive(false, 0);
	settle();
	assert_int_equal(nclaims, 1);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
	    TEST(test_a_message_alone_is_claimed_at_once),
	    TEST(test_a_message_that_more_follow_waits_for_them),
	    TEST(test_what_follows_need_not_come),
	    TEST(test_messages_beyond_the_slots_wait),
	    TEST(test_offsets_are_done_after_the_claim_the_last_of_each_partition),
	    TEST(test_a_claim_that_failed_is_sent_again),
	    TEST(test_a_message_that_nobody_can_read_is_counted),
	    TEST(test_nothing_is_claimed_while_drained_or_stopped),
	};
	return cmocka_run_group_tests(tests, declarations_load, declarations_unload);
}
