// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <strings.h>

#define DISTANCE_MAX 64 /* bytes of names that are compared */

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

/* One row of the table at a time. */
size_t str_distance(struct str a, struct str b)
{
	size_t row[DISTANCE_MAX + 1];

	a.n = MIN(a.n, DISTANCE_MAX);
	b.n = MIN(b.n, DISTANCE_MAX);
	for (size_t j = 0; j <= b.n; j++)
		row[j] = j;
	for (size_t i = 1; i <= a.n; i++) {
		size_t diagonal = row[0];

		row[0] = i;
		for (size_t j = 1; j <= b.n; j++) {
			size_t change = diagonal + (a.p[i - 1] != b.p[j - 1]);

			diagonal = row[j];
			row[j] = MIN(change, MIN(row[j], row[j - 1]) + 1);
		}
	}
	return row[b.n];
}
