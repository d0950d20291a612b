// SPDX-License-Identifier: Apache-2.0
#pragma once
/*
 * Which partition gets a message whose readers do not care. A partition costs its broker a request to write
 * and its reader one to read, however little is in it, so neighbours in time share one, as Kafka's own sticky
 * partitioner does with messages without a key (KIP-480). Pure, and safe to be read from any thread.
 */
#include "base/base.h"

#include <stdatomic.h>

#define KAFKA_SPREAD_MS 5        /* so long a partition has its turn ... */
#define KAFKA_SPREAD_MESSAGES 32 /* ... or for so many messages: readers share a burst */

struct kafka_spread {
	_Atomic uint32_t turn;
	unsigned left; /* messages of this turn */
	int64_t until_ms;
};

/* Before each message: begins the next turn when it is time. */
void kafka_spread_count(struct kafka_spread *s, int64_t now_ms);
/* The partition whose turn it is, of `count` >= 1. */
int32_t kafka_spread_partition(struct kafka_spread *s, int32_t count);
