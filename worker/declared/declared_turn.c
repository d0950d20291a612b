// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "declared_page.h"
#include "verdict.h"

/* ---- the envelope ---- */

const struct slice *envelope_at(const struct reading *r, const struct slice *envelope, enum envelope which)
{
	static const struct slice absent = {.kind = SLICE_ABSENT};
	int at = r->list->envelope[which];
	return at < 0 ? &absent : &envelope[at];
}

int64_t envelope_number(const struct slice *s)
{
	int64_t v;
	bool text = s->kind == SLICE_NUMBER || s->kind == SLICE_STRING;
	return text && str_to_i64(slice_str(*s), &v) && v >= 0 ? v : -1;
}

/* Providers write flags as true, 1 and "true". */
static bool envelope_flag(const struct slice *s)
{
	if (s->kind == SLICE_TRUE)
		return true;
	struct str text = slice_str(*s);
	return (s->kind == SLICE_STRING || s->kind == SLICE_NUMBER) &&
	       (str_is(text, "true") || str_is(text, "1"));
}

/* The target of rel="next" in a Link header (RFC 8288), or p NULL. */
static struct str link_next(struct str header)
{
	while (header.n) {
		const char *open = memchr(header.p, '<', header.n);
		const char *close = open ? memchr(open, '>', header.n - (size_t)(open - header.p)) : NULL;
		if (!close)
			break;
		struct str target = {open + 1, (size_t)(close - open) - 1};
		struct str rest = {close + 1, header.n - (size_t)(close + 1 - header.p)};
		const char *end = memchr(rest.p, '<', rest.n);
		struct str params = {rest.p, end ? (size_t)(end - rest.p) : rest.n};
		if (memmem(params.p, params.n, "rel=\"next\"", 10) ||
		    memmem(params.p, params.n, "rel=next", 8))
			return target;
		header = (struct str){params.p + params.n, rest.n - params.n};
	}
	return (struct str){0};
}

/* Where the next page begins, as the provider says it; empty: it does not. False: what it says is of no use.
 */
static bool read_next(
    const struct reading *r, const struct http_response *res, const struct slice *s, struct buf *out)
{
	const struct paging *paging = r->list->paging;
	buf_clear(out);
	if (paging->next_header) {
		struct str header = http_response_header(res, paging->next_header);
		bool link = str_eq_nocase(str_of(paging->next_header), STR("Link"));
		struct str value = link && header.p ? link_next(header) : header;
		buf_add(out, value.p ? value.p : "", value.p ? value.n : 0);
		return buf_ok(out);
	}
	if (s->kind == SLICE_NUMBER)
		buf_add_str(out, slice_str(*s));
	else if (s->kind == SLICE_STRING && slice_unescape(*s, out))
		return false;
	return buf_ok(out) && s->kind != SLICE_ARRAY && s->kind != SLICE_OBJECT && s->kind != SLICE_TRUE;
}

/* ---- the way on ---- */

bool key_add(const struct slice *s, struct buf *out)
{
	size_t n = out->n;
	if (s->kind == SLICE_NUMBER)
		buf_add_str(out, slice_str(*s));
	else if (s->kind == SLICE_STRING && slice_unescape(*s, out))
		return false;
	return buf_ok(out) && out->n > n;
}

/* Pages may be shorter than asked for, and rows may come twice: neither the records nor the pages alone tell.
 */
static bool total_reached(const struct reading *r)
{
	const struct paging *paging = r->list->paging;
	const struct position *pos = r->position;
	int64_t total = r->page->total;
	int64_t passed = pos->seen;
	if (total < 0)
		return false;
	if (paging->strategy == PAGING_OFFSET)
		passed = pos->offset - paging->first;
	else if (paging->strategy == PAGING_PAGE && paging->size)
		passed = (pos->number - paging->first) * paging->size;
	return passed >= total && (pos->seen >= total || !r->n);
}

