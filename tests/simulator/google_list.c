// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "google.h"

#include <xxhash.h>

#define TOKEN_TEXT 56

/* Where a page token leads: behind what was shown, whatever came and went, in one list with its parameters.
 */
struct page_token {
	uint64_t bound;  /* hash of everything that must not change */
	uint64_t key;    /* of the first that may be on the page */
	uint64_t since;  /* only what changed after it */
	uint64_t until;  /* what the list as a whole reaches up to */
	uint64_t number; /* of the page, so that no two tokens are the same */
};

static uint64_t bound_of(const struct exchange *ex)
{
	struct str rest = ex->req.query;
	uint64_t h = XXH3_64bits_withSeed(ex->req.path.p, ex->req.path.n, ex->account->salt);

	while (rest.n) {
		struct str one = str_cut(&rest, '&');

		if (!str_starts(one, STR("pageToken=")) && !str_starts(one, STR("maxResults=")))
			h ^= XXH3_64bits(one.p, one.n);
	}
	return h;
}

static void token_write(const struct page_token *t, struct buf *ret)
{
	buf_printf(ret, "%016" PRIx64 "%08" PRIx64 "%012" PRIx64 "%012" PRIx64 "%08" PRIx64, t->bound, t->key,
	    t->since, t->until, t->number);
}

static bool hex_read(const char **at, size_t n, uint64_t *ret)
{
	uint64_t value = 0;

	for (size_t k = 0; k < n; k++) {
		int digit = hex_digit((*at)[k]);

		if (digit < 0)
			return false;
		value = value << 4 | (uint64_t)digit;
	}
	*at += n;
	*ret = value;
	return true;
}

static bool token_read(const char *text, struct page_token *ret)
{
	return strlen(text) == TOKEN_TEXT && hex_read(&text, 16, &ret->bound) &&
	       hex_read(&text, 8, &ret->key) && hex_read(&text, 12, &ret->since) &&
	       hex_read(&text, 12, &ret->until) && hex_read(&text, 8, &ret->number);
}

void google_list_add(struct google_list *list, uint32_t at)
{
	if (list->n == list->cap) {
		list->cap = list->cap ? 2 * list->cap : 64;
		list->at = mem_realloc(list->at, list->cap * sizeof *list->at);
	}
	list->at[list->n++] = at;
}

static uint64_t position_of(const struct google_list *list, uint64_t key)
{
	size_t k = 0;

	while (k < list->n && (list->falling ? list->at[k] > key : list->at[k] < key))
		k++;
	return k;
}

bool google_list_begin(
    struct simulator *sim, struct exchange *ex, google_collect *collect, int64_t size, int64_t size_max)
{
	struct page_token t = {0};
	struct google_list list = {0};
	char text[PARAM_MAX];

	if (!request_number(ex->req.query, "maxResults", 1, INT32_MAX, &size)) {
		google_fail(sim, ex, 400, "invalidParameter", "Invalid value for maxResults");
		return false;
	}
	ex->window.limit = (uint64_t)MIN(size, size_max); /* more is not refused, but not given either */
	bool later = request_param(ex->req.query, "pageToken", text) && text[0];
	if (later && (!token_read(text, &t) || t.bound != bound_of(ex))) {
		google_fail(sim, ex, 400, "invalidArgument", "Invalid pageToken");
		return false;
	}
	if (later) {
		ex->window.since = t.since;
		ex->window.until = t.until;
	}
	ex->window.number = t.number;
	collect(sim, ex, &list);
	ex->window.key = later ? t.key : list.falling ? UINT32_MAX : 0;
	ex->window.start = position_of(&list, ex->window.key);
	free(list.at);
	return true;
}

static void next_write(
    const struct exchange *ex, const struct google_list *list, uint64_t next, struct buf *ret)
{
	const struct window *w = &ex->window;
	struct page_token t = {
	    .bound = bound_of(ex), .since = w->since, .until = w->until, .number = w->number + 1};

	buf_clear(ret);
	if (next >= list->n && !w->loop)
		return;
	t.key = next < list->n ? list->at[next] : list->n ? list->at[0] : 0;
	if (w->loop)
		t.number = w->number; /* a cursor that leads back is the very same */
	token_write(&t, ret);
}

static size_t records_write(struct simulator *sim, struct exchange *ex, const struct google_list *list,
    uint64_t from, uint64_t to, google_write *write)
{
	const struct window *w = &ex->window;
	uint64_t first = from - MIN(from, w->overlap);
	uint64_t n = to - first;
	uint64_t again = MIN(w->again, n);

	if (w->empty)
		return 0;
	for (uint64_t k = 0; k < n + again; k++) {
		uint64_t at = k < n ? k : k - again;

		if (k)
			buf_add_char(&sim->body, ',');
		write(ex, list->at[w->backwards ? to - 1 - at : first + at], &sim->body);
	}
	sim->traffic.count.records += n + again;
	return n + again;
}

/* Those that were shown are gone, so that what comes next does not find them. */
static void rows_vanish(struct exchange *ex, const struct google_list *list, uint64_t from, uint64_t to)
{
	for (uint64_t k = from; k < MIN(to, from + ex->window.vanish); k++)
		resource_remove(ex->account, ex->resource, list->at[k]);
}

size_t google_list_page(struct simulator *sim, struct exchange *ex, google_collect *collect,
    google_write *write, struct buf *next)
{
	struct window *w = &ex->window;
	struct google_list list = {0};

	google_of(sim, ex->account);
	collect(sim, ex, &list);
	if (w->start == w->asked)
		w->start = w->asked = position_of(&list, w->key);
	uint64_t from = MIN(w->start, list.n);
	uint64_t to = MIN(list.n, from + w->limit);
	uint64_t follows = w->empty ? w->asked : w->asked + w->limit;

	if (w->loop)
		follows = w->loop_to < 0 ? w->start : (uint64_t)w->loop_to;
	size_t n = records_write(sim, ex, &list, from, to, write);
	next_write(ex, &list, follows, next);
	rows_vanish(ex, &list, from, to);
	free(list.at);
	return n;
}
