// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "batch.h"
#include "hooks.h"
#include "multipart.h"
#include "verdict.h"

#define ANSWERED STR("response-item-")
#define GIVEN_UP_MAX 10

/* ---- keys ---- */

static bool keys_hold(const struct buf *keys, struct str key)
{
	for (struct str rest = buf_str(keys); rest.n;)
		if (str_eq(str_cut(&rest, ','), key))
			return true;
	return false;
}

static enum rc keys_add(struct buf *keys, struct str key)
{
	if (!key.n || memchr(key.p, ',', key.n))
		return RC_INVALID;
	if (keys->n)
		buf_add_char(keys, ',');
	buf_add_str(keys, key);
	return buf_ok(keys) ? RC_OK : RC_LIMIT;
}

static void keys_drop(struct buf *keys, struct str key)
{
	AUTO(buf_done) struct buf kept = BUF(CURSOR_TEXT_MAX);
	for (struct str rest = buf_str(keys); rest.n;) {
		struct str one = str_cut(&rest, ',');
		if (!str_eq(one, key))
			buf_printf(&kept, "%s%.*s", kept.n ? "," : "", STR_ARG(one));
	}
	buf_set(keys, buf_str(&kept));
}

size_t batch_parts(const struct resource *r, const struct position *p)
{
	size_t n = p->keys.n != 0;
	for (size_t i = 0; i < p->keys.n; i++)
		n += p->keys.p[i] == ',';
	return MIN(n, (size_t)(p->parts ? p->parts : r->batch.max_parts));
}

static size_t parts_of_next(const struct walk *w, struct position *p)
{
	if (!batch_is_declared(w->resource) || !w->cursor.n || walk_position(w, p, NULL))
		return 0;
	return batch_parts(w->resource, p);
}

int64_t provider_cost(const struct walk *w)
{
	struct position pos;
	position_init(&pos);
	size_t parts = parts_of_next(w, &pos);
	position_done(&pos);
	return parts ? (int64_t)parts * w->resource->batch.cost : w->resource->cost;
}

bool provider_ask_less(const struct walk *w, struct buf *ret_cursor)
{
	struct position pos;
	position_init(&pos);
	size_t parts = parts_of_next(w, &pos);
	if (parts > 1) {
		pos.parts = (int64_t)parts / 2;
		cursor_write(&pos, w->resource->fingerprint, ret_cursor);
	}
	position_done(&pos);
	return parts > 1;
}

/* ---- the request ---- */

/* https://developers.google.com/workspace/gmail/api/guides/batch */
enum rc batch_write(struct making *m)
{
	const struct resource *res = m->walk->resource;
	struct buf *out = &m->request->text;
	struct str rest = buf_str(&m->position->keys);
	size_t n = batch_parts(res, m->position);
	for (size_t i = 0; i < n; i++) {
		m->item = str_cut(&rest, ',');
		buf_printf(out,
		    "--" BATCH_BOUNDARY
		    "\r\nContent-Type: application/http\r\nContent-ID: <item-%zu>\r\n\r\nGET ",
		    i);
		enum rc rc = making_expand(m, &res->batch.item, ESCAPE_URL);
		if (rc)
			return rc;
		buf_add_text(out, " HTTP/1.1\r\nAccept: application/json\r\n\r\n\r\n");
	}
	buf_add_text(out, "--" BATCH_BOUNDARY "--\r\n");
	return RC_OK;
}

/* ---- lists ---- */

enum rc batch_gather(struct reading *r, const struct slice *id)
{
	AUTO(buf_done) struct buf key = BUF(CURSOR_TEXT_MAX);
	struct buf *keys = &r->position->keys;
	if (!key_add(id, &key))
		return RC_INVALID;
	return keys_hold(keys, buf_str(&key)) ? RC_OK : keys_add(keys, buf_str(&key));
}

static enum rc hand_over_gone(struct reading *r, struct str id, struct str raw)
{
	/* The whole identity: batches are for those of one path. */
	struct slice field = {.p = id.p, .n = (uint32_t)id.n, .kind = SLICE_STRING};
	r->page->records++;
	return r->record(r->user, &(struct record){RECORD_GONE, raw, &field, NULL});
}

struct change {
	struct reading *reading;
	struct str entry;
};

