// SPDX-License-Identifier: Apache-2.0
#pragma once
/*
 * Gives tasks' rows back when a slice ends without the end of its walk: to the queue, to wait, or failed.
 * Whatever settles in one turn of the loop goes in one transaction; a lost session tries again.
 */
#include "base/base.h"

struct settle;
struct task;
struct worker;

struct settle *settle_new(struct worker *w);
/* Accepts NULL. */
void settle_free(struct settle *s);
/* Takes a task whose outcome is filled in; it hears by task_settled. */
void settle_add(struct settle *s, struct task *t);
/* The control session is up again. */
void settle_retry(struct settle *s);
