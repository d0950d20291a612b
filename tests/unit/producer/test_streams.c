// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/metrics.h"
#include "call.h"
#include "streams.h"

#include "../http_peer.h"
#include "../fake_pg.h"

#define SYNC "0190aaaa-0000-7000-8000-000000000001"
#define TENANT "aa000000-0000-7000-8000-000000000001"
#define STRANGER "bb000000-0000-7000-8000-000000000001"
#define OWNER "cc000000-0000-7000-8000-000000000001"
#define SOMEBODY "dd000000-0000-7000-8000-000000000001"
#define GUARD_MS INT64_C(20000)

/* The hub listens to requests without routes: what a path asks for is its wish. */
static struct loop *loop;
static struct httpd *httpd;
static struct streams *streams;
static struct pg *pg;
static struct client one;
static struct caller caller;
static struct stream_point since;
static bool outdated;

/* What the database says. */
static const char *row[FAKE_COLUMNS_MAX];
static int rows;
static bool failing;
static size_t asked;
static int64_t last_since;

struct httpd_stream *call_answer_stream(
    struct call *c, struct reply head, const struct httpd_stream_options *o)
{
	struct httpd_header type = {"Content-Type", head.content_type};
	struct httpd_stream *s = httpd_answer_stream(
	    (struct httpd_request *)c, (unsigned)head.status, &type, 1, o);

	reply_done(&head);
	return s;
}

static struct uuid id_of(const char *text)
{
	struct uuid id;

	assert_true(uuid_parse(str_of(text), &id));
	return id;
}

static void handle(void *user, struct httpd_request *rq)
{
	struct stream_wish wish = {.one = str_is(rq->path, "/one"),
	    .sync = id_of(SYNC),
	    .caller = &caller,
	    .since = since,
	    .outdated = outdated};

	(void)user;
	streams_listen(streams, (struct call *)rq, &wish);
}

/* The last eight bytes of an array of one int8, as it is sent. */
static int64_t only_number(const struct pg_args *args, int i)
{
	struct str v = pg_arg_value(args, i);
	uint64_t n = 0;

	for (size_t at = v.n - 8; at < v.n; at++)
		n = n << 8 | (uint8_t)v.p[at];
	return (int64_t)n;
}

static void answer(const struct fake_op *op, struct pg_result *res, struct err *err)
{
	assert_string_equal(op->statement->name, "stream_tick");
	asked++;
	last_since = only_number(&op->args, since.version ? 3 : 1);
	res->rows = rows;
	memcpy(res->column, row, sizeof row);
	if (failing)
		err_set(err, RC_IO, "failed");
}

static void say(const char *version, const char *tenant, const char *owner, bool ended)
{
	static const char *const said[] = {"1000000", "50", SYNC, NULL, NULL, NULL, NULL, "{\"a\": 1}"};

	memcpy(row, said, sizeof said);
	row[3] = tenant;
	row[4] = owner;
	row[5] = version;
	row[6] = ended ? "t" : "f";
	rows = 1;
}

static void say_nothing(void)
{
	memset(row, 0, sizeof row);
	row[0] = "1000000";
	row[1] = "50";
	rows = 1;
}

static int setup(void **state)
{
	struct err err;

	(void)state;
	log_threshold = LOG_LEVEL_ERROR + 1;
	metrics_init("test");
	memset(&fake, 0, sizeof fake);
	fake.answer = answer;
	fake.automatic = true;
	loop = loop_new();
	fake.later = timer_new(loop, fake_pg_later, NULL);
	pg = pg_open(loop, &(struct pg_options){0});
	streams = streams_new(loop, &(struct streams_options){.pg = pg,
	                                .tick_ms = 5,
	                                .heartbeat_ms = 40,
	                                .life_ms = GUARD_MS * 2,
	                                .buffer_max = 16384,
	                                .listeners_max = 2});
	httpd = httpd_new(loop,
	    &(struct httpd_options){.listen = "127.0.0.1:0",
	        .max_connections = 10,
	        .head_max = 4096,
	        .body_max = 100,
	        .idle_ms = 60000,
	        .handler = handle},
	    &err);
	assert_non_null(httpd);
	caller = (struct caller){.role = ROLE_SERVICE, .rights = RIGHT_READ, .tenant = id_of(TENANT)};
	since = (struct stream_point){0};
	outdated = false;
	failing = false;
	asked = 0;
	say_nothing();
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	client_done(&one);
	httpd_free(httpd);
	streams_free(streams);
	pg_close(pg);
	timer_free(fake.later);
	loop_free(loop);
	metrics_done();
	return 0;
}

static bool (*until)(void);
static int64_t give_up_at;

static void look(void *user)
{
	(void)user;
	assert_true(clock_mono_ms() < give_up_at);
	client_read(&one);
	if (until())
		loop_stop(loop);
}

static void run_until(bool (*predicate)(void))
{
	struct timer *tick = timer_new(loop, look, NULL);

	until = predicate;
	give_up_at = clock_mono_ms() + GUARD_MS;
	timer_set(tick, 0, 1);
	loop_run(loop);
	timer_free(tick);
}

static size_t times(const char *text)
{
	size_t n = 0;

	for (const char *p = buf_text(&one.in); (p = strstr(p, text)); p++)
		n++;
	return n;
}

static bool said_done(void)
{
	return times("event: done") > 0;
}

static bool said_progress(void)
{
	return times("event: progress") > 0;
}

static bool said_end(void)
{
	return times("\r\n0\r\n\r\n") > 0;
}

static bool said_heartbeats(void)
{
	return times(": heartbeat") >= 2;
}

static bool said_reset(void)
{
	return times("event: reset") > 0;
}

