// SPDX-License-Identifier: Apache-2.0
#pragma once
/* Identifiers: UUID version 7 (RFC 9562, section 5.7): 48 bits of Unix milliseconds, then random bits. */
#include "base/base.h"

#define UUID_TEXT_LEN 36

struct uuid {
	uint8_t b[16];
};

/* A new time-ordered identifier. The random bits come from getrandom(2). */
struct uuid uuid_new(void);
/* Canonical lower-case text with its NUL. */
void uuid_format(const struct uuid *id, char ret[UUID_TEXT_LEN + 1]);
/* Accepts the canonical form only (upper or lower case). */
bool uuid_parse(struct str text, struct uuid *ret);

static inline bool uuid_eq(const struct uuid *a, const struct uuid *b)
{
	return memcmp(a, b, sizeof *a) == 0;
}
