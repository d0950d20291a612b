// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "base/clock.h"
#include "batch.h"
#include "hooks.h"
#include "sync/retry_after.h"
#include "verdict.h"

#include <xxhash.h>

#define EMPTY_PAGES_MAX 1000 /* in a row; filters that providers apply after paging leave some dozens */
#define FLEETING_S 3600      /* a task may stand so long in the queue */
#define SKEW_MAX_US (INT64_C(86400) * US_PER_S)

void page_done(struct page *p)
{
	buf_done(&p->cursor);
	buf_done(&p->parent);
	buf_done(&p->token);
	buf_done(&p->id);
}

/* ---- loops ---- */

/* 0: the record has no identity to know it by. */
static uint64_t signature_of(const struct slice *fields, size_t n)
{
	uint64_t h = n ? 1 : 0;
	for (size_t i = 0; i < n; i++) {
		if (fields[i].kind == SLICE_ABSENT || fields[i].kind == SLICE_NULL)
			return 0;
		h = XXH3_64bits_withSeed(fields[i].p, fields[i].n, h + i);
	}
	return h;
}

static bool repeats(const struct position *p, uint64_t signature)
{
	return signature && (signature == p->last || signature == p->anchor || signature == p->first);
}

static void remember(struct position *p, uint64_t signature)
{
	if (!p->pages)
		p->first = signature;
	p->last = signature;
	p->pages++;
	if ((p->pages & (p->pages - 1)) == 0)
		p->anchor = signature;
}

/* ---- records ---- */

/* Beyond the cap: identities only, which the next request asks for. */
static bool is_keys_page(const struct reading *r)
{
	return r->position->phase == PHASE_BY_KEY && r->resource->by_keys && !r->fetching;
}

/* A list of identities, whose records are got in batches. */
static bool is_index(const struct reading *r)
{
	return batch_is_declared(r->resource) && r->position->phase != PHASE_DELETED && !r->fetching;
}

/* Into a list with commas between. */
static enum rc gather(struct buf *keys, const struct slice *id)
{
	size_t start = keys->n ? keys->n + 1 : 0;
	if (keys->n)
		buf_add_char(keys, ',');
	if (!key_add(id, keys) || memchr(keys->p + start, ',', keys->n - start))
		return RC_INVALID;
	return RC_OK;
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
	return r->record(r->user, &(struct record){RECORD_FED, raw, given, NULL});
}

/* Amazon's events have no identity: where a walk has found them stands for it. */
static void place_record(struct reading *r)
{
	const struct position *pos = r->position;
	struct buf *id = &r->page->id;
	buf_clear(id);
	buf_printf(id, "%" PRId64 "/%" PRId64 "/%" PRId64 "/%zu", pos->slot_us / US_PER_S, pos->attempt,
	    pos->shown, r->n - 1);
}

static enum rc on_record(void *user, struct str raw, const struct slice *fields)
{
	struct reading *r = user;
	const struct resource *res = r->resource;
	if (r->position->phase == PHASE_CHANGES) {
		r->n++;
		return batch_change(r, raw);
	}
	if (r->position->phase == PHASE_FIELDS)
		return gather(&r->position->names, fields);
	if (r->given)
		fields = parent_fields_put(r->given, fields);
	if (res->key_field >= 0 && r->position->phase != PHASE_DELETED)
		r->key = fields[res->key_field];
	if (is_keys_page(r)) {
		r->n++;
		return gather(&r->position->keys, fields);
	}
	if (!r->n++) {
		enum rc rc = begin_records(r, fields);
		if (rc)
			return rc;
	}
	if (is_index(r))
		return batch_gather(r, fields);
	r->page->records++;
	if (res->identity == IDENTITY_POSITION)
		place_record(r);
	if (r->position->phase == PHASE_DELETED)
		return hand_over_deletion(r, raw, fields);
	reading_watermark(r, fields);
	return r->record(r->user, &(struct record){record_kind_of(res, fields), raw, fields, NULL});
}

/* ---- the end of a page ---- */

static int64_t held_back(const struct reading *r, int64_t us)
{
	const struct position *pos = r->position;
	int64_t limit = pos->started_us - pos->behind_us - r->resource->incremental.holdback_s * US_PER_S;
	return MAX(MIN(us, limit), 0);
}

