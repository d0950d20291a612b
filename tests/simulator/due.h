// SPDX-License-Identifier: Apache-2.0
#pragma once
/* What is due when: a binary heap of embedded items. */
#include "base/base.h"

#define DUE_NOT SIZE_MAX

struct due {
	int64_t at_ms; /* monotonic */
	size_t place;  /* in the heap; DUE_NOT: not in it */
};

struct due_heap {
	struct due **items;
	size_t n;
	size_t cap;
};

void due_add(struct due_heap *heap, struct due *item, int64_t at_ms);
/* Does nothing when the item is not in the heap. */
void due_remove(struct due_heap *heap, struct due *item);
/* The earliest, or NULL. */
struct due *due_first(const struct due_heap *heap);
void due_done(struct due_heap *heap);
