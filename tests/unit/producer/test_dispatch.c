// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "dispatch.h"

#include "../declarations.h"
#include "fake_kafka.h"

#define HEADERS                                                                                              \
	"content-type=application/json;ce_specversion=1.0;ce_id=t1.3;ce_source=/sync-fleet;"                 \
	"ce_type=io.syncfleet.task.dispatched.v1"
#define MESSAGE(provider, more)                                                                              \
	"{\"provider\":\"" provider "\",\"key\":\"" provider                                                 \
	":c1\",\"id\":\"t1.3\",\"value\":\"{\\\"x\\\": 1}\"" more "}"

struct sending {
	const char *messages;
	uint64_t sent, refused;
};

static void send_one(struct dispatch *d, struct str messages)
{
	dispatch_send(d, &messages, 1);
}

static struct dispatch *begin(void)
{
	memset(&fake_kafka, 0, sizeof fake_kafka);
	return dispatch_new(declarations_shipped, NULL, "blue.");
}

static void assert_counts(const struct dispatch *d, uint64_t sent, uint64_t refused)
{
	uint64_t a, b;

	dispatch_counts(d, &a, &b);
	assert_int_equal(a, sent);
	assert_int_equal(b, refused);
}

static void messages_are_sent_as_they_are(void **state)
{
	struct dispatch *d = begin();
	const struct fake_message *m = fake_kafka.sent;

	(void)state;
	send_one(d, STR("[" MESSAGE("bench", ",\"traceparent\":null") "," MESSAGE(
	                "practicepanther", ",\"traceparent\":\"00-ab-cd-01\"") "]"));
	assert_int_equal(fake_kafka.n, 2);
	assert_string_equal(m[0].topic, "blue.sync.tasks.bench");
	assert_string_equal(m[0].headers, HEADERS);
	assert_string_equal(m[1].topic, "blue.sync.tasks.practicepanther");
	assert_string_equal(m[1].key, "practicepanther:c1");
	assert_string_equal(m[1].value, "{\"x\": 1}");
	assert_string_equal(m[1].headers, HEADERS ";traceparent=00-ab-cd-01");
	assert_counts(d, 2, 0);
	dispatch_free(d);
}

/* Whoever reads the first ones can wait for the rest, which a broker may give a moment later. */
static void all_but_the_last_of_a_topic_say_that_more_follow(void **state)
{
	static const char more[] = HEADERS ";more=1";
	const struct str lists[] = {
	    STR("[" MESSAGE("bench", "") "," MESSAGE("practicepanther", "") "]"),
	    STR("[]"),
	    STR("[" MESSAGE("bench", "") "]"),
	    STR("[" MESSAGE("nobody", "") "," MESSAGE("bench", "") "]"),
	};
	static const struct {
		const char *topic, *headers;
	} wanted[] = {
	    {"blue.sync.tasks.bench", more},
	    {"blue.sync.tasks.bench", more},
	    {"blue.sync.tasks.bench", HEADERS},
	    {"blue.sync.tasks.practicepanther", HEADERS},
	};
	struct dispatch *d = begin();

	(void)state;
	dispatch_send(d, lists, ARRAY_SIZE(lists));
	assert_counts(d, 4, 1);
	assert_int_equal(fake_kafka.n, ARRAY_SIZE(wanted));
	for (size_t i = 0; i < ARRAY_SIZE(wanted); i++) {
		assert_string_equal(fake_kafka.sent[i].topic, wanted[i].topic);
		assert_string_equal(fake_kafka.sent[i].headers, wanted[i].headers);
	}
	dispatch_free(d);
}

static void any_worker_may_get_any_task(void **state)
{
	struct dispatch *d = begin();

	(void)state;
	assert_non_null(strstr(fake_kafka.spread, " blue.sync.tasks.bench "));
	assert_non_null(strstr(fake_kafka.spread, " blue.sync.tasks.practicepanther "));
	dispatch_free(d);
}

static void what_cannot_be_sent_is_counted(void **state)
{
	static const struct sending cases[] = {
	    {"", 0, 0},
	    {"[]", 0, 0},
	    {"null", 0, 0},
	    {"[{", 0, 0},
	    {"[" MESSAGE("nobody", "") "]", 0, 1},
	    {"[{}]", 0, 1},
	    {"[" MESSAGE("nobody", "") "," MESSAGE("bench", "") "]", 1, 1},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct dispatch *d = begin();

		send_one(d, str_of(cases[i].messages));
		assert_counts(d, cases[i].sent, cases[i].refused);
		assert_int_equal(fake_kafka.n, cases[i].sent);
		dispatch_free(d);
	}
}

/* The clock repeats what is lost here. */
static void a_full_queue_refuses(void **state)
{
	struct dispatch *d = begin();

	(void)state;
	fake_kafka.full = true;
	send_one(d, STR("[" MESSAGE("bench", "") "," MESSAGE("bench", "") "]"));
	assert_counts(d, 0, 2);
	fake_kafka.full = false;
	send_one(d, STR("[" MESSAGE("bench", "") "]"));
	assert_counts(d, 1, 2);
	dispatch_free(d);
}

static void room_is_taken_until_somebody_waits(void **state)
{
	static const struct {
		int64_t set; /* -1: the clock has not looked */
		size_t tasks;
		bool backlog;
		bool taken;
	} steps[] = {
	    {-1, 1, false, false}, /* before the clock's first look */
	    {10, 4, false, true},
	    {-1, 6, false, true},
	    {-1, 1, false, false},
	    {10, 11, false, false}, /* the clock has to serve these in turn ... */
	    {-1, 1, false, false},  /* ... so nobody overtakes them */
	    {10, 10, false, true},
	    {10, 1, true, false}, /* others wait */
	    {0, 0, false, true},
	    {0, 1, false, false},
	};
	struct dispatch *d = begin();

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(steps); i++) {
		if (steps[i].set >= 0)
			dispatch_set_room(d, STR("bench"), steps[i].set, steps[i].backlog);
		if (dispatch_take_room(d, STR("bench"), steps[i].tasks) != steps[i].taken)
			fail_msg("step %zu", i);
	}
	dispatch_free(d);
}

static void room_is_each_providers_own(void **state)
{
	struct dispatch *d = begin();

	(void)state;
	dispatch_set_room(d, STR("bench"), 1, false);
	dispatch_set_room(d, STR("practicepanther"), 5, false);
	dispatch_set_room(d, STR("nobody"), 5, false);
	assert_false(dispatch_take_room(d, STR("bench"), 2));
	assert_true(dispatch_take_room(d, STR("practicepanther"), 5));
	assert_false(dispatch_take_room(d, STR("nobody"), 1));
	dispatch_free(d);
	dispatch_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(messages_are_sent_as_they_are),
	    cmocka_unit_test(all_but_the_last_of_a_topic_say_that_more_follow),
	    cmocka_unit_test(any_worker_may_get_any_task),
	    cmocka_unit_test(what_cannot_be_sent_is_counted),
	    cmocka_unit_test(a_full_queue_refuses),
	    cmocka_unit_test(room_is_taken_until_somebody_waits),
	    cmocka_unit_test(room_is_each_providers_own),
	};

	return cmocka_run_group_tests(tests, declarations_load, declarations_unload);
}
