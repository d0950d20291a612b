// SPDX-License-Identifier: Apache-2.0
#pragma once
/* How long a provider asks to wait. Pure. */
#include "base/base.h"
#include "io/http.h"

/* An hour: longer waits are asked for by mistake more often than meant, and asking again then costs one call.
 */
#define RETRY_AFTER_MAX_MS INT64_C(3600000)

/*
 * Retry-After: seconds or an HTTP-date (RFC 9110, 10.2.3), which counts from the answer's own Date if it has
 * one. Milliseconds as retry_after_clamp leaves them; 0 when there is none.
 */
int64_t retry_after_ms(const struct http_response *res, int64_t now_us);

/* IMF-fixdate, "Sun, 06 Nov 1994 08:49:37 GMT", in seconds since 1970. */
bool http_date_s(struct str text, int64_t *ret);

/* Between 1 s and RETRY_AFTER_MAX_MS. */
int64_t retry_after_clamp(int64_t ms);
