// SPDX-License-Identifier: Apache-2.0
#pragma once
/*
 * Work that a burst of wakes brings, done together: the first wake after a rest runs it before the loop
 * sleeps, those soon after it wait until `gap_ms` have passed since it last began. So a lone wake waits
 * for nothing, and under load a transaction carries what came meanwhile instead of each its own. But the
 * first of a wave would go alone and leave the others to wait for the next turn: it is to join them.
 */
#include "io/loop.h"

/*
 * Between two transactions of a kind. At 1,000 syncs a second 8 instead of 5 takes a quarter of PostgreSQL's
 * CPU away, and latencies fall with it; at 12 the wait itself shows.
 */
#define GATHER_MS INT64_C(8)
#define GATHER_REST_MAX_MS INT64_C(20)
#define GATHER_JOIN_MS INT64_C(2)

struct gather {
	struct loop *loop;
	struct defer run;
	struct timer *timer;
	int64_t gap_ms;
	int64_t begun_ms;
	int64_t next_ms;  /* not before, by the loop's clock */
	int64_t armed_ms; /* when the timer rings; 0: it is not set */
};

void gather_init(struct gather *g, struct loop *loop, int64_t gap_ms, loop_fn *fn, void *user);
void gather_done(struct gather *g);
void gather_wake(struct gather *g);
/* The same where others are about to come: waits up to GATHER_JOIN_MS for them, or until gather_wake. */
void gather_join(struct gather *g);
/* Not again within `ms` from now, whatever was said before: it has just failed; or 0: at once. */
void gather_hold(struct gather *g, int64_t ms);
/* For the callback: the work begins; without it a wake was for nothing, and the next one is not held back. */
void gather_begun(struct gather *g);
/*
 * The work that began is over: the next rests for as long as this one took, up to GATHER_REST_MAX_MS. Not for
 * work on whose end depends what comes next, such as answers to callers. So the busier the database, the
 * fewer and fatter the transactions, while a quick one costs the next hardly anything.
 */
void gather_rest(struct gather *g);
