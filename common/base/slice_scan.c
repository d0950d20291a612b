// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "base/slice_scan.h"

#include "base/utf8.h"

const char *scan_fail(struct scan *s, const char *at, const char *why)
{
	if (!s->why) {
		s->why = why;
		s->at = at;
	}
	return NULL;
}

const char *scan_ws_slow(struct scan *s, const char *p)
{
	while (p < s->end && (*p == ' ' || *p == '\n' || *p == '\r' || *p == '\t'))
		p++;
	return p < s->end ? p : scan_fail(s, p, "the document ends too early");
}

bool scan_deeper(struct scan *s, const char *p, unsigned depth)
{
	if (depth < SLICE_DEPTH_MAX)
		return true;
	scan_fail(s, p, "nested too deeply");
	return false;
}

/* The four digits behind "\u"; -1 when they are not there. */
static int hex_unit(const struct scan *s, const char *p)
{
	int unit = 0;

	if (s->end - p < 4)
		return -1;
	for (int i = 0; i < 4; i++) {
		int digit = hex_digit(p[i]);

		if (digit < 0)
			return -1;
		unit = unit * 16 + digit;
	}
	return unit;
}

/* "\uXXXX", or a pair of them for a character above U+FFFF; `p` is at the backslash. */
static const char *scan_unicode(struct scan *s, const char *p)
{
	int unit = hex_unit(s, p + 2);

	if (unit < 0)
		return scan_fail(s, p, "\\u without four hexadecimal digits");
	if (unit < 0xd800 || unit > 0xdfff)
		return p + 6;
	if (unit > 0xdbff || s->end - p < 12 || p[6] != '\\' || p[7] != 'u')
		return scan_fail(s, p, "a lone surrogate escape");
	int low = hex_unit(s, p + 8);
	if (low < 0xdc00 || low > 0xdfff)
		return scan_fail(s, p, "a lone surrogate escape");
	return p + 12;
}

static const char *scan_escape(struct scan *s, const char *p)
{
	if (s->end - p < 2)
		return scan_fail(s, p, "the string has no end");
	switch (p[1]) {
	case '"':
	case '\\':
	case '/':
	case 'b':
	case 'f':
	case 'n':
	case 'r':
	case 't':
		return p + 2;
	case 'u':
		return scan_unicode(s, p);
	default:
		return scan_fail(s, p, "an unknown escape");
	}
}

const char *scan_special(struct scan *s, const char *p, uint8_t *escaped)
{
	if (p >= s->end)
		return scan_fail(s, p, "the string has no end");
	if (*p == '\\') {
		*escaped = 1;
		return scan_escape(s, p);
	}
	if ((uint8_t)*p < 0x20)
		return scan_fail(s, p, "a raw control character in a string");
	while (p < s->end && (uint8_t)*p >= 0x80) {
		size_t n = utf8_char_len((struct str){p, (size_t)(s->end - p)});

		if (!n)
			return scan_fail(s, p, "not UTF-8");
		p += n;
	}
	return p;
}

static const char *scan_digits(const struct scan *s, const char *p)
{
	while (p < s->end && (uint8_t)(*p - '0') <= 9)
		p++;
	return p;
}

static const char *scan_number(struct scan *s, const char *p)
{
	const char *number = p;
	const char *digits = p += *p == '-';

	p = scan_digits(s, p);
	if (p == digits && p == number)
		return scan_fail(s, number, "expected a value");
	if (p == digits || (*digits == '0' && p - digits > 1))
		return scan_fail(s, number, "not a number");
	if (p < s->end && *p == '.') {
		digits = ++p;
		p = scan_digits(s, p);
		if (p == digits)
			return scan_fail(s, number, "not a number");
	}
	if (p < s->end && (*p == 'e' || *p == 'E')) {
		p++;
		if (p < s->end && (*p == '+' || *p == '-'))
			p++;
		digits = p;
		p = scan_digits(s, p);
		if (p == digits)
			return scan_fail(s, number, "not a number");
	}
	return p;
}

const char *scan_separator(struct scan *s, const char *p, char close, bool *ret_more)
{
	p = scan_next(s, p);
	if (!p)
		return NULL;
	*ret_more = *p == ',';
	if (*ret_more)
		return scan_next(s, p + 1);
	return *p == close ? p + 1 : scan_fail(s, p, "expected a comma or the end of the container");
}

static const char *scan_array(struct scan *s, const char *p, unsigned depth)
{
	struct slice element;
	bool more = true;

	if (!scan_deeper(s, p, depth))
		return NULL;
	p = scan_next(s, p + 1);
	if (p && *p == ']')
		return p + 1;
	while (p && more) {
		p = scan_value(s, p, depth + 1, &element);
		if (p)
			p = scan_separator(s, p, ']', &more);
	}
	return p;
}

/* One "key": value. */
static const char *scan_member(struct scan *s, const char *p, unsigned depth)
{
	struct slice value;
	uint8_t escaped;

	if (*p != '"')
		return scan_fail(s, p, "expected a key");
	p = scan_string(s, p + 1, &escaped);
	if (!p)
		return NULL;
	p = scan_colon(s, p);
	return p ? scan_value(s, p, depth, &value) : NULL;
}

static const char *scan_object(struct scan *s, const char *p, unsigned depth)
{
	bool more = true;

	if (!scan_deeper(s, p, depth))
		return NULL;
	p = scan_next(s, p + 1);
	if (p && *p == '}')
		return p + 1;
	while (p && more) {
		p = scan_member(s, p, depth + 1);
		if (p)
			p = scan_separator(s, p, '}', &more);
	}
	return p;
}

static const char *scan_word(struct scan *s, const char *p, struct str word)
{
	if ((size_t)(s->end - p) < word.n || memcmp(p, word.p, word.n) != 0)
		return scan_fail(s, p, "expected a value");
	return p + word.n;
}

static struct slice slice_between(const char *p, const char *next, enum slice_kind kind)
{
	return (struct slice){.p = p, .n = next ? (uint32_t)(next - p) : 0, .kind = (uint8_t)kind};
}

const char *scan_value(struct scan *s, const char *p, unsigned depth, struct slice *ret)
{
	const char *next;
	enum slice_kind kind;

	switch (*p) {
	case '"':
		next = scan_string(s, p + 1, &ret->escaped);
		if (!next)
			return NULL;
		*ret = (struct slice){p + 1, (uint32_t)(next - p - 1), SLICE_STRING, ret->escaped, false};
		return next + 1;
	case '{':
		next = scan_object(s, p, depth);
		kind = SLICE_OBJECT;
		break;
	case '[':
		next = scan_array(s, p, depth);
		kind = SLICE_ARRAY;
		break;
	case 't':
		next = scan_word(s, p, STR("true"));
		kind = SLICE_TRUE;
		break;
	case 'f':
		next = scan_word(s, p, STR("false"));
		kind = SLICE_FALSE;
		break;
	case 'n':
		next = scan_word(s, p, STR("null"));
		kind = SLICE_NULL;
		break;
	default:
		next = scan_number(s, p);
		kind = SLICE_NUMBER;
		break;
	}
	*ret = slice_between(p, next, kind);
	return next;
}