/* A message that was deleted does not come back under its id. */
static enum rc on_change(void *user, struct str id, bool gone)
{
	struct change *c = user;
	struct reading *r = c->reading;
	struct buf *keys = &r->position->keys;
	if (gone) {
		keys_drop(keys, id);
		enum rc rc = keys_add(&r->gone, id);
		return rc ? rc : hand_over_gone(r, id, c->entry);
	}
	if (keys_hold(keys, id) || keys_hold(&r->gone, id))
		return RC_OK;
	enum rc rc = keys->n + id.n > BATCH_KEYS_MAX ? RC_LIMIT : keys_add(keys, id);
	if (rc == RC_LIMIT)
		verdict_set(&r->page->verdict, VERDICT_CURSOR, "more has changed than a page can say");
	return rc;
}

enum rc batch_change(struct reading *r, struct str entry)
{
	const struct hook *hook = hook_find(r->resource->hook);
	return hook->changes(entry, on_change, &(struct change){r, entry});
}

/* ---- the answer ---- */

enum fate { FATE_MISSING, FATE_DONE, FATE_KEPT };

struct batch_reading {
	struct reading *reading;
	struct str *key;
	enum fate *fate;
	size_t n;
	size_t done;
	struct verdict worst; /* of those that are kept */
	struct slice *fields; /* of a part, by its plan */
};

/* What the whole batch is, when no part is any good. */
static int rank(enum verdict_class class)
{
	switch (class) {
	case VERDICT_TOKEN:
		return 4;
	case VERDICT_THROTTLED:
		return 3;
	case VERDICT_TRANSIENT:
		return 2;
	case VERDICT_AUTH:
		return 1;
	default:
		return 0;
	}
}

static void keep(struct batch_reading *b, const struct verdict *v)
{
	int64_t wait_ms = MAX(b->worst.wait_ms, v->wait_ms);
	if (rank(v->class) > rank(b->worst.class))
		b->worst = *v;
	b->worst.wait_ms = wait_ms;
}

static enum rc hand_over(struct batch_reading *b, size_t i, const struct record *rec)
{
	b->fate[i] = FATE_DONE;
	b->done++;
	b->reading->page->records++;
	return b->reading->record(b->reading->user, rec);
}

static enum rc hand_over_bad(struct batch_reading *b, size_t i, const char *reason, struct str raw)
{
	struct slice field = {.p = b->key[i].p, .n = (uint32_t)b->key[i].n, .kind = SLICE_STRING};
	return hand_over(b, i, &(struct record){RECORD_BAD, raw, &field, reason});
}

static bool is_key(const struct batch_reading *b, size_t i)
{
	AUTO(buf_done) struct buf id = BUF(CURSOR_TEXT_MAX);
	return key_add(&b->fields[0], &id) && str_eq(buf_str(&id), b->key[i]);
}

static enum rc read_record(struct batch_reading *b, size_t i, struct str body)
{
	const struct listing *list = b->reading->list;
	struct err err = {0};
	if (slice_page(list->plan, body, b->fields, slice_pass_over, NULL, &err))
		return hand_over_bad(b, i, "what the provider sent cannot be read", body);
	if (!is_key(b, i))
		return hand_over_bad(b, i, "the provider sent another record", body);
	reading_watermark(b->reading, b->fields);
	struct record rec = {record_kind_of(b->reading->resource, b->fields), body, b->fields, NULL};
	return hand_over(b, i, &rec);
}

/* Between the list and its batch records vanish. */
static bool is_gone(const struct multipart_part *part)
{
	return part->status == 404 || part->status == 410;
}

static enum rc read_part(struct batch_reading *b, size_t i, const struct multipart_part *part)
{
	struct reading *r = b->reading;
	struct buf body = {.p = (char *)(uintptr_t)part->body.p, .n = part->body.n};
	struct http_response res = {
	    .status = part->status, .body = &body, .headers = part->headers, .nheaders = part->nheaders};
	struct answer answer = {&res, r->resource, false, r->walk->now_us};
	struct verdict v;
	if (is_gone(part)) {
		b->fate[i] = FATE_DONE;
		b->done++;
		return hand_over_gone(r, b->key[i], part->body);
	}
	verdict_of(&answer, &v);
	if (v.class == VERDICT_OK)
		return read_record(b, i, part->body);
	if (!rank(v.class))
		return hand_over_bad(
		    b, i, v.reason[0] ? v.reason : "the provider sent no record", part->body);
	b->fate[i] = FATE_KEPT;
	keep(b, &v);
	return RC_OK;
}

