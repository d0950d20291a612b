// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "base/jsonw.h"

#include <math.h>

#include "base/clock.h"
#include "base/utf8.h"

#define REPLACEMENT "\xef\xbf\xbd" /* U+FFFD */

static bool is_plain(unsigned char c)
{
	return c >= 0x20 && c < 0x7f && c != '"' && c != '\\';
}

static void escape_ascii(struct buf *out, unsigned char c)
{
	switch (c) {
	case '"':
		buf_add_text(out, "\\\"");
		break;
	case '\\':
		buf_add_text(out, "\\\\");
		break;
	case '\n':
		buf_add_text(out, "\\n");
		break;
	case '\r':
		buf_add_text(out, "\\r");
		break;
	case '\t':
		buf_add_text(out, "\\t");
		break;
	default:
		buf_printf(out, "\\u%04x", (unsigned)c);
	}
}

/* Writes the character at the start of `text` and returns its bytes. */
static size_t escape_wide(struct buf *out, struct str text)
{
	size_t n = utf8_char_len(text);

	if (n == 0) {
		buf_add_text(out, REPLACEMENT);
		return 1;
	}
	if (n == 2 && (unsigned char)text.p[0] == 0xc2 && (unsigned char)text.p[1] < 0xa0)
		buf_printf(out, "\\u00%02x", (unsigned)(unsigned char)text.p[1]);
	else
		buf_add(out, text.p, n);
	return n;
}

void json_escape(struct buf *out, struct str text)
{
	while (text.n) {
		size_t n = 0;

		while (n < text.n && is_plain((unsigned char)text.p[n]))
			n++;
		if (n) {
			buf_add(out, text.p, n);
		} else if ((unsigned char)text.p[0] < 0x80) {
			escape_ascii(out, (unsigned char)text.p[0]);
			n = 1;
		} else {
			n = escape_wide(out, text);
		}
		text.p += n;
		text.n -= n;
	}
}

static void add_quoted(struct buf *out, struct str text)
{
	buf_add_char(out, '"');
	json_escape(out, text);
	buf_add_char(out, '"');
}

static void begin_value(struct jsonw *w, const char *key)
{
	if (w->comma)
		buf_add_char(w->out, ',');
	w->comma = true;
	if (!key)
		return;
	add_quoted(w->out, str_of(key));
	buf_add_char(w->out, ':');
}

static void open_level(struct jsonw *w, const char *key, char bracket)
{
	begin_value(w, key);
	buf_add_char(w->out, bracket);
	w->comma = false;
}

static void close_level(struct jsonw *w, char bracket)
{
	buf_add_char(w->out, bracket);
	w->comma = true;
}

void jsonw_object(struct jsonw *w, const char *key)
{
	open_level(w, key, '{');
}

void jsonw_object_end(struct jsonw *w)
{
	close_level(w, '}');
}

void jsonw_array(struct jsonw *w, const char *key)
{
	open_level(w, key, '[');
}

void jsonw_array_end(struct jsonw *w)
{
	close_level(w, ']');
}

void jsonw_str(struct jsonw *w, const char *key, struct str value)
{
	begin_value(w, key);
	add_quoted(w->out, value);
}

void jsonw_text(struct jsonw *w, const char *key, const char *value)
{
	if (value)
		jsonw_str(w, key, str_of(value));
	else
		jsonw_null(w, key);
}

void jsonw_raw(struct jsonw *w, const char *key, struct str json)
{
	begin_value(w, key);
	buf_add_str(w->out, json);
}

void jsonw_int(struct jsonw *w, const char *key, int64_t value)
{
	char digits[24];
	char *p = digits + sizeof digits;
	uint64_t rest = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;

	do {
		*--p = (char)('0' + rest % 10);
		rest /= 10;
	} while (rest);
	if (value < 0)
		*--p = '-';
	jsonw_raw(w, key, (struct str){p, (size_t)(digits + sizeof digits - p)});
}

void jsonw_double(struct jsonw *w, const char *key, double value)
{
	char text[32];
	double back;

	if (!isfinite(value)) {
		jsonw_null(w, key);
		return;
	}
	for (int digits = 15; digits <= 17; digits++) {
		snprintf(text, sizeof text, "%.*g", digits, value);
		if (str_to_double(str_of(text), &back) && back == value)
			break;
	}
	jsonw_raw(w, key, str_of(text));
}

void jsonw_bool(struct jsonw *w, const char *key, bool value)
{
	jsonw_raw(w, key, value ? STR("true") : STR("false"));
}

void jsonw_null(struct jsonw *w, const char *key)
{
	jsonw_raw(w, key, STR("null"));
}

void jsonw_uuid(struct jsonw *w, const char *key, const struct uuid *value)
{
	char text[UUID_TEXT_LEN + 1];

	if (!value) {
		jsonw_null(w, key);
		return;
	}
	uuid_format(value, text);
	jsonw_str(w, key, str_of(text));
}

void jsonw_time(struct jsonw *w, const char *key, int64_t unix_us)
{
	char text[CLOCK_TEXT_LEN + 1];

	clock_format(unix_us, text);
	jsonw_str(w, key, str_of(text));
}
