// SPDX-License-Identifier: Apache-2.0
#pragma once
/* Counts and latencies of one run, and the JSON line that says them. */
#include "base/base.h"

struct tally {
	int64_t start_us; /* end of the warm-up */
	int64_t end_us;
	uint64_t sent; /* all counters but `lost` are of requests after the warm-up */
	uint64_t accepted;
	uint64_t accepted_in_time; /* before the end */
	uint64_t rejected;
	uint64_t lost; /* broken connections */
	uint64_t completed;
	uint64_t failed;
	uint64_t repeated;   /* events of syncs that had ended before, and of nobody's */
	int64_t last_us;     /* when the last end was seen */
	uint64_t *by_second; /* ends seen in each second after start_us, counted requests or not */
	size_t nseconds;
	double *latency_ms;
	size_t nlatencies;
	size_t cap;
	char refusal[256]; /* the first one */
};

void tally_init(struct tally *tally, int64_t start_us, int64_t seconds);
void tally_done(struct tally *tally);
/* An end was seen; `latency_us` < 0 when its request was a warm-up's. */
void tally_end(struct tally *tally, int64_t now_us, int64_t latency_us, bool completed);
void tally_refusal(struct tally *tally, int status, struct str body);
/* Prints one JSON object; `unfinished` syncs never ended. */
void tally_print(struct tally *tally, size_t unfinished);
