// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "row_redact.h"

#include "base/slice.h"

/* Paths from one place on, and those that go on below it in every element of a list. */
struct branch {
	struct slice_plan *plan; /* of the paths that end, then of the lists */
	size_t nends;
	size_t nlists;
	struct branch *lists; /* what is looked for in the elements */
	struct slice *found;  /* by the plan's paths */
};

struct row_redaction {
	struct branch root;
	struct slice_plan *elements; /* of any list */
	struct str *places;          /* by position, without places inside of others */
	size_t nplaces;
	size_t room;
};

/* Where the path leaves a list for its elements, or NULL: "a.*.b" goes on with "b" in those of "a". */
static const char *behind_star(const char *path, size_t *ret_list_n)
{
	const char *p = path;

	while (*p) {
		size_t n = strcspn(p, ".");

		if (n == 1 && *p == '*') {
			*ret_list_n = p > path ? (size_t)(p - path) - 1 : 0;
			return p[1] ? p + 2 : "";
		}
		p += n + (p[n] == '.');
	}
	return NULL;
}

static void branch_init(struct branch *b, const char *const *paths, size_t n)
{
	AUTO(mem_free_ptr) char **wanted = mem_array(n + 1, sizeof *wanted);
	size_t lists = 0;

	b->found = mem_array(n + 1, sizeof *b->found);
	b->lists = mem_array(n + 1, sizeof *b->lists);
	for (size_t i = 0; i < n; i++) {
		size_t list_n;

		if (!behind_star(paths[i], &list_n))
			wanted[b->nends++] = mem_strdup(paths[i]);
	}
	for (size_t i = 0; i < n; i++) {
		size_t list_n;
		const char *rest = behind_star(paths[i], &list_n);

		if (!rest)
			continue;
		wanted[b->nends + lists] = mem_strndup(paths[i], list_n);
		branch_init(&b->lists[lists++], &rest, 1);
	}
	b->nlists = lists;
	b->plan = slice_plan_new(NULL, NULL, 0, (const char *const *)wanted, n);
	for (size_t i = 0; i < n; i++)
		free(wanted[i]);
}

static void branch_done(struct branch *b)
{
	for (size_t i = 0; i < b->nlists; i++)
		branch_done(&b->lists[i]);
	free(b->lists);
	free(b->found);
	slice_plan_free(b->plan);
}

struct row_redaction *row_redaction_new(const char *const *paths, size_t n)
{
	struct row_redaction *r = mem_zalloc(sizeof *r);

	branch_init(&r->root, paths, n);
	r->elements = slice_plan_new("", NULL, 0, NULL, 0);
	return r;
}

void row_redaction_free(struct row_redaction *r)
{
	if (!r)
		return;
	branch_done(&r->root);
	slice_plan_free(r->elements);
	free(r->places);
	free(r);
}

static void add_place(struct row_redaction *r, struct str place)
{
	if (r->nplaces == r->room) {
		r->room = MAX(r->room * 2, (size_t)8);
		r->places = mem_realloc(r->places, r->room * sizeof *r->places);
	}
	r->places[r->nplaces++] = place;
}

struct search {
	struct row_redaction *redaction;
	struct branch *branch;
};

static enum rc find_in(struct search *s, struct str text);

static enum rc find_in_element(void *user, struct str raw, const struct slice *fields)
{
	(void)fields;
	return find_in(user, raw);
}

/* One that is no list, where a list is expected, is looked into as an element. */
static enum rc find_in_list(struct row_redaction *r, struct branch *elements, struct slice list)
{
	struct search s = {r, elements};

	if (list.kind == SLICE_ARRAY)
		return slice_page(r->elements, slice_text(list), NULL, find_in_element, &s, NULL);
	return list.kind == SLICE_OBJECT ? find_in(&s, slice_text(list)) : RC_OK;
}

static enum rc find_in(struct search *s, struct str text)
{
	struct branch *b = s->branch;
	enum rc rc = slice_page(b->plan, text, b->found, NULL, NULL, NULL);

	for (size_t i = 0; i < b->nends && rc == RC_OK; i++)
		if (b->found[i].kind > SLICE_NULL)
			add_place(s->redaction, slice_text(b->found[i]));
	for (size_t i = 0; i < b->nlists && rc == RC_OK; i++)
		rc = find_in_list(s->redaction, &b->lists[i], b->found[b->nends + i]);
	return rc;
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
	struct search s = {r, &r->root};
	size_t kept = 0;

	r->nplaces = 0;
	enum rc rc = find_in(&s, record);
	if (rc != RC_OK)
		return rc;
	if (r->nplaces)
		qsort(r->places, r->nplaces, sizeof *r->places, compare_places);
	for (size_t i = 0; i < r->nplaces; i++)
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
