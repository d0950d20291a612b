// SPDX-License-Identifier: Apache-2.0
#pragma once
/*
 * Sends the messages of dispatched tasks, and remembers how much room each provider has, so that an accepted
 * request can be dispatched without waiting for the clock. A message that is lost here costs a delay: the
 * clock repeats it.
 */
#include "base/base.h"
#include "io/kafka.h"
#include "sync/declaration.h"

struct dispatch;

/* All must outlive it. */
struct dispatch *dispatch_new(
    const struct registry *registry, struct kafka_producer *kafka, const char *topic_prefix);
/* Accepts NULL. */
void dispatch_free(struct dispatch *d);

/*
 * Sends what SQL's task_message() made: `n` JSON arrays, of which any may be empty. Each message but the last
 * of its topic says that more follow (TASK_HEADER_MORE).
 */
void dispatch_send(struct dispatch *d, const struct str *messages_json, size_t n);
/* What the clock found: how many further messages a provider may have, and whether tasks wait already. */
void dispatch_set_room(struct dispatch *d, struct str provider, int64_t room, bool backlog);
/* Takes room for `tasks` when nobody waits and there is some; else false. */
bool dispatch_take_room(struct dispatch *d, struct str provider, size_t tasks);
/* Messages sent and refused since the start. */
void dispatch_counts(const struct dispatch *d, uint64_t *ret_sent, uint64_t *ret_refused);
