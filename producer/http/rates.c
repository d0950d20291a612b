// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "rates.h"

#include "base/hash.h"

#define MINUTE_US (INT64_C(60) * 1000000)
#define SECOND_US INT64_C(1000000)

struct bucket {
	struct uuid caller;
	int64_t full_us; /* when it will be full again: the theoretical arrival time */
	UT_hash_handle hh;
};

struct rates {
	int64_t each_us; /* one call comes back in so long */
	int64_t burst;
	struct bucket *buckets;
};

struct rates *rates_new(int64_t per_minute, int64_t burst)
{
	if (per_minute == 0)
		return NULL;
	struct rates *r = mem_zalloc(sizeof *r);
	r->each_us = MAX(MINUTE_US / per_minute, 1);
	r->burst = MAX(burst, 1);
	return r;
}

void rates_free(struct rates *r)
{
	struct bucket *b;
	struct bucket *next;

	if (!r)
		return;
	HASH_FREE(r->buckets, b, next, free);
	free(r);
}

/* Taken out and put back at the end: the table's order is that of the last calls. */
static struct bucket *take_out(struct rates *r, const struct uuid *caller)
{
	struct bucket *b;

	HASH_FIND(hh, r->buckets, caller, sizeof *caller, b);
	if (b) {
		HASH_DEL(
		    r->buckets, b); // NOLINT(clang-analyzer-unix.Malloc): the analyzer loses uthash's list
		return b;
	}
	if (HASH_COUNT(r->buckets) < RATES_CALLERS_MAX) {
		b = mem_alloc(sizeof *b);
	} else {
		b = r->buckets;
		HASH_DEL(r->buckets, b); // NOLINT(clang-analyzer-unix.Malloc): as above
	}
	*b = (struct bucket){.caller = *caller};
	return b;
}

static int64_t seconds_up(int64_t us)
{
	return (us + SECOND_US - 1) / SECOND_US;
}

bool rates_take(struct rates *r, const struct uuid *caller, int64_t now_us, struct rate *ret)
{
	struct bucket *b = take_out(r, caller);
	int64_t capacity_us = r->burst * r->each_us;
	int64_t missing_us = MAX(b->full_us - now_us, 0);
	bool good = missing_us + r->each_us <= capacity_us;

	if (good) {
		missing_us += r->each_us;
		b->full_us = now_us + missing_us;
	}
	HASH_ADD(hh, r->buckets, caller, sizeof b->caller, b); // NOLINT(clang-analyzer-unix.Malloc): as above
	*ret = (struct rate){.limit = r->burst,
	    .window_s = seconds_up(capacity_us),
	    .remaining = (capacity_us - missing_us) / r->each_us,
	    .reset_s = seconds_up(missing_us),
	    .retry_after_s = good ? 0 : MAX(seconds_up(missing_us + r->each_us - capacity_us), 1)};
	return good;
}

void rate_add_headers(const struct rate *rate, struct reply *reply)
{
	if (!rate->limit)
		return;
	reply_add_header(reply, "RateLimit-Policy",
	    mem_printf("\"caller\";q=%" PRId64 ";w=%" PRId64, rate->limit, rate->window_s));
	reply_add_header(reply, "RateLimit",
	    mem_printf("\"caller\";r=%" PRId64 ";t=%" PRId64, rate->remaining, rate->reset_s));
	if (reply->status == 429)
		reply_add_header(reply, "Retry-After", mem_printf("%" PRId64, rate->retry_after_s));
}
