// SPDX-License-Identifier: Apache-2.0
#pragma once
/*
 * What follows from a verdict: the design's table of error classes. Each function says with which step the
 * task goes on; DRAIN is the slice's end, and the task then says how it ends.
 */
#include "base/base.h"
#include "task.h"

/* Any verdict but ok and empty. */
enum task_step trouble_step(struct task *t, const struct verdict *v);
enum task_step trouble_fail(struct task *t, enum verdict_class class, const char *reason);
/* The cursor is worth nothing any more: everything is walked anew, once a task. */
enum task_step trouble_restart(struct task *t, const char *reason);
/* The slice ends, and the task goes back. */
enum task_step trouble_leave(struct task *t, enum outcome outcome, const char *message);
/* The provider's breaker is not closed: no try is used up. */
enum task_step trouble_wait_for_provider(struct task *t);
