// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "base/json_check.h"

#include "base/utf8.h"

/* The rest of the text; functions return false after they have set check.problem. */
struct scan {
	const char *start;
	const char *p;
	const char *end;
	unsigned depth_left;
	struct json_check check;
};

static bool scan_value(struct scan *s);

static bool fail(struct scan *s, const char *problem)
{
	s->check.problem = problem;
	s->check.at = (size_t)(s->p - s->start);
	return false;
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* The next character, or NUL at the end (a NUL in the text is refused wherever it stands). */
static char peek(const struct scan *s)
{
	if (s->p == s->end)
		return '\0';
	return *s->p;
}

static void skip_space(struct scan *s)
{
	while (s->p < s->end && (*s->p == ' ' || *s->p == '\t' || *s->p == '\n' || *s->p == '\r'))
		s->p++;
}

static bool take(struct scan *s, char c)
{
	if (peek(s) != c)
		return false;
	s->p++;
	return true;
}

/* Four hexadecimal digits at the cursor; false when they are not. */
static bool take_hex4(struct scan *s, unsigned *ret)
{
	*ret = 0;
	for (int i = 0; i < 4; i++, s->p++) {
		char c = peek(s);
		int lower = c | 0x20;

		if (is_digit(c))
			*ret = *ret * 16 + (unsigned)(c - '0');
		else if (lower >= 'a' && lower <= 'f')
			*ret = *ret * 16 + (unsigned)(lower - 'a' + 10);
		else
			return fail(s, "four hexadecimal digits expected");
	}
	return true;
}

static bool scan_unicode_escape(struct scan *s)
{
	unsigned high;
	unsigned low = 0;

	if (!take_hex4(s, &high))
		return false;
	if (high == 0)
		return fail(s, "the character U+0000 is not allowed");
	if (high < 0xd800 || high > 0xdfff)
		return true;
	if (high > 0xdbff || !take(s, '\\') || !take(s, 'u'))
		return fail(s, "a surrogate without its other half");
	if (!take_hex4(s, &low))
		return false;
	return (low >= 0xdc00 && low <= 0xdfff) || fail(s, "a surrogate without its other half");
}

static bool scan_escape(struct scan *s)
{
	char c = peek(s);

	if (!c || !strchr("\"\\/bfnrtu", c))
		return fail(s, "unknown escape");
	s->p++;
	return c != 'u' || scan_unicode_escape(s);
}

static bool scan_string(struct scan *s)
{
	if (!take(s, '"'))
		return fail(s, "a string expected");
	while (s->p < s->end && *s->p != '"') {
		if (*s->p == '\\') {
			s->p++;
			if (!scan_escape(s))
				return false;
			continue;
		}
		if ((unsigned char)*s->p < 0x20)
			return fail(s, "a control character in a string");
		size_t n = utf8_char_len((struct str){s->p, (size_t)(s->end - s->p)});
		if (!n)
			return fail(s, "bytes that are not UTF-8");
		s->p += n;
	}
	return take(s, '"') || fail(s, "a string that does not end");
}

static bool scan_digits(struct scan *s)
{
	if (!is_digit(peek(s)))
		return fail(s, "a digit expected");
	while (is_digit(peek(s)))
		s->p++;
	return true;
}

static bool scan_number(struct scan *s)
{
	take(s, '-');
	if (take(s, '0')) {
		if (is_digit(peek(s)))
			return fail(s, "a number that begins with 0");
	} else if (!scan_digits(s)) {
		return false;
	}
	if (take(s, '.') && !scan_digits(s))
		return false;
	if (!take(s, 'e') && !take(s, 'E'))
		return true;
	if (!take(s, '+'))
		take(s, '-');
	return scan_digits(s);
}

static bool scan_word(struct scan *s, const char *word)
{
	size_t n = strlen(word);

	if ((size_t)(s->end - s->p) < n || memcmp(s->p, word, n) != 0)
		return fail(s, "a value expected");
	s->p += n;
	return true;
}

static bool scan_member(struct scan *s)
{
	s->check.members++;
	skip_space(s);
	if (!scan_string(s))
		return false;
	skip_space(s);
	return take(s, ':') ? scan_value(s) : fail(s, "a colon expected");
}

/* An object or array whose opening bracket is at the cursor. */
static bool scan_items(struct scan *s, bool (*scan_item)(struct scan *), char close)
{
	if (s->depth_left == 0) {
		s->check.too_deep = true;
		return fail(s, "too deeply nested");
	}
	s->depth_left--;
	s->p++;
	skip_space(s);
	bool more = !take(s, close);
	while (more) {
		if (!scan_item(s))
			return false;
		skip_space(s);
		more = take(s, ',');
		if (!more && !take(s, close))
			return fail(s, "a comma or the closing bracket expected");
	}
	s->depth_left++;
	return true;
}

static bool scan_value(struct scan *s)
{
	skip_space(s);
	switch (peek(s)) {
	case '{':
		return scan_items(s, scan_member, '}');
	case '[':
		return scan_items(s, scan_value, ']');
	case '"':
		return scan_string(s);
	case 't':
		return scan_word(s, "true");
	case 'f':
		return scan_word(s, "false");
	case 'n':
		return scan_word(s, "null");
	default:
		if (peek(s) == '-' || is_digit(peek(s)))
			return scan_number(s);
		return fail(s, s->p == s->end ? "the text ends too early" : "a value expected");
	}
}

struct json_check json_check(struct str text, unsigned max_depth)
{
	struct scan s = {text.p, text.p, text.p + text.n, max_depth, {0}};

	if (scan_value(&s)) {
		skip_space(&s);
		if (s.p < s.end)
			fail(&s, "text after the document");
	}
	return s.check;
}
