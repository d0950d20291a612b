// SPDX-License-Identifier: Apache-2.0
#pragma once
/* What an answer means before its records are read: the declared rules in order, then what HTTP itself says.
 * Pure. */
#include "provider.h"

/* An hour: longer waits are asked for by mistake more often than meant, and asking again then costs one call.
 */
#define VERDICT_WAIT_MAX_MS INT64_C(3600000)

struct answer {
	const struct http_response *response;
	const struct resource *resource;
	bool cursor_sent;
	int64_t now_us;
};

/*
 * Fills class, wait and reason. Class ok: the records can be read; empty: there are none, and the walk ends.
 * Rules look into bodies up to 64 KB: an error is not longer.
 */
void verdict_of(const struct answer *a, struct verdict *ret);

/* A verdict that is not an answer's own. */
void verdict_set(struct verdict *ret, enum verdict_class class, const char *fmt, ...) PRINTF_LIKE(3, 4);

/*
 * Retry-After: seconds or an HTTP-date (RFC 9110, 10.2.3), which counts from the answer's own Date if it has
 * one. Milliseconds within 1 s and VERDICT_WAIT_MAX_MS; 0 when there is none.
 */
int64_t verdict_retry_after_ms(const struct http_response *res, int64_t now_us);
