// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/base.h"
#include "io/kafka_watch.h"

#define PARTITION(app, end)                                                                                  \
	"{\"topics\":{\"t\":{\"partitions\":{\"0\":{\"app_offset\":" app ",\"ls_offset\":" end               \
	",\"consumer_lag\":7},\"-1\":{}}}}}"

static bool sampled(struct kafka_watch *w, const char *json, unsigned times)
{
	bool stuck = false;

	while (times--)
		stuck = kafka_watch_sample(w, json, NULL, NULL);
	return stuck;
}

static void messages_without_progress_are_stuck(void **state)
{
	struct kafka_watch *w = kafka_watch_new();

	(void)state;
	assert_false(sampled(w, PARTITION("5", "9"), KAFKA_WATCH_SAMPLES));
	assert_true(sampled(w, PARTITION("5", "9"), 1));
	kafka_watch_reset(w);
	assert_false(sampled(w, PARTITION("5", "9"), 1));
	kafka_watch_free(w);
}

static void progress_or_an_empty_partition_is_not(void **state)
{
	struct kafka_watch *w = kafka_watch_new();

	(void)state;
	assert_false(sampled(w, PARTITION("9", "9"), 3 * KAFKA_WATCH_SAMPLES));
	assert_false(sampled(w, PARTITION("5", "9"), KAFKA_WATCH_SAMPLES));
	assert_false(sampled(w, PARTITION("6", "9"), KAFKA_WATCH_SAMPLES));
	assert_false(sampled(w, PARTITION("-1001", "9"), 3 * KAFKA_WATCH_SAMPLES));
	assert_false(sampled(w, "not json", 1));
	kafka_watch_free(w);
}

static void take_lag(void *user, const char *topic, int partition, int64_t lag)
{
	assert_string_equal(topic, "t");
	assert_int_equal(partition, 0);
	*(int64_t *)user += lag;
}

static void lag_is_handed_on(void **state)
{
	struct kafka_watch *w = kafka_watch_new();
	int64_t lag = 0;

	(void)state;
	kafka_watch_sample(w, PARTITION("5", "9"), take_lag, &lag);
	assert_int_equal(lag, 7);
	kafka_watch_free(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(messages_without_progress_are_stuck),
	    cmocka_unit_test(progress_or_an_empty_partition_is_not),
	    cmocka_unit_test(lag_is_handed_on),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