static size_t until_asked;

static bool was_asked(void)
{
	return asked >= until_asked;
}

static void run_ticks(size_t n)
{
	until_asked = asked + n;
	run_until(was_asked);
}

static void listen_to(const char *path)
{
	char *request = mem_printf("GET %s HTTP/1.1\r\nHost: x\r\n\r\n", path);

	client_open(&one, httpd_address(httpd));
	client_say(&one, request);
	free(request);
}

static void test_one_sync_until_its_end(void **state)
{
	(void)state;
	say("7", TENANT, NULL, false);
	listen_to("/one");
	run_until(said_progress);
	assert_int_equal(times("retry: 2000\n\n"), 1);
	assert_int_equal(times("id: 1000000-50\n"), 1);
	assert_int_equal(times("event: progress\ndata: {\"a\": 1}\n\n"), 1);
	run_ticks(3); /* the same row: version 7 was told, as everything below 50 */
	assert_int_equal(last_since, 50);
	assert_int_equal(times("event: progress"), 1);
	say("50", TENANT, NULL, true);
	run_until(said_end);
	assert_int_equal(times("id: 1000000-50-done\nevent: done\n"), 1);
}

static void test_nobody_listens_and_nothing_is_asked(void **state)
{
	(void)state;
	say("7", TENANT, NULL, true);
	listen_to("/one");
	run_until(said_end);
	size_t before = asked;
	client_done(&one);
	listen_to("/one"); /* later than any tick of the listener before */
	run_until(said_end);
	assert_in_range(asked - before, 1, 2);
}

static void test_a_tenant_is_told_of_its_own(void **state)
{
	(void)state;
	since = (struct stream_point){900000, 40};
	say("45", STRANGER, NULL, false);
	listen_to("/all");
	run_ticks(3);
	assert_int_equal(times("event:"), 0);
	say("55", TENANT, OWNER, false);
	run_until(said_progress);
	say_nothing();
	run_ticks(2);
	/* what follows the tick says that all of it was told */
	assert_string_equal(strrchr(buf_text(&one.in), 'i'), "id: 1000000-50\n\n\r\n");
}

static void test_a_user_is_told_of_his_own(void **state)
{
	(void)state;
	caller.role = ROLE_USER;
	caller.user = id_of(OWNER);
	since = (struct stream_point){900000, 40};
	say("45", TENANT, NULL, true);
	listen_to("/all");
	run_ticks(3);
	say("55", TENANT, SOMEBODY, true);
	run_ticks(3);
	assert_int_equal(times("event:"), 0);
	say_nothing();
	run_ticks(2);
	say("56", TENANT, OWNER, true);
	run_until(said_done);
}

/* An older transaction runs: the statement finds the end again and again. */
static void test_an_end_is_told_once(void **state)
{
	(void)state;
	since = (struct stream_point){900000, 40};
	listen_to("/all");
	run_ticks(2);
	say("60", TENANT, NULL, true);
	run_until(said_done);
	run_ticks(5);
	assert_int_equal(times("event: done"), 1);
	say_nothing();
	run_ticks(2);
	say("60", TENANT, NULL, true);
	run_ticks(3);
	assert_int_equal(times("event: done"), 2); /* it was gone: now it is news */
}

static void test_what_has_ended_before_is_no_news(void **state)
{
	(void)state;
	since = (struct stream_point){900000, 40};
	say("39", TENANT, NULL, true);
	listen_to("/all");
	run_ticks(3);
	assert_int_equal(times("event:"), 0);
}

static void test_too_many_ends_are_a_reset(void **state)
{
	(void)state;
	since = (struct stream_point){900000, 40};
	say("45", TENANT, NULL, true);
	rows = 250;
	listen_to("/all");
	run_until(said_reset);
	run_ticks(2);
	assert_in_range(times("event: done"), 190, 200); /* but for those that a chunk's end cuts */
	assert_int_equal(times("event: reset"), 1);
}

static void test_outdated_is_a_reset(void **state)
{
	(void)state;
	since = (struct stream_point){900000, 40};
	outdated = true;
	listen_to("/all");
	run_until(said_reset);
}

static void test_a_failed_query_is_asked_again(void **state)
{
	(void)state;
	failing = true;
	listen_to("/one");
	run_ticks(3);
	failing = false;
	say("7", TENANT, NULL, false);
	run_until(said_progress);
}

static void test_silence_has_a_heartbeat(void **state)
{
	(void)state;
	listen_to("/one");
	run_until(said_heartbeats);
	assert_int_equal(times("event:"), 0);
}

static void test_the_number_of_listeners_is_limited(void **state)
{
	struct client other;

	(void)state;
	assert_false(streams_full(streams));
	listen_to("/one");
	run_ticks(1);
	assert_false(streams_full(streams));
	client_open(&other, httpd_address(httpd));
	client_say(&other, "GET /all HTTP/1.1\r\nHost: x\r\n\r\n");
	run_until(said_heartbeats);
	assert_true(streams_full(streams));
	client_done(&other);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
	    TEST(test_one_sync_until_its_end),
	    TEST(test_nobody_listens_and_nothing_is_asked),
	    TEST(test_a_tenant_is_told_of_its_own),
	    TEST(test_a_user_is_told_of_his_own),
	    TEST(test_an_end_is_told_once),
	    TEST(test_what_has_ended_before_is_no_news),
	    TEST(test_too_many_ends_are_a_reset),
	    TEST(test_outdated_is_a_reset),
	    TEST(test_a_failed_query_is_asked_again),
	    TEST(test_silence_has_a_heartbeat),
	    TEST(test_the_number_of_listeners_is_limited),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
