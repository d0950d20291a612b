// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "base/buf.h"

#include <endian.h>

#define BUF_FIRST 64 /* bytes of the first allocation */

void buf_init(struct buf *b, size_t max_bytes)
{
	*b = BUF(max_bytes);
}

void buf_done(struct buf *b)
{
	free(b->p);
	*b = BUF(b->max);
}

void buf_clear(struct buf *b)
{
	b->n = 0;
	b->full = false;
	if (b->p)
		b->p[0] = '\0';
}

void buf_set(struct buf *b, struct str s)
{
	buf_clear(b);
	buf_add_str(b, s);
}

char *buf_reserve(struct buf *b, size_t n)
{
	if (b->full || n > b->max - b->n) {
		b->full = true;
		return NULL;
	}
	if (b->n + n + 1 > b->cap) {
		size_t cap = b->cap ? b->cap : BUF_FIRST;

		while (cap < b->n + n + 1)
			cap *= 2;
		b->p = mem_realloc(b->p, cap);
		b->cap = cap;
	}
	return b->p + b->n;
}

void buf_add(struct buf *b, const void *p, size_t n)
{
	char *at = buf_reserve(b, n);

	if (!at)
		return;
	if (n)
		memcpy(at, p, n);
	at[n] = '\0';
	b->n += n;
}

void buf_add_str(struct buf *b, struct str s)
{
	buf_add(b, s.p, s.n);
}

void buf_add_text(struct buf *b, const char *s)
{
	buf_add(b, s, strlen(s));
}

void buf_add_char(struct buf *b, char c)
{
	buf_add(b, &c, 1);
}

void buf_printf(struct buf *b, const char *fmt, ...)
{
	va_list args;
	va_list again;

	va_start(args, fmt);
	va_copy(again, args);
	int n = vsnprintf(NULL, 0, fmt, args);
	va_end(args);
	char *at = n < 0 ? NULL : buf_reserve(b, (size_t)n);
	if (at) {
		vsnprintf(at, (size_t)n + 1, fmt, again);
		b->n += (size_t)n;
	}
	va_end(again);
}

void buf_add_be16(struct buf *b, uint16_t v)
{
	v = htobe16(v);
	buf_add(b, &v, sizeof v);
}

void buf_add_be32(struct buf *b, uint32_t v)
{
	v = htobe32(v);
	buf_add(b, &v, sizeof v);
}

void buf_add_be64(struct buf *b, uint64_t v)
{
	v = htobe64(v);
	buf_add(b, &v, sizeof v);
}

void buf_add_hex(struct buf *b, const uint8_t *p, size_t n)
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < n; i++) {
		buf_add_char(b, digits[p[i] >> 4]);
		buf_add_char(b, digits[p[i] & 15]);
	}
}

const char *buf_text(const struct buf *b)
{
	return b->p ? b->p : "";
}
