// SPDX-License-Identifier: Apache-2.0
#pragma once
/*
 * Watches a consumer through librdkafka's statistics (STATISTICS.md): hands on the lag of each partition, and
 * notices a partition that has messages and hands none over, which pausing, seeking and rebalancing have led
 * to in several of its releases (confluentinc/librdkafka issues 5591, 2190). Pure: it reads documents.
 */
#include "base/base.h"

#define KAFKA_WATCH_SAMPLES 4 /* statistics without progress before a partition counts as stuck */

struct kafka_watch;

typedef void kafka_watch_lag(void *user, const char *topic, int partition, int64_t lag);

struct kafka_watch *kafka_watch_new(void);
/* Accepts NULL. */
void kafka_watch_free(struct kafka_watch *w);
/* Forgets all progress: partitions were paused, assigned or revoked. */
void kafka_watch_reset(struct kafka_watch *w);
/* Takes one document; `lag` (may be NULL) is called for each partition. True: some partition is stuck. */
bool kafka_watch_sample(struct kafka_watch *w, const char *json, kafka_watch_lag *lag, void *user);
