// SPDX-License-Identifier: Apache-2.0
#pragma once
/*
 * Ends generations: after a walk's last page is stored, its task comes here, and step by step what the walk
 * did not show is deleted (0005_deletions.sql). Each step is a transaction of its own with the fence, on a
 * session that is opened when the first sweep comes; tasks take turns, and the task's cursor says where its
 * sweep stands.
 */
#include "base/base.h"

struct sweep;
struct task;
struct worker;

struct sweep *sweep_new(struct worker *w);
/* Accepts NULL. */
void sweep_free(struct sweep *s);

/* One step for the task, which hears of it by task_swept, task_lost or task_refused. */
void sweep_add(struct sweep *s, struct task *t);
/* The task is not interested any more; a step under way is answered all the same. */
void sweep_forget(struct sweep *s, const struct task *t);
