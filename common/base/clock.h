// SPDX-License-Identifier: Apache-2.0
#pragma once
/* Time: microseconds since 1970 UTC for instants, monotonic milliseconds for waits. */
#include "base/base.h"

#define US_PER_MS INT64_C(1000)
#define US_PER_S INT64_C(1000000)
#define US_PER_DAY (86400 * US_PER_S)
#define CLOCK_TEXT_LEN 27 /* 2026-11-20T12:34:56.000000Z */

int64_t clock_unix_us(void);
int64_t clock_mono_ms(void);
int64_t clock_mono_us(void);

/* RFC 3339 in UTC with six digits and Z. */
void clock_format(int64_t unix_us, char ret[CLOCK_TEXT_LEN + 1]);

/*
 * Reads an RFC 3339 date-time. `naive_utc` also takes a text without a zone ("2026-04-04T00:00:00") and reads
 * it as UTC; offsets may be written +05:30 or +0530; a missing time part means midnight. Digits after
 * microseconds are dropped.
 */
bool clock_parse(struct str text, bool naive_utc, int64_t *ret_unix_us);

/* Days since 1970-01-01 of a civil date (proleptic Gregorian). */
int64_t clock_days_from_civil(int64_t year, int month, int day);