/* What the next incremental walk begins with; 0: nothing new is known. */
static int64_t final_watermark(const struct reading *r)
{
	const struct incremental *inc = &r->resource->incremental;
	if (!inc->on || walk_is_bounded(r->walk))
		return 0;
	switch (inc->watermark) {
	case WATERMARK_WALK_START:
	case WATERMARK_TOKEN: /* nobody asks since then, but it says how old the token is */
		return held_back(r, r->position->started_us);
	case WATERMARK_MAX_FIELD:
		if (r->resource->window.step_s) /* of that field: nothing else is there up to here */
			return held_back(r, r->position->until_us);
		return r->position->mark_us ? held_back(r, r->position->mark_us) : 0;
	case WATERMARK_ENVELOPE:
		return r->position->mark_us ? held_back(r, r->position->mark_us) : 0;
	}
	return 0;
}

static void gather_watermark(struct reading *r, const struct slice *envelope)
{
	static const struct column instant = {.time = TIME_NAIVE_UTC};
	struct position *pos = r->position;
	int64_t us;
	pos->mark_us = MAX(pos->mark_us, r->max_us);
	/* The first page's, of each window: what later pages add may have been missed by earlier ones. */
	bool first = !pos->mark_us || (pos->window_from_us && pos->pages == 0);
	if (r->resource->incremental.watermark == WATERMARK_ENVELOPE && first &&
	    reading_time(&instant, envelope_at(r, envelope, ENVELOPE_WATERMARK), &us))
		pos->mark_us = MAX(pos->mark_us, us);
}

static void end_walk(struct reading *r)
{
	r->page->last = true;
	r->page->watermark_us = r->position->given ? 0 : final_watermark(r);
	r->page->touched_us = r->position->touched_us;
}

static void note_slot(struct reading *r, bool end)
{
	struct position *pos = r->position;
	struct page *page = r->page;
	pos->shown++;
	page->slot_done = end && window_ends_slot(r->walk, pos);
}

/* So long ago at least: the request was before the answer. */
static void note_cursor(struct reading *r)
{
	int64_t life_s = r->list->paging->cursor_life_s;
	bool issued = life_s && r->position->next.n;
	r->position->issued_us = issued ? r->walk->now_us : 0;
	r->page->fleeting = issued && life_s <= FLEETING_S;
}

static bool leaves_bearings(const struct walk *w)
{
	return w->resource->roams && !walk_is_bounded(w);
}

void page_go_on(struct reading *r, bool end)
{
	struct page *page = r->page;
	struct position *pos = r->position;
	pos->walked++;
	note_slot(r, end);
	note_cursor(r);
	bool last = end && (r->position->given || !walk_go_on(r->walk, pos));
	page->parent_done = leaves_bearings(r->walk) && (last || pos->between);
	if (page->parent_done) {
		buf_add_str(&page->parent, buf_str(&pos->parent));
		buf_add_str(&page->token, buf_str(&pos->fresh));
		buf_clear(&pos->fresh);
	}
	if (last)
		end_walk(r);
	else
		cursor_write(pos, r->resource->fingerprint, &page->cursor);
}

/* What an answer says of how many there are is about the whole walk. */
static bool is_one_list(const struct resource *res)
{
	return !res->window.step_s && !resource_has_parent(res);
}

/* Asks for less, when that is the way past a cap. A list that ends at the cap was cut, more likely than not.
 */
static bool shrink(struct reading *r)
{
	if (r->list->paging->cap_action != CAP_SHRINK_WINDOW || !window_is_wide(r->walk, r->position))
		return false;
	window_again(r->walk, r->position);
	return true;
}

static bool is_capped(const struct reading *r)
{
	const struct paging *paging = r->list->paging;
	return !r->fetching && paging->cap && r->position->seen >= paging->cap;
}

/* Of several pages the last one's counts. */
static void gather_token(struct reading *r, const struct slice *envelope)
{
	AUTO(buf_done) struct buf token = BUF(CURSOR_TEXT_MAX);
	if (!key_add(envelope_at(r, envelope, ENVELOPE_SYNC_TOKEN), &token))
		return;
	buf_set(&r->position->fresh, buf_str(&token));
}

