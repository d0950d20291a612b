// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "dial.h"
#include "dial_kinds.h"
#include "json.h"
#include "token.h"

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
    {"call", 0, true, 0, 0, offsetof(struct dial, call), RESOURCE_NAME_MAX + 1},
    {"status", TAKES_STATUS, false, 400, 599, offsetof(struct dial, status), 0},
    {"retry_after", TAKES_RETRY_AFTER, true, 0, 0, offsetof(struct dial, retry_after), RETRY_AFTER_MAX},
    {"ms", TAKES_MS, false, 0, 86400000, offsetof(struct dial, ms), 0},
    {"bytes", TAKES_BYTES, false, -(int64_t)BODY_MAX, (int64_t)BODY_MAX - 1, offsetof(struct dial, bytes), 0},
    {"to", TAKES_LOOP, false, 0, INT32_MAX, offsetof(struct dial, to), 0},
    {"from", TAKES_LOOP, false, 0, INT32_MAX, offsetof(struct dial, from), 0},
    {"rows", TAKES_ROWS, false, 1, INT32_MAX, offsetof(struct dial, rows), 0},
    {"added", TAKES_CHANGES, false, 0, INT32_MAX, offsetof(struct dial, added), 0},
    {"removed", TAKES_CHANGES, false, 0, INT32_MAX, offsetof(struct dial, removed), 0},
    {"changed", TAKES_CHANGES, false, 0, INT32_MAX, offsetof(struct dial, changed), 0},
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
	for (size_t i = 0; i < DIAL_KINDS_N; i++)
		if (strcmp(json_object_get_string(name), DIAL_KINDS[i].name) == 0)
			return &DIAL_KINDS[i];
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
	if (d->call[0] ? !ex->call || strcmp(d->call, ex->call) != 0 : ex->part)
		return false;
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
		ex->dials |= UINT64_C(1) << (d->kind - DIAL_KINDS);
		if (d->kind->before)
			d->kind->before(ex, d);
	}
}

void dials_after(struct simulator *sim, struct exchange *ex)
{
	for (size_t k = 0; k < DIAL_KINDS_N; k++)
		if ((ex->dials & UINT64_C(1) << k) && DIAL_KINDS[k].after)
			DIAL_KINDS[k].after(sim, ex);
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
	for (size_t k = 0; k < DIAL_KINDS_N; k++) {
		buf_printf(ret, "%s{\"dial\":\"%s\",\"does\":", k ? "," : "", DIAL_KINDS[k].name);
		json_string(ret, str_of(DIAL_KINDS[k].does));
		buf_add_text(ret, ",\"takes\":[\"after\",\"times\",\"resource\",\"call\"");
		for (size_t i = 0; i < ARRAY_SIZE(KEYS); i++)
			if (KEYS[i].takes & DIAL_KINDS[k].takes)
				buf_printf(ret, ",\"%s\"", KEYS[i].key);
		buf_add_text(ret, "]}");
	}
	buf_add_text(ret, "]\n");
}

void dials_write_names(uint64_t hits, struct buf *ret)
{
	const char *comma = "";

	for (size_t k = 0; k < DIAL_KINDS_N; k++) {
		if (!(hits & UINT64_C(1) << k))
			continue;
		buf_printf(ret, "%s\"%s\"", comma, DIAL_KINDS[k].name);
		comma = ",";
	}
}
