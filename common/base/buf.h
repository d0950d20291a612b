// SPDX-License-Identifier: Apache-2.0
#pragma once
/*
 * A growing byte buffer with a ceiling that every owner must name, after curl's dynbuf. An append that would
 * pass the ceiling changes nothing and marks the buffer `full`; check once at the end with buf_ok. The bytes
 * are NUL-terminated.
 */
#include "base/base.h"

struct buf {
	char *p; /* NULL until the first append */
	size_t n;
	size_t cap;
	size_t max;
	bool full;
};

#define BUF(max_bytes) ((struct buf){.max = (max_bytes)})

void buf_init(struct buf *b, size_t max_bytes);
/* Releases the memory; the buffer is empty and usable again. Accepts a zeroed buffer. */
void buf_done(struct buf *b);
/* Empties without releasing memory. */
void buf_clear(struct buf *b);
/* Puts the text in the place of what is there; `s` must not be part of it. */
void buf_set(struct buf *b, struct str s);
/* Makes room for `n` more bytes without counting them; returns where they go, or NULL past the ceiling. */
char *buf_reserve(struct buf *b, size_t n);

void buf_add(struct buf *b, const void *p, size_t n);
void buf_add_str(struct buf *b, struct str s);
void buf_add_text(struct buf *b, const char *s);
void buf_add_char(struct buf *b, char c);
void buf_printf(struct buf *b, const char *fmt, ...) PRINTF_LIKE(2, 3);
/* Big-endian integers, as PostgreSQL's binary formats want them. */
void buf_add_be16(struct buf *b, uint16_t v);
void buf_add_be32(struct buf *b, uint32_t v);
void buf_add_be64(struct buf *b, uint64_t v);
void buf_add_hex(struct buf *b, const uint8_t *p, size_t n);

static inline bool buf_ok(const struct buf *b)
{
	return !b->full;
}

static inline struct str buf_str(const struct buf *b)
{
	return (struct str){b->p ? b->p : "", b->n};
}

/* NUL-terminated text, never NULL; owned by the buffer. */
const char *buf_text(const struct buf *b);