static bool stop_rule(const struct reading *r, const struct slice *envelope)
{
	const struct paging *paging = r->list->paging;
	size_t n = r->n;
	switch (paging->stop) {
	case STOP_SHORT_PAGE:
		return (int64_t)n < paging->size;
	case STOP_EMPTY_PAGE:
		return n == 0;
	case STOP_MORE_FLAG:
		return !envelope_flag(envelope_at(r, envelope, ENVELOPE_MORE));
	case STOP_TOTAL:
		return total_reached(r);
	case STOP_CURSOR:
	case STOP_UNSET:
		break;
	}
	return false;
}

/* A page without records is the last one, unless the answer says that there are more. */
static bool empty_is_last(const struct reading *r)
{
	enum paging_stop stop = r->list->paging->stop;
	return !r->n && stop != STOP_MORE_FLAG && (stop != STOP_TOTAL || r->page->total < 0);
}

/*
 * Moves the position on by counting. More records than were asked for are some that came twice, or a limit
 * that is ignored: the next page then begins where it would have anyway, so that none is missed.
 */
static bool turn_counted(struct reading *r, const struct slice *envelope)
{
	int64_t n = (int64_t)r->n;
	int64_t size = r->list->paging->size;
	r->position->offset += size && (n == 0 || n > size) ? size : n;
	r->position->number++;
	return empty_is_last(r) || stop_rule(r, envelope);
}

/* Moves the position to the cursor that came with the page. */
static bool turn_by_cursor(struct reading *r, const struct http_response *res, const struct slice *envelope)
{
	struct position *pos = r->position;
	struct verdict *verdict = &r->page->verdict;
	AUTO(buf_done) struct buf next = BUF(CURSOR_TEXT_MAX);
	if (!read_next(r, res, envelope_at(r, envelope, ENVELOPE_NEXT), &next)) {
		verdict_set(verdict, VERDICT_PERMANENT, "the next cursor is no text of a sensible length");
		return false;
	}
	bool stop = stop_rule(r, envelope);
	if (!stop && !next.n && r->list->paging->stop == STOP_MORE_FLAG) {
		verdict_set(verdict, VERDICT_STALLED, "the answer says that there is more, but not where");
		return false;
	}
	if (!stop && next.n && str_eq(buf_str(&next), buf_str(&pos->next))) {
		verdict_set(
		    verdict, VERDICT_STALLED, "the cursor does not move after page %" PRId64, pos->pages + 1);
		return false;
	}
	buf_set(&pos->next, buf_str(&next));
	return stop || !next.n;
}

/* Takes the last record's key; false: it is the one of the page before, or none. */
static bool take_key(struct reading *r)
{
	AUTO(buf_done) struct buf key = BUF(CURSOR_TEXT_MAX);
	struct buf *after = &r->position->after;
	if (!key_add(&r->key, &key) || str_eq(buf_str(&key), buf_str(after)))
		return false;
	buf_set(after, buf_str(&key));
	return true;
}

/* For the way on beyond a cap. */
static void note_key(struct reading *r)
{
	struct buf *after = &r->position->after;
	if (r->resource->key_field < 0 || !r->n)
		return;
	buf_clear(after);
	if (!key_add(&r->key, after))
		buf_clear(after);
}

static bool turn_by_key(struct reading *r, const struct slice *envelope)
{
	if (!r->n)
		return true;
	if (!take_key(r))
		verdict_set(&r->page->verdict, VERDICT_STALLED,
		    "the last record's key does not move after page %" PRId64, r->position->pages + 1);
	return !r->resource->by_keys && stop_rule(r, envelope);
}

bool page_turn(struct reading *r, const struct http_response *res, const struct slice *envelope)
{
	if (r->fetching) {
		buf_clear(&r->position->keys);
		return r->position->given;
	}
	if (r->list->paging->strategy != PAGING_KEY)
		note_key(r);
	switch (r->list->paging->strategy) {
	case PAGING_NONE:
		return true;
	case PAGING_OFFSET:
	case PAGING_PAGE:
		return turn_counted(r, envelope);
	case PAGING_KEY:
		return turn_by_key(r, envelope);
	default:
		return turn_by_cursor(r, res, envelope);
	}
}
