// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "due.h"

static void put(struct due_heap *heap, size_t at, struct due *item)
{
	heap->items[at] = item;
	item->place = at;
}

static void sift_up(struct due_heap *heap, size_t at)
{
	struct due *item = heap->items[at];

	while (at && heap->items[(at - 1) / 2]->at_ms > item->at_ms) {
		put(heap, at, heap->items[(at - 1) / 2]);
		at = (at - 1) / 2;
	}
	put(heap, at, item);
}

static void sift_down(struct due_heap *heap, size_t at)
{
	struct due *item = heap->items[at];

	for (;;) {
		size_t child = at * 2 + 1;

		if (child + 1 < heap->n && heap->items[child + 1]->at_ms < heap->items[child]->at_ms)
			child++;
		if (child >= heap->n || heap->items[child]->at_ms >= item->at_ms)
			break;
		put(heap, at, heap->items[child]);
		at = child;
	}
	put(heap, at, item);
}

void due_add(struct due_heap *heap, struct due *item, int64_t at_ms)
{
	if (heap->n == heap->cap) {
		heap->cap = heap->cap ? heap->cap * 2 : 64;
		heap->items = mem_realloc(heap->items, heap->cap * sizeof(struct due *));
	}
	item->at_ms = at_ms;
	put(heap, heap->n++, item);
	sift_up(heap, item->place);
}

void due_remove(struct due_heap *heap, struct due *item)
{
	size_t at = item->place;

	if (at == DUE_NOT)
		return;
	item->place = DUE_NOT;
	if (at == --heap->n)
		return;
	put(heap, at, heap->items[heap->n]);
	sift_up(heap, at);
	sift_down(heap, heap->items[at]->place);
}

struct due *due_first(const struct due_heap *heap)
{
	return heap->n ? heap->items[0] : NULL;
}

void due_done(struct due_heap *heap)
{
	free(heap->items);
	*heap = (struct due_heap){0};
}
