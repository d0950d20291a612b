// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "base/clock.h"
#include "json.h"
#include "limit.h"
#include "simulator.h"

#define TEXT_MAX 96
#define REFUSAL                                                                                              \
	"{\"code\":\"TOO_MANY_REQUESTS\",\"message\":\"Request limit reached. Please try again "             \
	"later.\",\"status\":\"error\"}"

enum kind { KIND_RATE, KIND_QUOTA, KIND_CONCURRENCY };
static const char *const KINDS[] = {"rate", "quota", "concurrency"};

struct arrival {
	int64_t at_us; /* monotonic */
	int64_t cost;  /* 0: refused */
};

struct limit {
	char name[TEXT_MAX];
	enum kind kind;
	char resource[TEXT_MAX];
	char call[TEXT_MAX];
	int64_t count;
	int64_t period_ms;
	int64_t cost;
	bool fixed; /* the period is renewed at once, instead of sliding */
	bool units; /* a call costs what the API says it does, times `cost` */
	bool enforce;
	int64_t status;
	char retry_after[TEXT_MAX];
	char header_limit[TEXT_MAX], header_remaining[TEXT_MAX], header_reset[TEXT_MAX];
	/* what was seen */
	struct arrival *ring;
	size_t first, n, cap;
	int64_t renewed_us;
	int64_t spent; /* in the window, refused calls left out */
	int64_t calls, refused, most, at_once, most_at_once;
	struct limit *next;
};

#define TEXT(field)                                                                                          \
	{                                                                                                    \
#field, true, 0, 0, offsetof(struct limit, field)                                            \
	}
#define NUMBER(field, min, max)                                                                              \
	{                                                                                                    \
#field, false, min, max, offsetof(struct limit, field)                                       \
	}
static const struct {
	const char *key;
	bool text;
	int64_t min, max;
	size_t at;
} FIELDS[] = {
    TEXT(name),
    TEXT(resource),
    TEXT(call),
    NUMBER(count, 0, INT32_MAX),
    NUMBER(period_ms, 1, 86400000),
    NUMBER(cost, 0, 1000000),
    NUMBER(status, 400, 599),
    TEXT(retry_after),
    TEXT(header_limit),
    TEXT(header_remaining),
    TEXT(header_reset),
};

static enum rc kind_read(struct limit *l, const char *text, struct err *err)
{
	for (size_t i = 0; text && i < ARRAY_SIZE(KINDS); i++) {
		if (strcmp(text, KINDS[i]) != 0)
			continue;
		l->kind = (enum kind)i;
		return RC_OK;
	}
	return err_set(err, RC_INVALID, "kind: rate, quota or concurrency");
}

static enum rc field_read(struct limit *l, const char *key, struct json_object *value, struct err *err)
{
	for (size_t i = 0; i < ARRAY_SIZE(FIELDS); i++) {
		char *field = (char *)l + FIELDS[i].at;
		int64_t number = json_object_get_int64(value);
		const char *text = json_object_get_string(value);

		if (strcmp(key, FIELDS[i].key) != 0)
			continue;
		if (FIELDS[i].text && text && strlen(text) < TEXT_MAX) {
			str_copy(field, TEXT_MAX, text);
			return RC_OK;
		}
		if (!FIELDS[i].text && json_object_is_type(value, json_type_int) && number >= FIELDS[i].min &&
		    number <= FIELDS[i].max) {
			memcpy(field, &number, sizeof number);
			return RC_OK;
		}
		return err_set(err, RC_INVALID, "%s: out of range", key);
	}
	if (strcmp(key, "kind") == 0)
		return kind_read(l, json_object_get_string(value), err);
	if (strcmp(key, "fixed") == 0)
		l->fixed = json_object_get_boolean(value);
	else if (strcmp(key, "units") == 0)
		l->units = json_object_get_boolean(value);
	else if (strcmp(key, "enforce") == 0)
		l->enforce = json_object_get_boolean(value);
	else
		return err_set(err, RC_INVALID, "%s: no key of a limit", key);
	return RC_OK;
}

static enum rc limit_read(struct json_object *json, struct limit *l, struct err *err)
{
	*l = (struct limit){.period_ms = 1000, .cost = 1, .enforce = true};
	if (!json_object_is_type(json, json_type_object))
		return err_set(err, RC_INVALID, "an object");
	json_object_object_foreach(json, key, value)
	{
		if (field_read(l, key, value, err) != RC_OK)
			return err->rc;
	}
	return RC_OK;
}

void limits_clear(struct limit **list)
{
	while (*list) {
		struct limit *l = *list;

		*list = l->next;
		free(l->ring);
		free(l);
	}
}

enum rc limits_set(struct limit **list, struct json_object *json, struct err *err)
{
	struct limit *made = NULL;
	struct limit **end = &made;

	if (!json_object_is_type(json, json_type_array))
		return err_set(err, RC_INVALID, "limits: an array of objects");
	for (size_t i = 0; i < json_object_array_length(json); i++) {
		*end = mem_zalloc(sizeof **end);
		if (limit_read(json_object_array_get_idx(json, i), *end, err) != RC_OK) {
			limits_clear(&made);
			return err_prefix(err, "limits[%zu]", i);
		}
		end = &(*end)->next;
	}
	limits_clear(list);
	*list = made;
	return RC_OK;
}

