// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <strings.h>

bool str_eq_nocase(struct str a, struct str b)
{
	return a.n == b.n && (a.n == 0 || strncasecmp(a.p, b.p, a.n) == 0);
}

bool str_starts(struct str s, struct str prefix)
{
	return s.n >= prefix.n && (prefix.n == 0 || memcmp(s.p, prefix.p, prefix.n) == 0);
}

struct str str_trim(struct str s)
{
	while (s.n && isspace((unsigned char)s.p[0]))
		s.p++, s.n--;
	while (s.n && isspace((unsigned char)s.p[s.n - 1]))
		s.n--;
	return s;
}

struct str str_cut(struct str *rest, char sep)
{
	struct str head = *rest;
	const char *at = rest->n ? memchr(rest->p, sep, rest->n) : NULL;

	if (!at) {
		*rest = (struct str){rest->n ? rest->p + rest->n : rest->p, 0};
		return head;
	}
	head.n = (size_t)(at - rest->p);
	*rest = (struct str){at + 1, rest->n - head.n - 1};
	return head;
}

void str_copy(char *to, size_t size, const char *from)
{
	size_t n = strnlen(from, size - 1);

	memcpy(to, from, n);
	to[n] = '\0';
}

bool str_to_i64(struct str s, int64_t *ret)
{
	char text[24];
	char *end;

	if (s.n == 0 || s.n >= sizeof text || isspace((unsigned char)s.p[0]))
		return false;
	memcpy(text, s.p, s.n);
	text[s.n] = '\0';
	errno = 0;
	long long value = strtoll(text, &end, 10);
	if (errno || end != text + s.n)
		return false;
	*ret = value;
	return true;
}

bool str_to_double(struct str s, double *ret)
{
	char text[64];
	char *end;

	if (s.n == 0 || s.n >= sizeof text)
		return false;
	memcpy(text, s.p, s.n);
	text[s.n] = '\0';
	if (strspn(text, "0123456789+-.eE") != s.n) /* no nan, inf or hexadecimal */
		return false;
	double value = strtod(text, &end);
	if (end != text + s.n || !isfinite(value))
		return false;
	*ret = value;
	return true;
}
