// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "base/clock.h"
#include "declared.h"
#include "verdict.h"

#include <xxhash.h>

/* A page being read. */
struct reading {
	const struct walk *walk;
	const struct resource *resource;
	const struct listing *list;
	struct position *position; /* before the page; moved on at its end */
	provider_record_fn *record;
	void *user;
	struct page *page;
	uint64_t signature; /* of the first record; 0: none yet */
	int64_t max_us;     /* of the watermark's field */
};

void page_done(struct page *p)
{
	buf_done(&p->cursor);
}

/* ---- loops ---- */

/* 0: the record has no identity to know it by. */
static uint64_t signature_of(const struct slice *fields, size_t n)
{
	uint64_t h = 1;
	for (size_t i = 0; i < n; i++) {
		if (fields[i].kind == SLICE_ABSENT || fields[i].kind == SLICE_NULL)
			return 0;
		h = XXH3_64bits_withSeed(fields[i].p, fields[i].n, h + i);
	}
	return h;
}

static bool repeats(const struct position *p, uint64_t signature)
{
	return signature && (signature == p->last || signature == p->anchor);
}

static void remember(struct position *p, uint64_t signature)
{
	p->last = signature;
	p->pages++;
	if ((p->pages & (p->pages - 1)) == 0)
		p->anchor = signature;
}

/* ---- records ---- */

static bool slice_time(const struct column *c, const struct slice *s, int64_t *ret)
{
	int64_t n;
	if (s->kind != SLICE_STRING && s->kind != SLICE_NUMBER)
		return false;
	if (c->time == TIME_RFC3339 || c->time == TIME_NAIVE_UTC)
		return clock_parse(slice_str(*s), c->time == TIME_NAIVE_UTC, ret);
	if (!str_to_i64(slice_str(*s), &n) || n < 0 || n > INT64_MAX / US_PER_S)
		return false;
	*ret = n * (c->time == TIME_EPOCH_S ? US_PER_S : 1000);
	return true;
}

static enum rc begin_records(struct reading *r, const struct slice *fields)
{
	r->signature = signature_of(fields, r->list->id->n);
	if (!r->list->paging->guard || !repeats(r->position, r->signature))
		return RC_OK;
	struct str id = slice_str(fields[0]);
	verdict_set(&r->page->verdict, VERDICT_STALLED,
	    "page %" PRId64 " begins with the record of an earlier page again (%.*s)", r->position->pages + 1,
	    (int)MIN(id.n, 64), id.p ? id.p : "");
	return RC_INVALID;
}

static enum rc hand_over_deletion(struct reading *r, struct str raw, const struct slice *fields)
{
	struct slice given[ID_PARTS_MAX + 1] = {0};
	size_t n = r->list->id->n;
	memcpy(given, fields, (n + (r->resource->deletion.time != NULL)) * sizeof *fields);
	return r->record(r->user, raw, given);
}

static enum rc on_record(void *user, struct str raw, const struct slice *fields)
{
	struct reading *r = user;
	const struct resource *res = r->resource;
	if (!r->page->records++) {
		enum rc rc = begin_records(r, fields);
		if (rc)
			return rc;
	}
	if (r->position->phase == PHASE_DELETED)
		return hand_over_deletion(r, raw, fields);
	int64_t us;
	int at = res->watermark_column;
	if (at >= 0 && slice_time(&res->columns.at[at], &fields[res->id.n + (size_t)at], &us))
		r->max_us = MAX(r->max_us, us);
	return r->record(r->user, raw, fields);
}

/* ---- the envelope ---- */

static const struct slice *envelope_at(
    const struct reading *r, const struct slice *envelope, enum envelope which)
{
	static const struct slice absent = {.kind = SLICE_ABSENT};
	int at = r->list->envelope[which];
	return at < 0 ? &absent : &envelope[at];
}

static int64_t envelope_number(const struct slice *s)
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

/* ---- the end of a page ---- */

static bool stop_rule(const struct reading *r, const struct slice *envelope)
{
	const struct paging *paging = r->list->paging;
	size_t n = r->page->records;
	switch (paging->stop) {
	case STOP_SHORT_PAGE:
		return (int64_t)n < paging->size;
	case STOP_EMPTY_PAGE:
		return n == 0;
	case STOP_MORE_FLAG:
		return !envelope_flag(envelope_at(r, envelope, ENVELOPE_MORE));
	case STOP_TOTAL:
		return r->page->total >= 0 && r->position->seen >= r->page->total;
	case STOP_CURSOR:
	case STOP_UNSET:
		break;
	}
	return false;
}

/* Moves the position on by counting. */
static bool turn_counted(struct reading *r, const struct slice *envelope)
{
	r->position->offset += (int64_t)r->page->records;
	r->position->number++;
	return r->page->records == 0 || stop_rule(r, envelope);
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
	buf_clear(&pos->next);
	buf_add_str(&pos->next, buf_str(&next));
	return stop || !next.n;
}

static bool turn(struct reading *r, const struct http_response *res, const struct slice *envelope)
{
	switch (r->list->paging->strategy) {
	case PAGING_NONE:
		return true;
	case PAGING_OFFSET:
	case PAGING_PAGE:
		return turn_counted(r, envelope);
	default:
		return turn_by_cursor(r, res, envelope);
	}
}

