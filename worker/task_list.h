// SPDX-License-Identifier: Apache-2.0
#pragma once
/* Tasks that wait for a transaction together. The tasks belong to others. */
#include "base/base.h"

struct task;

/* Zero-initialise; release with task_list_done. A struct copy moves it. */
struct task_list {
	struct task **at;
	size_t n;
	size_t cap;
};

void task_list_add(struct task_list *l, struct task *t);
/* Takes out `n` tasks from the i-th on; the order stays. */
void task_list_remove(struct task_list *l, size_t i, size_t n);
void task_list_done(struct task_list *l);
