// SPDX-License-Identifier: Apache-2.0
#pragma once
/* What an answer means before its records are read: the declared rules in order, then what HTTP itself says.
 * Pure. */
#include "provider.h"

struct answer {
	const struct http_response *response;
	const struct resource *resource;
	bool cursor_sent;
	int64_t now_us;
};

/*
 * Fills class, wait and reason. Class ok: the records can be read; empty: there are none, and the walk ends.
 */
void verdict_of(const struct answer *a, struct verdict *ret);

/* A verdict that is not an answer's own. */
void verdict_set(struct verdict *ret, enum verdict_class class, const char *fmt, ...) PRINTF_LIKE(3, 4);
