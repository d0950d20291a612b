// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "limit_starts.h"
#include "base/clock.h"

#include <math.h>

#define MARGIN 0.065  /* of the period: at 10 calls a second 9.4 are left */
#define LATE_PART 0.6 /* of the margin that a start may be late; the rest is for the way to the provider */
#define MARGIN_MIN_US 10000
#define MARGIN_MAX_US 1000000
#define VALID_MAX_US 10000000

/* A bucket that holds more than a period's count: one of its places is kept free, since a start that is late
 * by up to an interval loses the refill of a full bucket. */
static void pace_bucket(const struct limit *l, struct limit_pace *ret)
{
	double interval = l->period_s * US_PER_S / l->count;
	double margin = MIN(MAX(interval * MARGIN, MARGIN_MIN_US), MARGIN_MAX_US);

	*ret = (struct limit_pace){
	    .interval_us = interval + margin,
	    .window_us = (int64_t)(interval * (double)l->burst),
	    .valid_us = (int64_t)MIN(interval / 2, VALID_MAX_US),
	    .burst = MAX(l->burst - 1, 1),
	    .refills = true,
	};
}

void limit_pace_of(const struct limit *l, struct limit_pace *ret)
{
	double count = MAX(floor(l->count), 1);
	double period = l->period_s * US_PER_S * count / l->count;
	double margin = MIN(MAX(period * MARGIN, MARGIN_MIN_US), MARGIN_MAX_US);

	if ((double)l->burst > count) {
		pace_bucket(l, ret);
		return;
	}
	*ret = (struct limit_pace){
	    .interval_us = (period + margin) / count,
	    .window_us = (int64_t)(period + margin),
	    .valid_us = (int64_t)(margin * LATE_PART),
	    .burst = l->burst ? l->burst : (int64_t)count,
	};
}

void limit_starts_done(struct limit_starts *s)
{
	free(s->at);
	*s = (struct limit_starts){0};
}

void limit_starts_clear(struct limit_starts *s)
{
	s->first = s->n = 0;
}

size_t limit_starts_count(const struct limit_starts *s)
{
	return s->n - s->first;
}

void limit_starts_add(struct limit_starts *s, int64_t at)
{
	size_t i;

	if (s->first) {
		memmove(s->at, s->at + s->first, limit_starts_count(s) * sizeof *s->at);
		s->n -= s->first;
		s->first = 0;
	}
	if (s->n == s->cap) {
		s->cap = s->cap ? 2 * s->cap : 16;
		s->at = mem_realloc(s->at, s->cap * sizeof *s->at);
	}
	for (i = s->n++; i > 0 && s->at[i - 1] > at; i--)
		s->at[i] = s->at[i - 1];
	s->at[i] = at;
}

int64_t limit_starts_next(const struct limit_starts *s)
{
	return s->first < s->n ? s->at[s->first] : INT64_MAX;
}

size_t limit_starts_discard(struct limit_starts *s, int64_t latest, int64_t valid_us)
{
	size_t before = s->first;

	while (s->first < s->n && s->at[s->first] + valid_us < latest)
		s->first++;
	return s->first - before;
}

bool limit_starts_take(struct limit_starts *s, int64_t earliest)
{
	if (limit_starts_next(s) > earliest)
		return false;
	s->first++;
	return true;
}
