// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "dial.h"
#include "json.h"
#include "simulator.h"
#include "token.h"

#define HUGE_BYTES (INT64_C(64) << 20)

/* Which keys a kind takes besides dial, after, times and resource. */
enum {
	TAKES_STATUS = 1,
	TAKES_RETRY_AFTER = 2,
	TAKES_MS = 4,
	TAKES_BYTES = 8,
	TAKES_TO = 16,
};

struct dial {
	const struct dial_kind *kind;
	char resource[RESOURCE_NAME_MAX + 1]; /* empty: all but the token endpoint */
	char retry_after[RETRY_AFTER_MAX];
	int64_t after;
	int64_t times; /* below 0: always */
	int64_t status;
	int64_t ms;
	int64_t bytes;
	int64_t to;
	int64_t seen;
	int64_t hits;
	struct dial *next;
};

struct dial_kind {
	const char *name;
	const char *does;
	unsigned takes;
	void (*before)(struct exchange *ex, const struct dial *d);
	void (*after)(struct simulator *sim, struct exchange *ex);
};

static void throttle(struct exchange *ex, const struct dial *d)
{
	ex->answer.status = d->status ? (int)d->status : 429;
	memcpy(ex->answer.retry_after, d->retry_after, sizeof d->retry_after);
}

static void server_error(struct exchange *ex, const struct dial *d)
{
	throttle(ex, d);
	if (!d->status)
		ex->answer.status = 500;
}

static void hang(struct exchange *ex, const struct dial *d)
{
	ex->answer.fate = FATE_HANG;
	ex->answer.delay_ms = d->ms ? d->ms : WAIT_FOREVER;
}

static void cut(struct exchange *ex, const struct dial *d)
{
	(void)d;
	ex->answer.fate = FATE_CUT;
}

static void latency(struct exchange *ex, const struct dial *d)
{
	if (ex->answer.delay_ms != WAIT_FOREVER)
		ex->answer.delay_ms += d->ms;
}

static void repeated_page(struct exchange *ex, const struct dial *d)
{
	(void)d;
	ex->window.start = ex->resource->last_start;
}

static void cursor_loop(struct exchange *ex, const struct dial *d)
{
	ex->window.loop = true;
	ex->window.loop_to = d->to;
}

static void unauthorized(struct exchange *ex, const struct dial *d)
{
	(void)d;
	ex->answer.status = ex->api->unauthorized_status;
}

static void expire_token(struct exchange *ex, const struct dial *d)
{
	(void)d;
	ex->account->token_expired = true;
	ex->answer.status = ex->api->expired_status;
}

static void broken_json(struct simulator *sim, struct exchange *ex)
{
	(void)ex;
	sim->body.n /= 2;
}

static void huge(struct exchange *ex, const struct dial *d)
{
	ex->pad_to = d->bytes ? d->bytes : HUGE_BYTES;
}

static void huge_pad(struct simulator *sim, struct exchange *ex)
{
	size_t n = (size_t)ex->pad_to;

	if (sim->body.n >= n || !buf_reserve(&sim->body, n - sim->body.n))
		return;
	memset(sim->body.p + sim->body.n, ' ', n - sim->body.n);
	sim->body.n = n;
}

