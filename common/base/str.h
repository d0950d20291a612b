// SPDX-License-Identifier: Apache-2.0
#pragma once
/* A slice of text that somebody else owns: input is passed as slices, output is built in a struct buf. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct str {
	const char *p;
	size_t n;
};

#define STR(literal) ((struct str){(literal), sizeof(literal) - 1})
/* For printf's "%.*s". */
#define STR_ARG(s) (int)(s).n, (s).p

static inline struct str str_of(const char *s)
{
	return (struct str){s, s ? strlen(s) : 0};
}

static inline bool str_eq(struct str a, struct str b)
{
	return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

static inline bool str_is(struct str a, const char *s)
{
	return str_eq(a, str_of(s));
}

bool str_eq_nocase(struct str a, struct str b);
bool str_starts(struct str s, struct str prefix);
struct str str_trim(struct str s);

/* Splits at the first `sep`: returns what is before it and leaves the rest in `rest` (empty when there was
 * none). */
struct str str_cut(struct str *rest, char sep);

/* Copies a text into an array, cut to fit and always ended by NUL. */
void str_copy(char *to, size_t size, const char *from);

/* The whole slice as a decimal number; false when it is anything else or does not fit. */
bool str_to_i64(struct str s, int64_t *ret);
bool str_to_double(struct str s, double *ret);

/* Levenshtein's: how many bytes to put in, take out or change. Of long texts the first 64 bytes count. */
size_t str_distance(struct str a, struct str b);

/* The value of a hexadecimal digit, or -1. */
static inline int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}
