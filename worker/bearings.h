// SPDX-License-Identifier: Apache-2.0
#pragma once
/*
 * What earlier walks have left: read when a walk of a resource that roams begins, and between two parents of
 * it. The next parent comes from its table, or from a setting of the connection that is a list.
 */
#include "base/base.h"
#include "task.h"

/* As walk_waits() in 0014_walks.sql. */
#define WAIT_FOR_PARENT "its parent's records come first"

struct bearings_text;

/* The task's next call needs them, and they are not known. */
bool bearings_are_due(struct task *t);
/* Reads them, on the control session. The task hears of it by task_bearings or task_bearings_wait.
 * RC_INVALID: the connection lacks the setting. */
enum rc bearings_read(struct task *t, struct err *err) MUST_USE;
/* They are used up: the walk has gone on. */
void bearings_forget(struct task *t);
/* A walk has ended: those that wait for its records go on. */
void bearings_wake(const struct task *t);
/* Accepts NULL. */
void bearings_free(struct bearings_text *text);
