// SPDX-License-Identifier: Apache-2.0
#pragma once
/* The pages of one task that wait to be stored, in order. Embedded in the task; zero is empty. */
#include "base/base.h"

#include <sys/queue.h>

struct rows;

struct page_queue {
	struct rows *first;
	struct rows *last;
	/* Pages before these are in a load: these wait for it, since a cursor never goes back. */
	bool loading;
	TAILQ_ENTRY(page_queue) link; /* its owner's, while there are pages and none is loading */
};

TAILQ_HEAD(page_queues, page_queue);

void page_queue_push(struct page_queue *q, struct rows *rows);
struct rows *page_queue_pop(struct page_queue *q);
/* Puts a list of pages before those that wait. */
void page_queue_put_back(struct page_queue *q, struct rows *first, struct rows *last);
