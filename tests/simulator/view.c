// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "account.h"
#include "base/clock.h"

#define SHUFFLE 8 /* without an order, each full block of this many records comes backwards */

struct dated {
	int64_t updated_s;
	uint32_t i;
};

static uint64_t unordered(uint64_t k, uint64_t n)
{
	return k < n - n % SHUFFLE ? k ^ (SHUFFLE - 1) : k;
}

static int dated_compare(const void *a, const void *b)
{
	const struct dated *x = a;
	const struct dated *y = b;

	if (x->updated_s != y->updated_s)
		return x->updated_s < y->updated_s ? -1 : 1;
	return (x->i > y->i) - (x->i < y->i);
}

static bool selection_eq(const struct selection *a, const struct selection *b)
{
	return a->order == b->order && a->descending == b->descending && a->keep == b->keep &&
	       a->updated_since_us == b->updated_since_us && a->created_since_us == b->created_since_us &&
	       a->created_before_us == b->created_before_us && a->updated_before_us == b->updated_before_us &&
	       a->parents == b->parents && a->parent == b->parent;
}

/* Old records were updated in the order of their indexes, so most views need no list. */
static bool is_plain(const struct account *account, const struct resource *r, const struct selection *of)
{
	if (r->removed_n || of->keep || of->updated_since_us != INT64_MIN ||
	    of->created_since_us != INT64_MIN || of->created_before_us || of->updated_before_us ||
	    of->parents)
		return false;
	return of->order != ORDER_UPDATED || (account->revision_count == 1 && r->birth_count == 0);
}

static void view_fill(const struct account *account, const struct resource *r, struct view *view)
{
	const struct selection *of = &view->of;
	AUTO(mem_free_ptr) struct dated *found = mem_array((size_t)r->records + 1, sizeof *found);
	size_t n = 0;

	for (uint64_t k = 0; k < r->records; k++) {
		uint64_t i = of->order == ORDER_NONE ? unordered(k, r->records) : k;
		struct times t = record_times(account, r, i);

		if (!resource_lacks(r, i) && (!of->keep || of->keep(account, i)) &&
		    (!of->parents || i % of->parents == of->parent) &&
		    t.updated_s * US_PER_S >= of->updated_since_us &&
		    (!of->updated_before_us || t.updated_s * US_PER_S < of->updated_before_us) &&
		    t.created_s * US_PER_S >= of->created_since_us &&
		    (!of->created_before_us || t.created_s * US_PER_S < of->created_before_us))
			found[n++] = (struct dated){t.updated_s, (uint32_t)i};
	}
	if (of->order == ORDER_UPDATED)
		qsort(found, n, sizeof *found, dated_compare);
	view->n = n;
	view->index = mem_array(n + 1, sizeof *view->index);
	for (size_t k = 0; k < n; k++)
		view->index[k] = found[k].i;
}

const struct view *view_get(struct account *account, struct resource *resource, const struct selection *of)
{
	struct view *view;

	for (size_t i = 0; i < VIEWS_MAX; i++) {
		view = &resource->views[i];
		if (view->generation == account->generation && selection_eq(&view->of, of))
			return view;
	}
	view = &resource->views[resource->view_next++ % VIEWS_MAX];
	free(view->index);
	*view = (struct view){.of = *of, .generation = account->generation, .n = resource->records};
	if (!is_plain(account, resource, of))
		view_fill(account, resource, view);
	return view;
}

uint64_t view_at(const struct view *view, uint64_t k)
{
	if (view->of.descending)
		k = view->n - 1 - k;
	if (view->index)
		return view->index[k];
	return view->of.order == ORDER_NONE ? unordered(k, view->n) : k;
}
