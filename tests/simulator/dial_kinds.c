// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "dial_kinds.h"
#include "gzip.h"

#define HUGE_BYTES (INT64_C(64) << 20)
#define RECORD_BYTES (INT64_C(2) << 20)
#define LENGTH_BYTES 100
#define DRIP_BYTES 1000
#define DRIP_MS 10

/* ---- no answer, or another one ---- */

static void throttle(struct exchange *ex, const struct dial *d)
{
	ex->answer.status = d->status ? (int)d->status : 429;
	if (ex->answer.status == ex->api->limited_status)
		ex->answer.refusal = ex->api->limited_body;
	memcpy(ex->answer.retry_after, d->retry_after, sizeof d->retry_after);
}

static void server_error(struct exchange *ex, const struct dial *d)
{
	throttle(ex, d);
	if (!d->status)
		ex->answer.status = 500;
}

static void unauthorized(struct exchange *ex, const struct dial *d)
{
	(void)d;
	ex->answer.status = ex->api->unauthorized_status;
}

static void forbidden(struct exchange *ex, const struct dial *d)
{
	(void)d;
	ex->answer.status = 403;
	ex->answer.refusal = ex->api->forbidden_body;
}

static void expire_token(struct exchange *ex, const struct dial *d)
{
	(void)d;
	ex->account->token_expired = true;
	ex->answer.status = ex->api->expired_status;
}

static void expired_cursor(struct exchange *ex, const struct dial *d)
{
	(void)d;
	ex->answer.status = ex->api->cursor_status ? ex->api->cursor_status : 410;
	ex->answer.refusal = ex->api->cursor_body ? ex->api->cursor_body : "{\"error\":\"cursor_expired\"}";
}

static void hang(struct exchange *ex, const struct dial *d)
{
	ex->answer.fate = FATE_HANG;
	ex->answer.delay_ms = d->ms ? d->ms : WAIT_FOREVER;
}

static void latency(struct exchange *ex, const struct dial *d)
{
	if (ex->answer.delay_ms != WAIT_FOREVER)
		ex->answer.delay_ms += d->ms;
}

static void cut(struct exchange *ex, const struct dial *d)
{
	(void)d;
	ex->answer.fate = FATE_CUT;
}

static void lost(struct exchange *ex, const struct dial *d)
{
	(void)d;
	ex->answer.fate = FATE_LOST;
}

static void drip(struct exchange *ex, const struct dial *d)
{
	ex->answer.fate = FATE_DRIP;
	ex->answer.drip_bytes = d->bytes > 0 ? d->bytes : DRIP_BYTES;
	ex->answer.drip_ms = d->ms ? d->ms : DRIP_MS;
}

static void wrong_length(struct exchange *ex, const struct dial *d)
{
	ex->answer.length_off = d->bytes ? d->bytes : LENGTH_BYTES;
}

/* ---- other records ---- */

static void repeated_page(struct exchange *ex, const struct dial *d)
{
	(void)d;
	ex->window.start = ex->resource->last_start;
}

static void swapped_pages(struct exchange *ex, const struct dial *d)
{
	struct window *w = &ex->window;
	uint64_t number = w->limit ? w->start / w->limit : 0;

	(void)d;
	w->start = (number ^ 1) * w->limit;
}

static void cursor_loop(struct exchange *ex, const struct dial *d)
{
	if ((int64_t)ex->window.start < d->from)
		return;
	ex->window.loop = true;
	ex->window.loop_to = d->to;
	ex->window.loop_from = d->from;
}

static void empty_page(struct exchange *ex, const struct dial *d)
{
	(void)d;
	ex->window.empty = true;
}

static void huge_page(struct exchange *ex, const struct dial *d)
{
	ex->window.limit = d->rows ? (uint64_t)d->rows : UINT32_MAX;
}

static uint64_t rows_of(const struct dial *d)
{
	return d->rows ? (uint64_t)d->rows : 1;
}

static void duplicated_rows(struct exchange *ex, const struct dial *d)
{
	ex->window.again = rows_of(d);
}

static void overlapping_page(struct exchange *ex, const struct dial *d)
{
	ex->window.overlap = rows_of(d);
}

