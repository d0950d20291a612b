// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "base/slice.h"

#include "base/utf8.h"

static uint32_t hex_unit(const char *p)
{
	uint32_t unit = 0;

	for (int i = 0; i < 4; i++) {
		uint32_t digit = (uint8_t)p[i] <= '9' ? (uint32_t)(p[i] - '0')
		                                      : (uint32_t)((p[i] | 0x20) - 'a' + 10);

		unit = unit << 4 | digit;
	}
	return unit;
}

/* The character of the escape at `*p`, which the scanner has checked; moves behind it. */
static uint32_t take_escape(const char **p)
{
	const char *at = *p;

	*p += 2;
	switch (at[1]) {
	case 'b':
		return '\b';
	case 'f':
		return '\f';
	case 'n':
		return '\n';
	case 'r':
		return '\r';
	case 't':
		return '\t';
	case 'u':
		break;
	default:
		return (uint8_t)at[1];
	}
	uint32_t unit = hex_unit(at + 2);
	*p = at + 6;
	if (unit < 0xd800 || unit > 0xdfff)
		return unit;
	*p = at + 12;
	return 0x10000 + ((unit - 0xd800) << 10) + (hex_unit(at + 8) - 0xdc00);
}

enum rc slice_unescape_to(struct slice s, char *to, size_t *ret_n)
{
	const char *p = s.p;
	const char *end = s.p + s.n;
	char *at = to;

	while (p < end) {
		const char *backslash = s.escaped ? memchr(p, '\\', (size_t)(end - p)) : NULL;
		size_t plain = (size_t)((backslash ? backslash : end) - p);

		memcpy(at, p, plain);
		at += plain;
		p += plain;
		if (!backslash)
			break;
		uint32_t character = take_escape(&p);
		if (!character)
			return RC_INVALID;
		at += utf8_put(character, at);
	}
	*ret_n = (size_t)(at - to);
	return RC_OK;
}

enum rc slice_unescape(struct slice s, struct buf *out)
{
	size_t n;
	char *to = buf_reserve(out, s.n);

	if (!to)
		return RC_LIMIT;
	enum rc rc = slice_unescape_to(s, to, &n);
	if (rc == RC_OK)
		out->n += n;
	out->p[out->n] = '\0';
	return rc;
}