static void html(struct simulator *sim, struct exchange *ex)
{
	ex->answer.type = "text/html; charset=utf-8";
	buf_clear(&sim->body);
	buf_add_text(&sim->body, "<!DOCTYPE html><html><body><h1>Scheduled maintenance</h1></body></html>");
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

static const struct dial_kind KINDS[] = {
    {"throttle", "429 (or status), with Retry-After if given", TAKES_STATUS | TAKES_RETRY_AFTER, throttle,
        NULL},
    {"server_error", "500 (or status) with an HTML body", TAKES_STATUS | TAKES_RETRY_AFTER, server_error,
        NULL},
    {"hang", "no answer; the connection is closed after ms, or never", TAKES_MS, hang, NULL},
    {"cut", "the connection is closed in the middle of the body", 0, cut, NULL},
    {"broken_json", "half of the body, with a Content-Length that fits it", 0, NULL, broken_json},
    {"repeated_page", "the page that was served before, whatever was asked for", 0, repeated_page, NULL},
    {"cursor_loop",
        "the next cursor is this page's own, or record `to`; by offset: the page at `to`, or the first",
        TAKES_TO, cursor_loop, NULL},
    {"latency", "ms more before the answer", TAKES_MS, latency, NULL},
    {"expire_token", "the current access token is over, from this answer on until a refresh", 0, expire_token,
        NULL},
    {"unauthorized", "401, although the token is good; at the token endpoint invalid_grant", 0, unauthorized,
        NULL},
    {"null_id", "the first record's id is null", 0, NULL, null_id},
    {"nul_text", "a text of the first record begins with \\u0000, which PostgreSQL cannot store", 0, NULL,
        nul_text},
    {"huge", "blanks behind the body, up to `bytes` (64 MiB)", TAKES_BYTES, huge, huge_pad},
    {"html", "200 with a page of HTML", 0, NULL, html},
};

static const struct {
	const char *key;
	unsigned takes; /* 0: every kind */
	bool text;
	int64_t min, max;
	size_t at; /* in struct dial */
	size_t size;
} KEYS[] = {
    {"after", 0, false, 0, INT64_MAX, offsetof(struct dial, after), 0},
    {"times", 0, false, -1, INT64_MAX, offsetof(struct dial, times), 0},
    {"resource", 0, true, 0, 0, offsetof(struct dial, resource), RESOURCE_NAME_MAX + 1},
    {"status", TAKES_STATUS, false, 400, 599, offsetof(struct dial, status), 0},
    {"retry_after", TAKES_RETRY_AFTER, true, 0, 0, offsetof(struct dial, retry_after), RETRY_AFTER_MAX},
    {"ms", TAKES_MS, false, 0, 86400000, offsetof(struct dial, ms), 0},
    {"bytes", TAKES_BYTES, false, 1, (int64_t)BODY_MAX - 1, offsetof(struct dial, bytes), 0},
    {"to", TAKES_TO, false, 0, INT64_MAX, offsetof(struct dial, to), 0},
};

static enum rc key_read(struct dial *d, const char *key, struct json_object *value, struct err *err)
{
	for (size_t i = 0; i < ARRAY_SIZE(KEYS); i++) {
		char *field = (char *)d + KEYS[i].at;

		if (strcmp(key, KEYS[i].key) != 0 || (KEYS[i].takes && !(d->kind->takes & KEYS[i].takes)))
			continue;
		if (KEYS[i].text) { /* json-c gives numbers as text too: "retry_after": 3 */
			const char *text = json_object_get_string(value);

			if (!text || snprintf(field, KEYS[i].size, "%s", text) >= (int)KEYS[i].size)
				return err_set(
				    err, RC_INVALID, "%s: a text below %zu bytes", key, KEYS[i].size);
			return RC_OK;
		}
		int64_t number = json_object_get_int64(value);
		if (!json_object_is_type(value, json_type_int) || number < KEYS[i].min ||
		    number > KEYS[i].max)
			return err_set(err, RC_INVALID, "%s: a whole number from %" PRId64 " to %" PRId64,
			    key, KEYS[i].min, KEYS[i].max);
		memcpy(field, &number, sizeof number);
		return RC_OK;
	}
	return err_set(err, RC_INVALID, "%s: %s does not take it", key, d->kind->name);
}

static const struct dial_kind *kind_find(struct json_object *json)
{
	struct json_object *name = NULL;

	if (!json_object_object_get_ex(json, "dial", &name) || !json_object_is_type(name, json_type_string))
		return NULL;
	for (size_t i = 0; i < ARRAY_SIZE(KINDS); i++)
		if (strcmp(json_object_get_string(name), KINDS[i].name) == 0)
			return &KINDS[i];
	return NULL;
}

static enum rc dial_read(struct json_object *json, struct dial *ret, struct err *err)
{
	struct dial d = {.times = 1, .to = -1, .kind = kind_find(json)};

	if (!d.kind)
		return err_set(err, RC_INVALID, "dial: none of those that GET /control/dials lists");
	json_object_object_foreach(json, key, value)
	{
		if (strcmp(key, "dial") != 0 && key_read(&d, key, value, err) != RC_OK)
			return err->rc;
	}
	*ret = d;
	return RC_OK;
}

static void list_free(struct dial *d)
{
	while (d) {
		struct dial *next = d->next;

		free(d);
		d = next;
	}
}

enum rc dials_add(struct account *account, struct json_object *json, struct err *err)
{
	struct dial *list = NULL;
	struct dial **end = &list;

	if (!json_object_is_type(json, json_type_array))
		return err_set(err, RC_INVALID, "dials: an array of objects");
	for (size_t i = 0; i < json_object_array_length(json); i++) {
		*end = mem_zalloc(sizeof **end);
		if (dial_read(json_object_array_get_idx(json, i), *end, err) != RC_OK) {
			list_free(list);
			return err_prefix(err, "dials[%zu]", i);
		}
		end = &(*end)->next;
	}
	for (end = &account->dials; *end; end = &(*end)->next)
		;
	*end = list;
	return RC_OK;
}

void dials_clear(struct account *account)
{
	list_free(account->dials);
	account->dials = NULL;
}

static bool dial_matches(const struct dial *d, const struct exchange *ex)
{
	if (d->resource[0] == '\0')
		return strcmp(ex->resource->name, TOKEN_RESOURCE) != 0;
	return strcmp(d->resource, ex->resource->name) == 0;
}

void dials_before(struct exchange *ex)
{
	for (struct dial *d = ex->account->dials; d; d = d->next) {
		if (!dial_matches(d, ex) || d->seen++ < d->after || (d->times >= 0 && d->hits >= d->times))
			continue;
		d->hits++;
		ex->dials |= 1U << (d->kind - KINDS);
		if (d->kind->before)
			d->kind->before(ex, d);
	}
}

void dials_after(struct simulator *sim, struct exchange *ex)
{
	for (size_t k = 0; k < ARRAY_SIZE(KINDS); k++)
		if ((ex->dials & 1U << k) && KINDS[k].after)
			KINDS[k].after(sim, ex);
}

void dials_write(const struct account *account, struct buf *ret)
{
	buf_add_char(ret, '[');
	for (const struct dial *d = account->dials; d; d = d->next) {
		buf_printf(
		    ret, "%s{\"dial\":\"%s\",\"resource\":", d == account->dials ? "" : ",", d->kind->name);
		if (d->resource[0])
			json_string(ret, str_of(d->resource));
		else
			buf_add_text(ret, "null");
		buf_printf(ret, ",\"after\":%" PRId64 ",\"times\":%" PRId64, d->after, d->times);
		buf_printf(ret, ",\"seen\":%" PRId64 ",\"hits\":%" PRId64 "}", d->seen, d->hits);
	}
	buf_add_char(ret, ']');
}

void dials_write_kinds(struct buf *ret)
{
	buf_add_char(ret, '[');
	for (size_t k = 0; k < ARRAY_SIZE(KINDS); k++) {
		buf_printf(ret, "%s{\"dial\":\"%s\",\"does\":", k ? "," : "", KINDS[k].name);
		json_string(ret, str_of(KINDS[k].does));
		buf_add_text(ret, ",\"takes\":[\"after\",\"times\",\"resource\"");
		for (size_t i = 0; i < ARRAY_SIZE(KEYS); i++)
			if (KEYS[i].takes & KINDS[k].takes)
				buf_printf(ret, ",\"%s\"", KEYS[i].key);
		buf_add_text(ret, "]}");
	}
	buf_add_text(ret, "]\n");
}

void dials_write_names(uint32_t hits, struct buf *ret)
{
	const char *comma = "";

	for (size_t k = 0; k < ARRAY_SIZE(KINDS); k++) {
		if (!(hits & 1U << k))
			continue;
		buf_printf(ret, "%s\"%s\"", comma, KINDS[k].name);
		comma = ",";
	}
}