static void reordered_rows(struct exchange *ex, const struct dial *d)
{
	(void)d;
	ex->window.backwards = true;
}

static void vanished_rows(struct exchange *ex, const struct dial *d)
{
	ex->window.vanish = rows_of(d);
}

static void missing_parts(struct exchange *ex, const struct dial *d)
{
	ex->window.missing = rows_of(d);
}

static void records_change(struct account *a, struct resource *r, int64_t share_of)
{
	struct revision revision = {
	    .number = a->revisions[a->revision_count - 1].number + 1,
	    .every = (uint32_t)MAX((int64_t)resource_count(r) / share_of, 1),
	    .changed_s = account_now_s(a),
	};
	struct err err;

	(void)!account_revise(a, &revision, &err); /* full histories stay as they are */
}

static void change(struct exchange *ex, const struct dial *d)
{
	struct resource *r = ex->resource;
	int64_t left = d->removed;
	struct err err;

	if (d->changed)
		records_change(ex->account, r, d->changed);
	for (uint64_t i = 0; left && i < r->records; i++) {
		left -= !resource_lacks(r, i);
		resource_remove(ex->account, r, i);
	}
	if (d->added)
		(void)!resource_resize(ex->account, r, r->records + (uint64_t)d->added, &err);
}

/* ---- another body ---- */

static void sized(struct exchange *ex, const struct dial *d)
{
	ex->bytes = d->bytes;
}

static void broken_json(struct simulator *sim, struct exchange *ex)
{
	(void)ex;
	sim->body.n /= 2;
}

static void html(struct simulator *sim, struct exchange *ex)
{
	ex->answer.type = "text/html; charset=utf-8";
	buf_clear(&sim->body);
	buf_add_text(&sim->body, "<!DOCTYPE html><html><body><h1>Scheduled maintenance</h1></body></html>");
}

static void huge(struct simulator *sim, struct exchange *ex)
{
	size_t n = (size_t)(ex->bytes > 0 ? ex->bytes : HUGE_BYTES);

	if (sim->body.n >= n || !buf_reserve(&sim->body, n - sim->body.n))
		return;
	memset(sim->body.p + sim->body.n, ' ', n - sim->body.n);
	sim->body.n = n;
}

static void text_put(char *at, struct str text)
{
	memcpy(at, text.p, text.n);
}

static char *body_find(struct simulator *sim, const char *key)
{
	char *at = sim->body.n && key ? memmem(sim->body.p, sim->body.n, key, strlen(key)) : NULL;

	return at ? at + strlen(key) : NULL;
}

static void null_id(struct simulator *sim, struct exchange *ex)
{
	char *at = body_find(sim, ex->api->id_key);

	if (!at)
		return;
	char *end = memchr(at, '"', sim->body.n - (size_t)(at - sim->body.p));
	if (!end)
		return;
	memset(at - 1, ' ', (size_t)(end + 2 - at));
	text_put(at - 1, STR("null"));
}

static void nul_text(struct simulator *sim, struct exchange *ex)
{
	char *at = body_find(sim, ex->api->text_key);

	if (at)
		text_put(at, STR("\\u0000"));
}

static void bad_utf8(struct simulator *sim, struct exchange *ex)
{
	char *at = body_find(sim, ex->api->text_key);

	if (at)
		text_put(at, STR("\xff"));
}

static void huge_record(struct simulator *sim, struct exchange *ex)
{
	size_t n = (size_t)(ex->bytes > 0 ? ex->bytes : RECORD_BYTES);
	const char *found = body_find(sim, ex->api->text_key);

	if (!found)
		return;
	size_t at = (size_t)(found - sim->body.p);
	if (!buf_reserve(&sim->body, n))
		return;
	memmove(sim->body.p + at + n, sim->body.p + at, sim->body.n - at);
	memset(sim->body.p + at, 'x', n);
	sim->body.n += n;
}

static void gzip(struct simulator *sim, struct exchange *ex)
{
	ex->answer.encoding = "gzip";
	gzip_pack(&sim->body, 0);
}

static void gzip_bomb(struct simulator *sim, struct exchange *ex)
{
	ex->answer.encoding = "gzip";
	gzip_pack(&sim->body, (size_t)(ex->bytes > 0 ? ex->bytes : HUGE_BYTES));
}

