// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/base.h"
#include "io/kafka_spread.h"

#define PARTITIONS 12
#define TURNS 1200

static int32_t place(struct kafka_spread *s, int64_t now_ms)
{
	kafka_spread_count(s, now_ms);
	return kafka_spread_partition(s, PARTITIONS);
}

static void neighbours_share_a_partition(void **state)
{
	struct kafka_spread s = {0};
	int32_t first = place(&s, 1000);

	(void)state;
	for (int i = 1; i < KAFKA_SPREAD_MESSAGES; i++)
		assert_int_equal(place(&s, 1000 + i % KAFKA_SPREAD_MS), first);
	assert_int_not_equal(place(&s, 1000), first);
}

static void each_turn_ends(void **state)
{
	struct kafka_spread s = {0};
	int32_t first = place(&s, 1000);

	(void)state;
	assert_int_equal(place(&s, 1000 + KAFKA_SPREAD_MS - 1), first);
	assert_int_not_equal(place(&s, 1000 + KAFKA_SPREAD_MS), first);
}

/* Whoever has one half of the partitions has about half of any eight turns on end too. */
static void turns_are_even(void **state)
{
	struct kafka_spread s = {0};
	int of[PARTITIONS] = {0};
	int lower = 0;

	(void)state;
	for (int turn = 0; turn < TURNS; turn++) {
		int32_t partition = place(&s, (int64_t)turn * KAFKA_SPREAD_MS);

		assert_in_range(partition, 0, PARTITIONS - 1);
		of[partition]++;
		lower += partition < PARTITIONS / 2;
		if (turn % 8 == 7) {
			assert_in_range(lower, 3, 5);
			lower = 0;
		}
	}
	for (int i = 0; i < PARTITIONS; i++)
		assert_in_range(of[i], TURNS / PARTITIONS - 3, TURNS / PARTITIONS + 3);
}

static void one_partition_has_every_turn(void **state)
{
	struct kafka_spread s = {0};

	(void)state;
	for (int turn = 0; turn < 100; turn++) {
		kafka_spread_count(&s, (int64_t)turn * KAFKA_SPREAD_MS);
		assert_int_equal(kafka_spread_partition(&s, 1), 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(neighbours_share_a_partition),
	    cmocka_unit_test(each_turn_ends),
	    cmocka_unit_test(turns_are_even),
	    cmocka_unit_test(one_partition_has_every_turn),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
