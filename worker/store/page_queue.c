// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "page_queue.h"

#include "rows.h"

void page_queue_push(struct page_queue *q, struct rows *rows)
{
	rows->next = NULL;
	if (q->first)
		q->last->next = rows;
	else
		q->first = rows;
	q->last = rows;
}

struct rows *page_queue_pop(struct page_queue *q)
{
	struct rows *rows = q->first;

	q->first = rows->next;
	rows->next = NULL;
	return rows;
}

void page_queue_put_back(struct page_queue *q, struct rows *first, struct rows *last)
{
	last->next = q->first;
	if (!q->first)
		q->last = last;
	q->first = first;
}