/* ---- counting ---- */

static void arrival_add(struct limit *l, int64_t now, int64_t cost)
{
	if (l->n == l->cap) {
		size_t cap = l->cap ? 2 * l->cap : 64;
		struct arrival *ring = mem_array(cap, sizeof *ring);

		for (size_t i = 0; i < l->n; i++)
			ring[i] = l->ring[(l->first + i) % l->cap];
		free(l->ring);
		l->ring = ring;
		l->first = 0;
		l->cap = cap;
	}
	l->ring[(l->first + l->n++) % l->cap] = (struct arrival){now, cost};
}

/* The window is half open: a call exactly one period later is in another one. */
static void slide(struct limit *l, int64_t now)
{
	while (l->n && l->ring[l->first].at_us + l->period_ms * 1000 <= now) {
		l->spent -= l->fixed ? 0 : l->ring[l->first].cost;
		l->first = (l->first + 1) % l->cap;
		l->n--;
	}
	if (l->fixed && now >= l->renewed_us + l->period_ms * 1000) {
		l->renewed_us = now;
		l->spent = 0;
	}
}

static bool is_over(struct limit *l, const struct exchange *ex, int64_t now)
{
	int64_t cost = l->units && ex->units ? l->cost * ex->units : l->cost;
	bool over;

	if (l->kind == KIND_CONCURRENCY) {
		l->at_once++;
		l->most_at_once = MAX(l->most_at_once, l->at_once);
		return l->at_once > l->count;
	}
	slide(l, now);
	over = l->enforce && l->spent + cost > l->count;
	arrival_add(l, now, over ? 0 : cost);
	l->spent += over ? 0 : cost;
	l->most = MAX(l->most, (int64_t)l->n);
	return over;
}

static void header_add(struct answer *answer, const char *name, int64_t value)
{
	size_t n = strlen(answer->headers);

	if (name[0])
		snprintf(answer->headers + n, sizeof answer->headers - n, "%s: %" PRId64 "\r\n", name, value);
}

static void tell(const struct limit *l, struct exchange *ex, int64_t now, bool over)
{
	int64_t until_us = l->renewed_us + l->period_ms * 1000 - now;

	header_add(&ex->answer, l->header_limit, l->count);
	header_add(&ex->answer, l->header_remaining, MAX(l->count - l->spent, 0));
	header_add(&ex->answer, l->header_reset, (MAX(until_us, 0) + 999999) / 1000000);
	if (!over)
		return;
	const struct api *api = ex->api;
	int status = l->status ? (int)l->status : api->limited_status ? api->limited_status : 429;
	ex->answer.status = status;
	ex->answer.refusal = !api->limited_body              ? REFUSAL
	                     : status == api->limited_status ? api->limited_body
	                                                     : api->throttled_body;
	ex->answer.delay_ms = 0;
	str_copy(ex->answer.retry_after, sizeof ex->answer.retry_after, l->retry_after);
}

static bool matches(const struct limit *l, const struct exchange *ex)
{
	if (l->call[0] && (!ex->call || strcmp(l->call, ex->call) != 0))
		return false;
	return l->resource[0] == '\0' || strcmp(l->resource, ex->resource->name) == 0;
}

static void check(struct limit *list, struct exchange *ex, int64_t now)
{
	for (struct limit *l = list; l; l = l->next) {
		if (!matches(l, ex))
			continue;
		bool over = is_over(l, ex, now) && l->enforce;

		l->calls++;
		l->refused += over;
		tell(l, ex, now, over);
	}
}

/* Only a provider's data counts; the token endpoint has no records. */
static bool is_limited(const struct simulator *sim, const struct exchange *ex)
{
	return ex->api && ex->api->record && ex->account && (sim->limits || ex->account->limits);
}

void limits_before(struct simulator *sim, struct exchange *ex)
{
	int64_t now = clock_mono_us();

	if (!is_limited(sim, ex))
		return;
	ex->limited = true;
	check(sim->limits, ex, now);
	check(ex->account->limits, ex, now);
}

static void end(struct limit *list, const struct exchange *ex)
{
	for (struct limit *l = list; l; l = l->next)
		if (l->kind == KIND_CONCURRENCY && matches(l, ex) && l->at_once)
			l->at_once--;
}

void limits_after(struct simulator *sim, struct exchange *ex)
{
	if (!ex->limited)
		return;
	end(sim->limits, ex);
	end(ex->account->limits, ex);
}

void limits_write(const struct limit *list, struct buf *ret)
{
	buf_add_char(ret, '[');
	for (const struct limit *l = list; l; l = l->next) {
		buf_add_text(ret, l == list ? "{\"name\":" : ",{\"name\":");
		json_string(ret, str_of(l->name));
		buf_printf(ret,
		    ",\"kind\":\"%s\",\"count\":%" PRId64 ",\"calls\":%" PRId64 ",\"refused\":%" PRId64,
		    KINDS[l->kind], l->count, l->calls, l->refused);
		buf_printf(ret, ",\"most\":%" PRId64 ",\"spent\":%" PRId64 ",\"most_at_once\":%" PRId64 "}",
		    l->most, l->spent, l->most_at_once);
	}
	buf_add_char(ret, ']');
}