static void bad_gzip(struct simulator *sim, struct exchange *ex)
{
	(void)sim;
	ex->answer.encoding = "gzip";
}

const struct dial_kind DIAL_KINDS[] = {
    {"throttle", "429 (or status), with Retry-After if given", TAKES_STATUS | TAKES_RETRY_AFTER, throttle,
        NULL},
    {"server_error", "500 (or status) with an HTML body", TAKES_STATUS | TAKES_RETRY_AFTER, server_error,
        NULL},
    {"unauthorized", "401, although the token is good; at the token endpoint invalid_grant", 0, unauthorized,
        NULL},
    {"forbidden", "403, as the provider says it", 0, forbidden, NULL},
    {"expire_token", "the current access token is over, from this answer on until a refresh", 0, expire_token,
        NULL},
    {"expired_cursor", "the cursor is over, as the provider says it, or 410", 0, expired_cursor, NULL},
    {"hang", "no answer; the connection is closed after ms, or never", TAKES_MS, hang, NULL},
    {"latency", "ms more before the answer", TAKES_MS, latency, NULL},
    {"cut", "the connection is closed in the middle of the body", 0, cut, NULL},
    {"lost", "it is carried out, and the connection closed without a byte", 0, lost, NULL},
    {"drip", "the answer comes in pieces of `bytes` (1000), one every ms (10)", TAKES_MS | TAKES_BYTES, drip,
        NULL},
    {"wrong_length", "Content-Length is `bytes` (100) more than the body, or less", TAKES_BYTES, wrong_length,
        NULL},
    {"repeated_page", "the page that was served before, whatever was asked for", 0, repeated_page, NULL},
    {"swapped_pages", "the page behind it in the place of an even one, the one before in that of an odd one",
        0, swapped_pages, NULL},
    {"cursor_loop",
        "the next cursor is this page's own, or record `to`; by position: the page at `to`, or the first. "
        "With `from`, only pages that begin there or later: the loop has the length between the two",
        TAKES_LOOP, cursor_loop, NULL},
    {"empty_page", "no records, and a next page with those that were asked for (where cursors lead on)", 0,
        empty_page, NULL},
    {"huge_page", "`rows` records (all), whatever was asked for", TAKES_ROWS, huge_page, NULL},
    {"duplicated_rows", "the page's last `rows` records (1) come a second time, at its end", TAKES_ROWS,
        duplicated_rows, NULL},
    {"overlapping_page", "the page begins with the last `rows` records (1) before it", TAKES_ROWS,
        overlapping_page, NULL},
    {"reordered_rows", "the page's records in the opposite order", 0, reordered_rows, NULL},
    {"vanished_rows", "the page's first `rows` records (1) are gone once it is made (Google)", TAKES_ROWS,
        vanished_rows, NULL},
    {"missing_parts", "`rows` parts (1) of the batch have no answer", TAKES_ROWS, missing_parts, NULL},
    {"change",
        "before the page is made, about so many records are `changed`, the first are `removed`, others "
        "`added`",
        TAKES_CHANGES, change, NULL},
    {"null_id", "the first record's id is null", 0, NULL, null_id},
    {"nul_text", "a text of the first record begins with \\u0000, which PostgreSQL cannot store", 0, NULL,
        nul_text},
    {"bad_utf8", "a text of the first record begins with a byte that is no UTF-8", 0, NULL, bad_utf8},
    {"huge_record", "a text of the first record is longer by `bytes` (2 MiB)", TAKES_BYTES, sized,
        huge_record},
    {"broken_json", "half of the body, with a Content-Length that fits it", 0, NULL, broken_json},
    {"html", "200 with a page of HTML", 0, NULL, html},
    {"huge", "blanks behind the body, up to `bytes` (64 MiB)", TAKES_BYTES, sized, huge},
    {"gzip", "the body in gzip", 0, NULL, gzip},
    {"gzip_bomb", "the body in gzip, with blanks behind it up to `bytes` (64 MiB)", TAKES_BYTES, sized,
        gzip_bomb},
    {"bad_gzip", "the body as it is, said to be gzip", 0, NULL, bad_gzip},
};

const size_t DIAL_KINDS_N = ARRAY_SIZE(DIAL_KINDS);