/* What changes while the walk of everything goes on is shown by the next one. */
static void end_start(struct reading *r)
{
	if (!r->position->fresh.n) {
		verdict_set(
		    &r->page->verdict, VERDICT_PERMANENT, "the answer does not say where the history stands");
		return;
	}
	list_enter(r->walk, r->position, PHASE_RECORDS);
	page_go_on(r, false);
}

/* What the records have is known: now they are asked for. */
static void end_fields(struct reading *r)
{
	r->position->phase = PHASE_RECORDS;
	page_go_on(r, false);
}

static void end_page(struct reading *r, const struct http_response *res, const struct slice *envelope)
{
	struct position *pos = r->position;
	struct page *page = r->page;
	const struct paging *paging = r->list->paging;
	if (pos->phase == PHASE_RECORDS && is_one_list(r->resource))
		page->total = envelope_number(envelope_at(r, envelope, ENVELOPE_TOTAL));
	pos->seen += (int64_t)r->n;
	gather_watermark(r, envelope);
	gather_token(r, envelope);
	if (pos->phase == PHASE_START) {
		end_start(r);
		return;
	}
	bool keys = is_keys_page(r);
	bool end = page_turn(r, res, envelope);
	if (page->verdict.class)
		return;
	pos->empty = r->n ? 0 : pos->empty + 1;
	if (!end && pos->empty >= EMPTY_PAGES_MAX) {
		verdict_set(&page->verdict, VERDICT_STALLED,
		    "%d pages without a record, and still more to come", EMPTY_PAGES_MAX);
		return;
	}
	uint64_t signature = r->signature;
	if (!signature && pos->next.n)
		signature = XXH3_64bits(pos->next.p, pos->next.n) | 1;
	if (!r->signature && !end && repeats(pos, signature)) {
		verdict_set(&page->verdict, VERDICT_STALLED, "the cursors go round in a circle");
		return;
	}
	if (!keys)
		remember(pos, signature);
	if (is_capped(r) && shrink(r)) {
		page_go_on(r, false);
		return;
	}
	if (!end && is_capped(r) && !walk_go_beyond(r->walk, pos)) {
		verdict_set(&page->verdict, VERDICT_CAP,
		    "the provider shows no more than %" PRId64 " records", paging->cap);
		return;
	}
	pos->listed = end && pos->keys.n;
	page_go_on(r, end && !pos->keys.n);
}

/* ---- a page ---- */

/*
 * A clock behind ours gives what changes next an earlier time than ours: a watermark of our time would pass
 * it by. A clock that is off by more than a day is none.
 */
static int64_t behind_us(const struct walk *w, const struct http_response *res)
{
	int64_t date_s;
	if (!http_date_s(http_response_header(res, "Date"), &date_s))
		return 0;
	int64_t us = w->now_us + res->elapsed_ms * 1000 - date_s * US_PER_S;
	return us > 0 && us < SKEW_MAX_US ? us : 0;
}

static void read_records(struct reading *r, const struct http_response *res)
{
	struct err err = {0};
	struct slice envelope[ENVELOPE_COUNT];
	struct str body = res->body ? buf_str(res->body) : STR("");
	r->given = parent_fields_new(r);
	enum rc rc = slice_page(r->list->plan, body, envelope, on_record, r, &err);
	const struct hook *hook = hook_find(r->resource->hook);
	if (!rc && hook && hook->records)
		rc = hook->records(r->resource, body, on_record, r, &err);
	parent_fields_free(TAKE(r->given));
	if (r->page->verdict.class)
		return;
	if (rc)
		verdict_set(&r->page->verdict, VERDICT_PERMANENT, "HTTP %d, but the body cannot be read: %s",
		    res->status, err.text[0] ? err.text : "a record was refused");
	else if (r->position->phase == PHASE_FIELDS)
		end_fields(r);
	else
		end_page(r, res, envelope);
}

/* The provider refuses to show more of this list; what is beyond may be shown elsewhere. */
static void end_capped(struct reading *r)
{
	if (!walk_go_beyond(r->walk, r->position) && !shrink(r))
		return;
	r->page->verdict = (struct verdict){.class = VERDICT_OK};
	page_go_on(r, false);
}

