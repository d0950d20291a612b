// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "base/utf8.h"

static bool is_continuation(char c)
{
	return ((unsigned char)c & 0xc0) == 0x80;
}

/* What the first byte promises, and the range of the second byte (Unicode, table 3-7). */
static size_t lead(unsigned char c, unsigned char *ret_low, unsigned char *ret_high)
{
	*ret_low = 0x80;
	*ret_high = 0xbf;
	if (c < 0x80)
		return 1;
	if (c < 0xc2 || c > 0xf4)
		return 0;
	if (c < 0xe0)
		return 2;
	if (c == 0xe0)
		*ret_low = 0xa0;
	else if (c == 0xed)
		*ret_high = 0x9f;
	else if (c == 0xf0)
		*ret_low = 0x90;
	else if (c == 0xf4)
		*ret_high = 0x8f;
	return c < 0xf0 ? 3 : 4;
}

size_t utf8_char_len(struct str s)
{
	unsigned char low;
	unsigned char high;
	size_t n = s.n ? lead((unsigned char)s.p[0], &low, &high) : 0;

	if (n <= 1)
		return n;
	if (n > s.n || (unsigned char)s.p[1] < low || (unsigned char)s.p[1] > high)
		return 0;
	for (size_t i = 2; i < n; i++) {
		if (!is_continuation(s.p[i]))
			return 0;
	}
	return n;
}

bool utf8_valid(struct str s)
{
	while (s.n) {
		size_t n = utf8_char_len(s);

		if (!n)
			return false;
		s.p += n;
		s.n -= n;
	}
	return true;
}

struct str utf8_cut(struct str s, size_t max)
{
	if (s.n <= max)
		return s;
	s.n = max;
	while (s.n && is_continuation(s.p[s.n]))
		s.n--;
	return s;
}

void utf8_mend(char *text)
{
	struct str rest = str_of(text);

	while (rest.n) {
		size_t n = utf8_char_len(rest);

		if (!n)
			text[rest.p - text] = '?';
		rest.p += MAX(n, 1);
		rest.n -= MAX(n, 1);
	}
}

size_t utf8_count(struct str s)
{
	size_t count = 0;

	for (size_t i = 0; i < s.n; i++)
		count += !is_continuation(s.p[i]);
	return count;
}

size_t utf8_put(uint32_t character, char *to)
{
	if (character < 0x80) {
		to[0] = (char)character;
		return 1;
	}
	size_t length = character < 0x800 ? 2 : character < 0x10000 ? 3 : 4;
	for (size_t i = length - 1; i > 0; i--, character >>= 6)
		to[i] = (char)(0x80 | (character & 0x3f));
	to[0] = (char)((0xf00 >> length) | character);
	return length;
}
