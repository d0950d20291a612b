// SPDX-License-Identifier: Apache-2.0
#pragma once
/*
 * A lease of a rate: instants by the database's clock at which a call may start. Each is good for a short
 * while only: a late one is discarded, so that a worker that was frozen does not burst. Pure; microseconds.
 */
#include "base/base.h"
#include "sync/declaration.h"

/* How a declared rate is spread. */
struct limit_pace {
	double interval_us; /* between two starts */
	int64_t window_us;  /* of a full period without a call */
	int64_t valid_us;   /* a start may be so late */
	int64_t burst;      /* starts at once after such a rest */
	bool refills; /* the provider's bucket is greater than the period's count: it refills while drawn from
	               */
};

/*
 * `count` starts span the period and a margin, a part of which is what a start may be late, the rest what the
 * network may compress. So no window of the period sees more than `count` requests arrive.
 */
void limit_pace_of(const struct limit *l, struct limit_pace *ret);

/* Sorted, the earliest first. Zero-initialise; release with limit_starts_done. */
struct limit_starts {
	int64_t *at;
	size_t first;
	size_t n; /* behind the last one */
	size_t cap;
};

void limit_starts_done(struct limit_starts *s);
void limit_starts_add(struct limit_starts *s, int64_t at);
void limit_starts_clear(struct limit_starts *s);
size_t limit_starts_count(const struct limit_starts *s);
/* The earliest, or INT64_MAX. */
int64_t limit_starts_next(const struct limit_starts *s);
/* Drops those that the database's time `latest` may have passed by more than `valid_us`; returns how many. */
size_t limit_starts_discard(struct limit_starts *s, int64_t latest, int64_t valid_us);
/* Takes the earliest if the database's time `earliest` has surely reached it. Discard first. */
bool limit_starts_take(struct limit_starts *s, int64_t earliest);
