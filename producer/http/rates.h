// SPDX-License-Identifier: Apache-2.0
#pragma once
/*
 * How often a caller may call: GCRA (ITU-T I.371, annex A), which is a bucket of `burst` calls that refills
 * evenly, kept as one instant a caller. In memory of this process: each producer counts for itself.
 */
#include "base/base.h"
#include "base/uuid.h"
#include "reply.h"

#define RATES_CALLERS_MAX 65536 /* at a time; beyond, who called longest ago is forgotten */

struct rates;

/* What a call left. `limit` 0: nothing was counted. */
struct rate {
	int64_t limit;         /* calls in a full bucket */
	int64_t window_s;      /* in which an empty one refills */
	int64_t remaining;     /* calls that may be made now */
	int64_t reset_s;       /* until the bucket is full again */
	int64_t retry_after_s; /* of a refused call: until one may be made */
};

/* NULL when per_minute is 0. */
struct rates *rates_new(int64_t per_minute, int64_t burst);
/* Accepts NULL. */
void rates_free(struct rates *r);
/* Counts a call; false when it is one too many, and it was not counted. `now_us` never goes back. */
bool rates_take(struct rates *r, const struct uuid *caller, int64_t now_us, struct rate *ret) MUST_USE;
/* RateLimit-Policy and RateLimit (draft-ietf-httpapi-ratelimit-headers-10), and Retry-After of a 429. */
void rate_add_headers(const struct rate *rate, struct reply *reply);
