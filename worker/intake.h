// SPDX-License-Identifier: Apache-2.0
#pragma once
/*
 * Task messages become claims: as many as there are free slots in one statement, their offsets committed
 * after it (invariant 2). Messages beyond wait in a bounded inbox; past it the consumer is paused, at three
 * quarters it goes on.
 */
#include "base/base.h"
#include "base/uuid.h"

struct intake;
struct worker;

/* Joins a consumer group on the topic of each declared provider. */
struct intake *intake_new(struct worker *w, struct err *err);
/* Leaves the groups. Accepts NULL. */
void intake_free(struct intake *in);
/* Slots that neither a task nor a claim under way has. */
size_t intake_free_slots(const struct intake *in);
/* Partitions are assigned. */
bool intake_is_assigned(const struct intake *in);
/* A slot came free, the session or the heartbeat came back. */
void intake_wake(struct intake *in);
/* Takes no more messages and leaves the groups, so that others get them; or takes up work again. */
void intake_drain(struct intake *in, bool drain);
/* Takes no more messages. */
void intake_stop(struct intake *in);
/* Claims that are neither running nor refused yet. */
size_t intake_pending(const struct intake *in);
/* A claim of this task is under way. */
bool intake_is_claiming(const struct intake *in, const struct uuid *task_id);
/* Messages that could not be read, and claims that the queue refused, since the start. */
void intake_counts(const struct intake *in, uint64_t *ret_unreadable, uint64_t *ret_refused);
