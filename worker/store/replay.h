// SPDX-License-Identifier: Apache-2.0
#pragma once
/*
 * Pages made of quarantined records instead of a provider's answer: their texts are read anew by the present
 * declaration and go the way of any page. What was stored or deleted since the provider sent a record is
 * newer: such a record is only counted. A walk may begin with a replay; a task of mode replay does nothing
 * else.
 */
#include "base/base.h"

struct replay;
struct task;

/* The task's next page is one of quarantined records. */
bool replay_is_due(const struct task *t);
/* Makes that page; the task hears of it by task_replayed or task_replay_failed, and must live until then. */
void replay_read(struct task *t);
/* What was under way; only when no answer will come any more. Accepts NULL. */
void replay_free(struct replay *r);
