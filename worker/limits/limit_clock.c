// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "limit_clock.h"

#include "base/clock.h"

#define DRIFT_PPM 200 /* two machines' clocks while they are slewed (adjtimex allows 500 for one of them) */

int64_t limit_clock_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_BOOTTIME, &t);
	return t.tv_sec * US_PER_S + t.tv_nsec / 1000;
}

static int64_t drift(const struct limit_clock *c, int64_t ours)
{
	return (ours - c->at) * DRIFT_PPM / 1000000;
}

void limit_clock_sample(struct limit_clock *c, int64_t sent, int64_t received, int64_t theirs)
{
	int64_t min = theirs - received;
	int64_t max = theirs - sent;

	if (c->known) {
		int64_t d = drift(c, received);
		int64_t both_min = MAX(min, c->min - d);
		int64_t both_max = MIN(max, c->max + d);

		/* They contradict each other when one of the clocks was set: the newer one is right. */
		if (both_min <= both_max) {
			min = both_min;
			max = both_max;
		}
	}
	*c = (struct limit_clock){.known = true, .min = min, .max = max, .at = received};
}

int64_t limit_clock_earliest(const struct limit_clock *c, int64_t ours)
{
	return ours + c->min - drift(c, ours);
}

int64_t limit_clock_latest(const struct limit_clock *c, int64_t ours)
{
	return ours + c->max + drift(c, ours);
}
