// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "repeats.h"

#include "rows.h"

#include <xxhash.h>

/* A set of ids, by open addressing: at most half full. Its slices point into pages. */
struct seen {
	struct str *slot;
	size_t mask;
};

static void seen_init(struct seen *s, size_t n)
{
	size_t cap = 16;

	while (cap < 2 * n)
		cap *= 2;
	s->slot = mem_array(cap, sizeof *s->slot);
	s->mask = cap - 1;
}

/* Adds it; true when it was there. */
static bool seen_before(struct seen *s, struct str id)
{
	size_t at = XXH3_64bits(id.p, id.n) & s->mask;

	for (; s->slot[at].p; at = (at + 1) & s->mask) {
		if (str_eq(s->slot[at], id))
			return true;
	}
	s->slot[at] = id;
	return false;
}

/* Any order of ids would do: in this one numbers written as texts ascend too. */
static int id_order(struct str a, struct str b)
{
	if (a.n != b.n)
		return a.n < b.n ? -1 : 1;
	return memcmp(a.p, b.p, a.n);
}

/* Whether ids only ascend, or only descend, so that none can come twice. */
static bool in_order(const struct rows *first, const struct rows *last)
{
	struct str before = {NULL, 0};
	int way = 0;

	for (const struct rows *r = first; r; r = rows_next(r, last)) {
		if (r->nbad || (r->ngone && !r->gone[0].fed))
			return false;
		for (size_t i = 0; i < r->n; i++) {
			struct str id = rows_id(r, i);
			int order = before.p ? id_order(before, id) : way;

			if (before.p && (order == 0 || (way && (order < 0) != (way < 0))))
				return false;
			way = order;
			before = id;
		}
	}
	return true;
}

static void mark_bad(struct bad_record *bad, struct seen *seen)
{
	if (bad->id.n && seen_before(seen, buf_str(&bad->id)))
		bad->repeated = true;
}

/* What a feed says is judged by what the whole walk has shown. */
static void mark_gone(struct rows *r, size_t i, struct seen *seen)
{
	if (!r->gone[i].fed && seen_before(seen, rows_gone_id(r, i)))
		r->gone[i].id_n = 0;
}

/* Notes a page's ids from its end to its beginning; what is repeated behind is marked: no bytes, or
 * `repeated`. */
static void mark_repeats(struct rows *r, struct seen *seen)
{
	size_t bad = r->nbad;
	size_t gone = r->ngone;

	for (size_t i = r->n + 1; i-- > 0;) {
		for (; bad > 0 && r->bad[bad - 1].at >= i; bad--)
			mark_bad(&r->bad[bad - 1], seen);
		for (; gone > 0 && r->gone[gone - 1].at >= i; gone--)
			mark_gone(r, gone - 1, seen);
		if (i > 0 && seen_before(seen, rows_id(r, i - 1)))
			r->mark[i - 1].n = 0;
	}
}

/* Drops the marked tuples; returns how many. */
static size_t sweep_tuples(struct rows *r)
{
	size_t kept = 0;

	for (size_t i = 0; i < r->n; i++) {
		if (r->mark[i].n)
			r->mark[kept++] = r->mark[i];
	}
	size_t dropped = r->n - kept;
	r->n = kept;
	return dropped;
}

static void sweep_gone(struct rows *r)
{
	size_t kept = 0;

	for (size_t i = 0; i < r->ngone; i++) {
		if (r->gone[i].id_n)
			r->gone[kept++] = r->gone[i];
	}
	r->ngone = kept;
}

static void sweep_bad(struct rows *r)
{
	size_t kept = 0;

	for (size_t i = 0; i < r->nbad; i++) {
		if (r->bad[i].repeated)
			bad_record_done(&r->bad[i]);
		else
			r->bad[kept++] = r->bad[i];
	}
	r->nbad = kept;
}

void repeats_drop(struct rows *page)
{
	struct seen seen;

	if (in_order(page, page))
		return;
	seen_init(&seen, page->n + page->nbad + page->ngone);
	mark_repeats(page, &seen);
	sweep_tuples(page);
	sweep_gone(page);
	sweep_bad(page);
	free(seen.slot);
}

void repeats_drop_across(struct rows *first, struct rows *last)
{
	struct seen seen;
	size_t records = 0;
	size_t npages = 0;

	if (in_order(first, last))
		return;
	for (struct rows *r = first; r; r = rows_next(r, last), npages++)
		records += r->n + r->nbad + r->ngone;
	struct rows **page = mem_array(npages, sizeof(struct rows *));
	npages = 0;
	for (struct rows *r = first; r; r = rows_next(r, last))
		page[npages++] = r;
	seen_init(&seen, records);
	while (npages-- > 0) {
		mark_repeats(page[npages], &seen);
		page[npages]->unchanged += sweep_tuples(page[npages]);
		sweep_gone(page[npages]);
	}
	free(seen.slot);
	free(page);
}
