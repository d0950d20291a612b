// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "io/kafka_spread.h"

/*
 * 2^32 divided by the golden ratio: its multiples modulo 2^32 fall into the largest gaps of those before
 * (Knuth, The Art of Computer Programming 3, 6.4), so consecutive turns go to distant partitions. Readers
 * have runs of neighbouring ones: turns in order would come to one reader after the other.
 */
#define GOLDEN UINT32_C(2654435769)

void kafka_spread_count(struct kafka_spread *s, int64_t now_ms)
{
	if (s->left == 0 || now_ms >= s->until_ms) {
		atomic_fetch_add(&s->turn, 1);
		s->left = KAFKA_SPREAD_MESSAGES;
		s->until_ms = now_ms + KAFKA_SPREAD_MS;
	}
	s->left--;
}

int32_t kafka_spread_partition(struct kafka_spread *s, int32_t count)
{
	return (int32_t)((uint64_t)(atomic_load(&s->turn) * GOLDEN) * (uint64_t)count >> 32);
}
