// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "task_list.h"

#define FIRST_CAP 32

void task_list_add(struct task_list *l, struct task *t)
{
	if (l->n == l->cap) {
		l->cap = l->cap ? 2 * l->cap : FIRST_CAP;
		l->at = mem_realloc(l->at, l->cap * sizeof(struct task *));
	}
	l->at[l->n++] = t;
}

void task_list_remove(struct task_list *l, size_t i, size_t n)
{
	memmove(l->at + i, l->at + i + n, (l->n - i - n) * sizeof(struct task *));
	l->n -= n;
}

void task_list_done(struct task_list *l)
{
	free(l->at);
	*l = (struct task_list){0};
}
