// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "answer.h"

#include "base/clock.h"
#include "bearings.h"
#include "breaker.h"
#include "evidence.h"
#include "figures.h"
#include "generation.h"
#include "repeats.h"
#include "row.h"
#include "rows.h"
#include "store.h"
#include "table.h"
#include "trouble.h"
#include "worker.h"

#define HELD_MS 1000 /* between batches of which parts are throttled, told nothing */

struct reading {
	struct rows *rows;
	const struct page *page;
	struct row_writer writer;
};

static enum rc record(void *user, const struct record *rec)
{
	struct reading *r = user;
	const struct page *page = r->page;

	r->writer.id = buf_str(&page->id);
	r->writer.window_us = page->slot_from_us;
	r->writer.walk = page->attempt;
	switch (rec->kind) {
	case RECORD_LIVE:
		return rows_add(r->rows, &r->writer, rec->raw, rec->fields);
	case RECORD_GONE:
	case RECORD_FED:
		return rows_add_gone(r->rows, &r->writer, rec);
	case RECORD_BAD:
		return rows_add_refused(r->rows, &r->writer, rec);
	}
	return RC_INVALID;
}

enum task_step answer_store(struct task *t, struct rows *rows)
{
	struct worker *w = t->worker;

	rows->number = t->page++;
	buf_set(&t->cursor, buf_str(&rows->cursor));
	bearings_forget(t);
	t->attempts = 0;
	evidence_clear(t->evidence);
	t->token_tried = false;
	t->slice_pages++;
	t->unstored++;
	rows->budget = rows->bytes.cap + rows->cap * sizeof *rows->mark;
	http_budget_take(w->http, rows->budget);
	bool last = rows->last;
	store_add(w->store, rows);
	return last ? TASK_DRAIN : TASK_TOKEN;
}

/* Some of what was asked for at once has to be asked for again: what keeps it back is dealt with before. */
static void hold_back(struct task *t, const struct verdict *held)
{
	int64_t ms = held->wait_ms ? held->wait_ms : HELD_MS;

	if (held->class == VERDICT_OK)
		return;
	figures_verdict(t->walk.resource, held->class);
	if (held->class == VERDICT_THROTTLED)
		limits_throttled(t->worker->limits, t, ms);
	if (held->class == VERDICT_TOKEN && t->walk.provider->auth.kind == AUTH_OAUTH2)
		t->token_expires_us = 1; /* long over */
}

static enum task_step page_read(struct task *t, struct rows *rows)
{
	struct page *page = &t->worker->page;

	rows->last = page->last;
	rows->watermark_us = page->watermark_us;
	rows->total = page->total;
	generation_mark(&t->walk, page, rows);
	buf_add_str(&rows->cursor, buf_str(&page->cursor));
	if (page->parent_done)
		rows_set_bearing(rows, buf_str(&page->parent), buf_str(&page->token), page->touched_us);
	if (rows->bearing)
		rows->bearing->whole = page->last && page->whole;
	rows->slot_from_us = page->slot_from_us;
	rows->slot_to_us = page->slot_to_us;
	rows->attempt = page->attempt;
	rows->slot_done = page->slot_done;
	t->fleeting = page->fleeting;
	figures_page(t->walk.resource, page->records);
	hold_back(t, &page->held);
	return answer_store(t, rows);
}

enum task_step answer_over(struct task *t)
{
	struct page *page = &t->worker->page;

	t->walk.cursor = buf_str(&t->cursor);
	t->walk.now_us = clock_unix_us();
	provider_over(&t->walk, page);
	return page->verdict.class == VERDICT_OK ? page_read(t, rows_new(t))
	                                         : trouble_restart(t, page->verdict.reason);
}

/* Any answer but a 5xx and its kin says that the provider works. */
static void count_call(const struct task *t, const struct verdict *v)
{
	breaker_count(t->worker->breakers, t->walk.provider, &t->connection_id, t->probe,
	    v->class == VERDICT_TRANSIENT ? v->reason : NULL);
}

enum task_step answer_read(struct task *t, const struct http_response *res)
{
	struct worker *w = t->worker;
	struct rows *rows = rows_new(t);
	struct reading reading = {
	    .rows = rows,
	    .page = &w->page,
	    .writer = {.layout = t->table->layout,
	        .connection_id = t->connection_id,
	        .tenant_id = t->tenant_id,
	        .max_bytes = (size_t)w->settings.record_max_bytes,
	        .out = &rows->bytes},
	};

	buf_reserve(&rows->bytes, res->body->n);
	provider_page(&t->walk, res, record, &reading, &w->page);
	count_call(t, &w->page.verdict);
	if (w->page.verdict.class == VERDICT_OK) {
		repeats_drop(rows);
		if (!judge_page(&t->parsed, rows, w->settings.quarantine_max_percent, w->page.verdict.reason,
		        sizeof w->page.verdict.reason))
			return page_read(t, rows);
		w->page.verdict.class = VERDICT_PERMANENT;
	}
	rows_free(rows);
	if (w->page.verdict.class != VERDICT_THROTTLED)
		evidence_take(t, res);
	return trouble_step(t, &w->page.verdict);
}

/* Too long an answer: with less in it, it may pass. */
static bool ask_less(struct task *t)
{
	AUTO(buf_done) struct buf cursor = BUF(t->cursor.max);

	t->walk.cursor = buf_str(&t->cursor);
	if (!provider_ask_less(&t->walk, &cursor) || !buf_ok(&cursor))
		return false;
	buf_set(&t->cursor, buf_str(&cursor));
	return true;
}

enum task_step answer_missing(struct task *t, const struct err *err)
{
	bool lasting = err->rc == RC_DENIED || err->rc == RC_LIMIT || err->rc == RC_INVALID;
	/* Our own ceilings were reached: that says nothing about the provider, and costs no try. */
	bool busy = err->rc == RC_BUSY;
	struct verdict v = {.class = busy ? VERDICT_THROTTLED : VERDICT_TRANSIENT};

	if (err->rc == RC_LIMIT && ask_less(t))
		return TASK_TOKEN;
	if (lasting)
		v.class = VERDICT_PERMANENT;
	str_copy(v.reason, sizeof v.reason, err->text);
	if (!busy)
		count_call(t, &v);
	evidence_take(t, NULL);
	return trouble_step(t, &v);
}
