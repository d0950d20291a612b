// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "base/json.h"
#include "base/jsonw.h"
#include "cursor.h"

#define CURSOR_DEPTH 2

struct member {
	const char *name;
	size_t offset;
};

static const struct member numbers[] = {
    {"started", offsetof(struct position, started_us)},
    {"behind", offsetof(struct position, behind_us)},
    {"since", offsetof(struct position, since_us)},
    {"deleted_since", offsetof(struct position, deleted_since_us)},
    {"phase", offsetof(struct position, phase)},
    {"offset", offsetof(struct position, offset)},
    {"number", offsetof(struct position, number)},
    {"pages", offsetof(struct position, pages)},
    {"seen", offsetof(struct position, seen)},
    {"listed", offsetof(struct position, listed)},
    {"parts", offsetof(struct position, parts)},
    {"empty", offsetof(struct position, empty)},
    {"mark", offsetof(struct position, mark_us)},
    {"partial", offsetof(struct position, partial)},
    {"walked", offsetof(struct position, walked)},
    {"between", offsetof(struct position, between)},
    {"touched", offsetof(struct position, touched_us)},
    {"from", offsetof(struct position, window_from_us)},
    {"to", offsetof(struct position, window_to_us)},
    {"until", offsetof(struct position, until_us)},
    {"step", offsetof(struct position, step_us)},
    {"tries", offsetof(struct position, tries)},
    {"calm", offsetof(struct position, calm)},
    {"slot", offsetof(struct position, slot_us)},
    {"attempt", offsetof(struct position, attempt)},
    {"shown", offsetof(struct position, shown)},
    {"given", offsetof(struct position, given)},
    {"issued", offsetof(struct position, issued_us)},
};

/* 64 unsigned bits do not fit JSON's numbers everywhere: hexadecimal text. */
static const struct member signatures[] = {
    {"first", offsetof(struct position, first)},
    {"last", offsetof(struct position, last)},
    {"anchor", offsetof(struct position, anchor)},
};

static const struct member texts[] = {
    {"next", offsetof(struct position, next)},
    {"after", offsetof(struct position, after)},
    {"keys", offsetof(struct position, keys)},
    {"names", offsetof(struct position, names)},
    {"parent", offsetof(struct position, parent)},
    {"parent_keys", offsetof(struct position, parent_keys)},
    {"fresh", offsetof(struct position, fresh)},
    {"token", offsetof(struct position, token)},
};

static void *field(const struct position *p, const struct member *n)
{
	return (char *)p + n->offset;
}

void position_init(struct position *p)
{
	*p = (struct position){0};
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		buf_init(field(p, &texts[i]), CURSOR_TEXT_MAX);
}

void position_done(struct position *p)
{
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		buf_done(field(p, &texts[i]));
}

/* ---- reading ---- */

static bool read_numbers(struct json_object *o, struct position *p)
{
	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++) {
		struct json_object *v = NULL;
		if (!json_object_object_get_ex(o, numbers[i].name, &v))
			continue;
		if (!json_object_is_type(v, json_type_int) || json_object_get_int64(v) < 0)
			return false;
		*(int64_t *)field(p, &numbers[i]) = json_object_get_int64(v);
	}
	return p->phase < PHASE_COUNT;
}

static bool read_signatures(struct json_object *o, struct position *p)
{
	for (size_t i = 0; i < ARRAY_SIZE(signatures); i++) {
		struct json_object *v = NULL;
		if (!json_object_object_get_ex(o, signatures[i].name, &v))
			continue;
		char *end = NULL;
		const char *s = json_object_get_string(v);
		if (!json_object_is_type(v, json_type_string) || !*s)
			return false;
		*(uint64_t *)field(p, &signatures[i]) = strtoull(s, &end, 16);
		if (*end)
			return false;
	}
	return true;
}

static bool read_texts(struct json_object *o, struct position *p)
{
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		struct json_object *v = NULL;
		struct buf *to = field(p, &texts[i]);
		buf_clear(to);
		if (!json_object_object_get_ex(o, texts[i].name, &v))
			continue;
		if (!json_object_is_type(v, json_type_string))
			return false;
		buf_add(to, json_object_get_string(v), (size_t)json_object_get_string_len(v));
		if (!buf_ok(to))
			return false;
	}
	return true;
}

static bool has_fingerprint(struct json_object *o, const char *fingerprint)
{
	struct json_object *v = NULL;
	return json_object_object_get_ex(o, "declaration", &v) && json_object_is_type(v, json_type_string) &&
	       strcmp(json_object_get_string(v), fingerprint) == 0;
}

enum rc cursor_read(struct str text, const char *fingerprint, struct position *ret, struct err *err)
{
	AUTO(json_put_ptr) json_object *o = NULL;
	if (json_parse(text, CURSOR_TEXT_MAX, CURSOR_DEPTH, &o, NULL) ||
	    !json_object_is_type(o, json_type_object))
		return err_set(err, RC_NOT_FOUND, "the cursor cannot be read; the walk has to begin anew");
	if (!has_fingerprint(o, fingerprint))
		return err_set(
		    err, RC_NOT_FOUND, "the cursor is of another declaration; the walk has to begin anew");
	if (!read_numbers(o, ret) || !read_signatures(o, ret) || !read_texts(o, ret))
		return err_set(err, RC_NOT_FOUND, "the cursor is damaged; the walk has to begin anew");
	return RC_OK;
}

/* ---- writing ---- */

void cursor_write(const struct position *p, const char *fingerprint, struct buf *out)
{
	struct jsonw w = JSONW(out);
	jsonw_object(&w, NULL);
	jsonw_text(&w, "declaration", fingerprint);
	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++) {
		int64_t v = *(const int64_t *)field(p, &numbers[i]);
		if (v)
			jsonw_int(&w, numbers[i].name, v);
	}
	for (size_t i = 0; i < ARRAY_SIZE(signatures); i++) {
		uint64_t v = *(const uint64_t *)field(p, &signatures[i]);
		char hex[17];
		snprintf(hex, sizeof hex, "%016" PRIx64, v);
		if (v)
			jsonw_text(&w, signatures[i].name, hex);
	}
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		const struct buf *text = field(p, &texts[i]);
		if (text->n)
			jsonw_str(&w, texts[i].name, buf_str(text));
	}
	jsonw_object_end(&w);
}
