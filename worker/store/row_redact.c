// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "row_redact.h"

#include "base/slice.h"

struct row_redaction {
	struct slice_plan *plan;
	struct slice *found;
	struct str *places; /* by position, without places inside of others */
	size_t npaths;
	size_t nplaces;
};

struct row_redaction *row_redaction_new(const char *const *paths, size_t n)
{
	struct row_redaction *r = mem_zalloc(sizeof *r);

	r->plan = slice_plan_new(NULL, NULL, 0, paths, n);
	r->found = mem_array(n, sizeof *r->found);
	r->places = mem_array(n, sizeof *r->places);
	r->npaths = n;
	return r;
}

void row_redaction_free(struct row_redaction *r)
{
	if (!r)
		return;
	slice_plan_free(r->plan);
	free(r->found);
	free(r->places);
	free(r);
}

static int compare_places(const void *a, const void *b)
{
	const struct str *x = a;
	const struct str *y = b;

	if (x->p != y->p)
		return x->p < y->p ? -1 : 1;
	return x->n > y->n ? -1 : x->n < y->n;
}

static bool str_inside(struct str part, struct str whole)
{
	return part.p >= whole.p && part.p + part.n <= whole.p + whole.n;
}

enum rc row_redaction_find(struct row_redaction *r, struct str record)
{
	enum rc rc = slice_page(r->plan, record, r->found, NULL, NULL, NULL);
	size_t n = 0;
	size_t kept = 0;

	if (rc != RC_OK)
		return rc;
	for (size_t i = 0; i < r->npaths; i++)
		if (r->found[i].kind > SLICE_NULL)
			r->places[n++] = slice_text(r->found[i]);
	qsort(r->places, n, sizeof *r->places, compare_places);
	for (size_t i = 0; i < n; i++)
		if (!kept || !str_inside(r->places[i], r->places[kept - 1]))
			r->places[kept++] = r->places[i];
	r->nplaces = kept;
	return RC_OK;
}

size_t row_redaction_growth(const struct row_redaction *r)
{
	return r->nplaces * (sizeof REDACTED - 1);
}

bool row_redaction_covers(const struct row_redaction *r, struct str part)
{
	for (size_t i = 0; i < r->nplaces; i++)
		if (str_inside(part, r->places[i]))
			return true;
	return false;
}

static char *copy_bytes(char *to, const char *p, size_t n)
{
	memcpy(to, p, n);
	return to + n;
}

char *row_redaction_copy(const struct row_redaction *r, struct str part, char *to)
{
	const char *p = part.p;

	for (size_t i = 0; i < r->nplaces; i++) {
		struct str place = r->places[i];

		if (!str_inside(place, part))
			continue;
		to = copy_bytes(to, p, (size_t)(place.p - p));
		to = copy_bytes(to, REDACTED, sizeof REDACTED - 1);
		p = place.p + place.n;
	}
	return copy_bytes(to, p, (size_t)(part.p + part.n - p));
}
