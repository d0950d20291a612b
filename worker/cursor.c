// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "cursor.h"

#include <json-c/json.h>

#define CURSOR_DEPTH 2

struct number {
	const char *name;
	size_t offset;
};

static const struct number numbers[] = {
    {"started", offsetof(struct position, started_us)},
    {"since", offsetof(struct position, since_us)},
    {"offset", offsetof(struct position, offset)},
    {"number", offsetof(struct position, number)},
    {"pages", offsetof(struct position, pages)},
    {"seen", offsetof(struct position, seen)},
    {"mark", offsetof(struct position, mark_us)},
};

/* 64 unsigned bits do not fit JSON's numbers everywhere: hexadecimal text. */
static const struct number signatures[] = {
    {"last", offsetof(struct position, last)},
    {"anchor", offsetof(struct position, anchor)},
};

void position_init(struct position *p)
{
	*p = (struct position){.next = BUF(CURSOR_TEXT_MAX)};
}

void position_done(struct position *p)
{
	buf_done(&p->next);
}

static void *field(const struct position *p, const struct number *n)
{
	return (char *)p + n->offset;
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
	return true;
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

static bool read_next(struct json_object *o, struct position *p)
{
	struct json_object *v = NULL;
	buf_clear(&p->next);
	if (!json_object_object_get_ex(o, "next", &v))
		return true;
	if (!json_object_is_type(v, json_type_string))
		return false;
	buf_add(&p->next, json_object_get_string(v), (size_t)json_object_get_string_len(v));
	return buf_ok(&p->next);
}

static bool has_fingerprint(struct json_object *o, const char *fingerprint)
{
	struct json_object *v = NULL;
	return json_object_object_get_ex(o, "declaration", &v) && json_object_is_type(v, json_type_string) &&
	       strcmp(json_object_get_string(v), fingerprint) == 0;
}

static struct json_object *parse(struct str text)
{
	if (!text.n || text.n > CURSOR_TEXT_MAX)
		return NULL;
	struct json_tokener *tok = json_tokener_new_ex(CURSOR_DEPTH);
	if (!tok)
		abort();
	struct json_object *o = json_tokener_parse_ex(tok, text.p, (int)text.n);
	if (json_tokener_get_error(tok) != json_tokener_success ||
	    !json_object_is_type(o, json_type_object)) {
		json_object_put(o);
		o = NULL;
	}
	json_tokener_free(tok);
	return o;
}

enum rc cursor_read(struct str text, const char *fingerprint, struct position *ret, struct err *err)
{
	struct json_object *o = parse(text);
	enum rc rc = RC_OK;
	if (!o)
		rc = err_set(err, RC_NOT_FOUND, "the cursor cannot be read; the walk has to begin anew");
	else if (!has_fingerprint(o, fingerprint))
		rc = err_set(
		    err, RC_NOT_FOUND, "the cursor is of another declaration; the walk has to begin anew");
	else if (!read_numbers(o, ret) || !read_signatures(o, ret) || !read_next(o, ret))
		rc = err_set(err, RC_NOT_FOUND, "the cursor is damaged; the walk has to begin anew");
	json_object_put(o);
	return rc;
}

/* ---- writing ---- */

static void write_text(struct str s, struct buf *out)
{
	buf_add_char(out, '"');
	for (size_t i = 0; i < s.n; i++) {
		unsigned char c = (unsigned char)s.p[i];
		if (c < 0x20 || c == '"' || c == '\\')
			buf_printf(out, "\\u%04x", c);
		else
			buf_add_char(out, (char)c);
	}
	buf_add_char(out, '"');
}

void cursor_write(const struct position *p, const char *fingerprint, struct buf *out)
{
	buf_printf(out, "{\"declaration\":\"%s\"", fingerprint);
	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++) {
		int64_t v = *(const int64_t *)field(p, &numbers[i]);
		if (v)
			buf_printf(out, ",\"%s\":%" PRId64, numbers[i].name, v);
	}
	for (size_t i = 0; i < ARRAY_SIZE(signatures); i++) {
		uint64_t v = *(const uint64_t *)field(p, &signatures[i]);
		if (v)
			buf_printf(out, ",\"%s\":\"%016" PRIx64 "\"", signatures[i].name, v);
	}
	if (p->next.n) {
		buf_add_text(out, ",\"next\":");
		write_text(buf_str(&p->next), out);
	}
	buf_add_char(out, '}');
}
