// SPDX-License-Identifier: Apache-2.0
#pragma once
/*
 * The grammar of RFC 8259 under slice.h: each scan_* reads one construct and returns what follows it, or NULL
 * after noting the failure. Private to slice*.c.
 */
#include "base/base.h"
#include "base/slice.h"

#if defined(__SSE2__) && !defined(SLICE_PORTABLE)
#define SCAN_SSE2 1
#include <emmintrin.h>
#else
#define SCAN_SSE2 0
#endif

struct scan {
	const char *start;
	const char *end;
	const char *why; /* the failure, and where */
	const char *at;
};

/* Notes the first failure; returns NULL. */
const char *scan_fail(struct scan *s, const char *at, const char *why);
const char *scan_ws_slow(struct scan *s, const char *p);
/* What stops a string's plain run: an escape, characters above ASCII or a raw control character. */
const char *scan_special(struct scan *s, const char *p, uint8_t *escaped);
/* Any value at `p`, which is readable and no white space; `depth` containers are open around it. */
const char *scan_value(struct scan *s, const char *p, unsigned depth, struct slice *ret);
/* Enters one more container. */
bool scan_deeper(struct scan *s, const char *p, unsigned depth);
/* After a member or an element: at ',' moves to the next one, at `close` ends; says so in `ret_more`. */
const char *scan_separator(struct scan *s, const char *p, char close, bool *ret_more);

/* The next byte that is no white space; there must be one. */
static inline const char *scan_next(struct scan *s, const char *p)
{
	if (p < s->end && (uint8_t)*p > ' ')
		return p;
	return scan_ws_slow(s, p);
}

static inline bool scan_is_plain(char c)
{
	return (uint8_t)c >= 0x20 && (uint8_t)c < 0x80 && c != '"' && c != '\\';
}

/* The first byte that is no plain ASCII of a string, or the end. */
static inline const char *scan_plain(const char *p, const char *end)
{
#if SCAN_SSE2
	const __m128i quote = _mm_set1_epi8('"');
	const __m128i backslash = _mm_set1_epi8('\\');
	const __m128i space = _mm_set1_epi8(' ');

	for (; end - p >= 16; p += 16) {
		__m128i v = _mm_loadu_si128((const __m128i *)(const void *)p);
		/* Signed: bytes from 0x80 on are below the space, as control characters are. */
		__m128i odd = _mm_or_si128(
		    _mm_or_si128(_mm_cmpeq_epi8(v, quote), _mm_cmpeq_epi8(v, backslash)),
		    _mm_cmplt_epi8(v, space));
		unsigned mask = (unsigned)_mm_movemask_epi8(odd);

		if (mask)
			return p + __builtin_ctz(mask);
	}
#endif
	while (p < end && scan_is_plain(*p))
		p++;
	return p;
}

/* A string from behind its opening quote; returns the closing quote. */
static inline const char *scan_string(struct scan *s, const char *p, uint8_t *ret_escaped)
{
	*ret_escaped = 0;
	for (;;) {
		p = scan_plain(p, s->end);
		if (p < s->end && *p == '"')
			return p;
		p = scan_special(s, p, ret_escaped);
		if (!p)
			return NULL;
	}
}

/* From behind a member's name, at its closing quote, to its value. */
static inline const char *scan_colon(struct scan *s, const char *quote)
{
	const char *p = scan_next(s, quote + 1);

	if (p && *p != ':')
		return scan_fail(s, p, "expected a colon");
	return p ? scan_next(s, p + 1) : NULL;
}

/* Whether `n` bytes are the same; `before` lies before `p` in the same body. */
static inline bool scan_same(const struct scan *s, const char *p, const char *before, size_t n)
{
#if SCAN_SSE2
	if (n <= 16 && s->end - p >= 16) {
		__m128i a = _mm_loadu_si128((const __m128i *)(const void *)p);
		__m128i b = _mm_loadu_si128((const __m128i *)(const void *)before);
		unsigned differ = ~(unsigned)_mm_movemask_epi8(_mm_cmpeq_epi8(a, b));

		return (differ & ((1U << n) - 1)) == 0;
	}
#endif
	return (size_t)(s->end - p) >= n && memcmp(p, before, n) == 0;
}