static int64_t held_back(const struct reading *r, int64_t us)
{
	int64_t limit = r->position->started_us - r->resource->incremental.holdback_s * US_PER_S;
	return MAX(MIN(us, limit), 0);
}

/* What the next incremental walk begins with; 0: nothing new is known. */
static int64_t final_watermark(const struct reading *r)
{
	const struct incremental *inc = &r->resource->incremental;
	if (!inc->on)
		return 0;
	switch (inc->watermark) {
	case WATERMARK_WALK_START:
		return held_back(r, r->position->started_us);
	case WATERMARK_MAX_FIELD:
	case WATERMARK_ENVELOPE:
		return r->position->mark_us ? held_back(r, r->position->mark_us) : 0;
	case WATERMARK_TOKEN:
		break;
	}
	return 0;
}

static void gather_watermark(struct reading *r, const struct slice *envelope)
{
	static const struct column instant = {.time = TIME_NAIVE_UTC};
	struct position *pos = r->position;
	int64_t us;
	pos->mark_us = MAX(pos->mark_us, r->max_us);
	/* The first page's: what later pages add may have been missed by earlier ones. */
	if (r->resource->incremental.watermark == WATERMARK_ENVELOPE && !pos->mark_us &&
	    slice_time(&instant, envelope_at(r, envelope, ENVELOPE_WATERMARK), &us))
		pos->mark_us = us;
}

/* Writes where the next page begins, or ends the walk when the last list has come to its `end`. */
static void go_on(struct reading *r, bool end)
{
	struct page *page = r->page;
	page->last = end && !walk_next_phase(r->walk, r->position);
	if (page->last)
		page->watermark_us = final_watermark(r);
	else
		cursor_write(r->position, r->resource->fingerprint, &page->cursor);
}

static void end_page(struct reading *r, const struct http_response *res, const struct slice *envelope)
{
	struct position *pos = r->position;
	struct page *page = r->page;
	const struct paging *paging = r->list->paging;
	if (pos->phase == PHASE_RECORDS)
		page->total = envelope_number(envelope_at(r, envelope, ENVELOPE_TOTAL));
	pos->seen += (int64_t)page->records;
	gather_watermark(r, envelope);
	bool end = turn(r, res, envelope);
	if (page->verdict.class)
		return;
	uint64_t signature = r->signature;
	if (!signature && pos->next.n)
		signature = XXH3_64bits(pos->next.p, pos->next.n) | 1;
	if (!r->signature && !end && repeats(pos, signature)) {
		verdict_set(&page->verdict, VERDICT_STALLED, "the cursors go round in a circle");
		return;
	}
	if (!end && paging->cap && pos->seen >= paging->cap) {
		verdict_set(&page->verdict, VERDICT_CAP,
		    "the provider shows no more than %" PRId64 " records", paging->cap);
		return;
	}
	remember(pos, signature);
	go_on(r, end);
}

/* ---- a page ---- */

static void read_records(struct reading *r, const struct http_response *res)
{
	struct err err = {0};
	struct slice envelope[ENVELOPE_COUNT];
	struct str body = res->body ? buf_str(res->body) : STR("");
	enum rc rc = slice_page(r->list->plan, body, envelope, on_record, r, &err);
	if (r->page->verdict.class)
		return;
	if (rc)
		verdict_set(&r->page->verdict, VERDICT_PERMANENT, "HTTP %d, but the body cannot be read: %s",
		    res->status, err.text[0] ? err.text : "a record was refused");
	else
		end_page(r, res, envelope);
}

/* An answer without records that ends the list. */
static void end_empty(struct reading *r)
{
	r->page->verdict.class = VERDICT_OK;
	go_on(r, true);
}

void provider_page(const struct walk *w, const struct http_response *res, provider_record_fn *record,
    void *user, struct page *ret)
{
	struct position pos;
	struct err err = {0};
	struct reading r = {w, w->resource, NULL, &pos, record, user, ret, 0, 0};
	ret->cursor.max = CURSOR_TEXT_MAX;
	buf_clear(&ret->cursor);
	*ret = (struct page){.cursor = ret->cursor, .total = -1};
	position_init(&pos);
	if (walk_position(w, &pos, &err)) {
		verdict_set(&ret->verdict, VERDICT_CURSOR, "%s", err.text);
		position_done(&pos);
		return;
	}
	r.list = walk_list(w, &pos);
	struct answer answer = {res, w->resource, pos.next.n != 0, w->now_us};
	verdict_of(&answer, &ret->verdict);
	if (ret->verdict.class == VERDICT_EMPTY)
		end_empty(&r);
	else if (ret->verdict.class == VERDICT_OK)
		read_records(&r, res);
	if (!buf_ok(&ret->cursor) && ret->verdict.class == VERDICT_OK)
		verdict_set(
		    &ret->verdict, VERDICT_PERMANENT, "the cursor is longer than %u bytes", CURSOR_TEXT_MAX);
	position_done(&pos);
}