/* Parts may come in any order; what answers none of ours is ignored. */
static enum rc on_part(void *user, const struct multipart_part *part)
{
	struct batch_reading *b = user;
	int64_t i;
	if (!part->id.p || !str_starts(part->id, ANSWERED))
		return RC_OK;
	struct str number = {part->id.p + ANSWERED.n, part->id.n - ANSWERED.n};
	if (!str_to_i64(number, &i) || i < 0 || (size_t)i >= b->n || b->fate[i] != FATE_MISSING)
		return RC_OK;
	return read_part(b, (size_t)i, part);
}

/* What is kept goes behind the others: it may fail again. */
static void rest_of_keys(struct batch_reading *b)
{
	struct buf *keys = &b->reading->position->keys;
	AUTO(buf_done) struct buf rest = BUF(CURSOR_TEXT_MAX);
	size_t asked = 0;
	for (size_t i = 0; i < b->n; i++)
		asked += b->key[i].n + 1;
	if (asked < keys->n)
		buf_add(&rest, keys->p + asked, keys->n - asked);
	for (size_t i = 0; i < b->n; i++)
		if (b->fate[i] != FATE_DONE)
			buf_printf(&rest, "%s%.*s", rest.n ? "," : "", STR_ARG(b->key[i]));
	buf_set(keys, buf_str(&rest));
}

/* Few that fail whenever they are asked for would hold up all others; many are the provider's trouble. */
static bool gives_up(const struct batch_reading *b)
{
	return b->reading->walk->last_try && b->worst.class == VERDICT_TRANSIENT && b->n <= GIVEN_UP_MAX;
}

static void give_up(struct batch_reading *b)
{
	struct reading *r = b->reading;
	for (size_t i = 0; i < b->n; i++)
		if (hand_over_bad(b, i, b->worst.reason, STR("")))
			verdict_set(&r->page->verdict, VERDICT_PERMANENT, "a record was refused");
	b->worst = (struct verdict){0};
}

static void end_batch(struct batch_reading *b)
{
	static const struct verdict missing = {
	    .class = VERDICT_TRANSIENT, .reason = "an answer to a batch lacks parts of it"};
	struct reading *r = b->reading;
	for (size_t i = 0; i < b->n; i++)
		if (b->fate[i] == FATE_MISSING)
			keep(b, &missing);
	if (!b->done && gives_up(b))
		give_up(b);
	if (r->page->verdict.class)
		return;
	if (!b->done) {
		r->page->verdict = b->worst;
		return;
	}
	r->page->held = b->worst;
	rest_of_keys(b);
	page_go_on(r, r->position->given || (r->position->listed && !r->position->keys.n));
}

static void batch_begin(struct batch_reading *b, struct reading *r)
{
	struct str rest = buf_str(&r->position->keys);
	const struct resource *res = r->resource;
	*b = (struct batch_reading){.reading = r, .n = batch_parts(res, r->position)};
	b->key = mem_array(b->n, sizeof *b->key);
	b->fate = mem_array(b->n, sizeof *b->fate);
	b->fields = mem_array(res->id.n + res->columns.n + 2, sizeof *b->fields);
	for (size_t i = 0; i < b->n; i++) {
		b->key[i] = str_cut(&rest, ',');
		b->fate[i] = FATE_MISSING;
	}
}

void batch_read(struct reading *r, const struct http_response *res)
{
	struct batch_reading b;
	struct err err = {0};
	struct str type = http_response_header(res, "Content-Type");
	batch_begin(&b, r);
	enum rc rc = multipart_read(type.p ? type : STR(""), buf_str(res->body), on_part, &b, &err);
	if (!rc)
		end_batch(&b);
	else
		verdict_set(&r->page->verdict, VERDICT_PERMANENT, "HTTP %d, but the body cannot be read: %s",
		    res->status, err.text[0] ? err.text : "a record was refused");
	free(b.key);
	free(b.fate);
	free(b.fields);
}