/* The provider does not know its own cursor any more. */
static void end_dead(struct reading *r)
{
	struct position *pos = r->position;
	struct verdict *verdict = &r->page->verdict;
	if (walk_again(r->walk, pos)) {
		*verdict = (struct verdict){.class = VERDICT_OK};
		page_go_on(r, false);
	} else if (pos->tries && pos->next.n) {
		verdict->class = VERDICT_STALLED;
	}
}

/* An answer without records that ends the list. */
static void end_empty(struct reading *r)
{
	if (r->list->body == BODY_PARTS) {
		verdict_set(&r->page->verdict, VERDICT_PERMANENT, "an answer to a batch without parts");
		return;
	}
	r->page->verdict.class = VERDICT_OK;
	if (r->position->phase == PHASE_FIELDS) {
		end_fields(r);
		return;
	}
	buf_clear(&r->position->keys);
	page_go_on(r, !r->fetching || r->position->given);
}

static void page_begin(struct page *ret)
{
	buf_clear(&ret->cursor);
	buf_clear(&ret->parent);
	buf_clear(&ret->token);
	*ret = (struct page){
	    .cursor = ret->cursor, .parent = ret->parent, .token = ret->token, .id = ret->id, .total = -1};
	ret->cursor.max = ret->parent.max = ret->token.max = ret->id.max = CURSOR_TEXT_MAX;
}

static void page_of_walk(const struct walk *w, const struct position *pos, struct page *ret)
{
	if (w->resource->window.replace) {
		ret->slot_from_us = pos->slot_us;
		ret->slot_to_us = pos->slot_us + w->resource->window.step_s * US_PER_S;
		ret->attempt = pos->attempt;
	}
	ret->started_us = pos->started_us;
	ret->begins = pos->walked == 0;
	ret->whole = !pos->partial;
}

void provider_over(const struct walk *w, struct page *ret)
{
	struct position pos;
	struct err err = {0};
	struct reading r = {.walk = w, .resource = w->resource, .position = &pos, .page = ret};
	page_begin(ret);
	position_init(&pos);
	if (walk_position(w, &pos, &err)) {
		verdict_set(&ret->verdict, VERDICT_CURSOR, "%s", err.text);
	} else {
		page_of_walk(w, &pos, ret);
		ret->parent_done = leaves_bearings(w);
		end_walk(&r);
	}
	position_done(&pos);
}

void provider_page(const struct walk *w, const struct http_response *res, provider_record_fn *record,
    void *user, struct page *ret)
{
	struct position pos;
	struct err err = {0};
	struct reading r = {.walk = w,
	    .resource = w->resource,
	    .position = &pos,
	    .record = record,
	    .user = user,
	    .page = ret};
	page_begin(ret);
	buf_init(&r.gone, CURSOR_TEXT_MAX);
	position_init(&pos);
	if (walk_position(w, &pos, &err)) {
		verdict_set(&ret->verdict, VERDICT_CURSOR, "%s", err.text);
		position_done(&pos);
		return;
	}
	if (!w->cursor.n)
		pos.behind_us = behind_us(w, res);
	r.list = walk_list(w, &pos);
	r.fetching = pos.keys.n != 0 && pos.phase != PHASE_FIELDS;
	page_of_walk(w, &pos, ret);
	struct answer answer = {res, w->resource, position_sends_cursor(&pos), w->now_us};
	verdict_of(&answer, &ret->verdict);
	if (ret->verdict.class == VERDICT_EMPTY)
		end_empty(&r);
	else if (ret->verdict.class == VERDICT_CAP)
		end_capped(&r);
	else if (ret->verdict.class == VERDICT_CURSOR)
		end_dead(&r);
	else if (ret->verdict.class == VERDICT_OK && r.list->body == BODY_PARTS)
		batch_read(&r, res);
	else if (ret->verdict.class == VERDICT_OK)
		read_records(&r, res);
	if (!buf_ok(&ret->cursor) && ret->verdict.class == VERDICT_OK)
		verdict_set(
		    &ret->verdict, VERDICT_PERMANENT, "the cursor is longer than %u bytes", CURSOR_TEXT_MAX);
	buf_done(&r.gone);
	position_done(&pos);
}
