// SPDX-License-Identifier: Apache-2.0
#pragma once
/* What a call brought becomes a page for the store, or trouble. Each function says with which step the task
 * goes on. */
#include "base/base.h"
#include "task.h"

enum task_step answer_read(struct task *t, const struct http_response *res);
/* There is no further parent: the walk ends without a call. */
enum task_step answer_over(struct task *t);
/* There was no complete answer. */
enum task_step answer_missing(struct task *t, const struct err *err);
/* The page, which is the store's from now on; the walk goes on from its cursor before it is stored. */
enum task_step answer_store(struct task *t, struct rows *rows);
