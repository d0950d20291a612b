// SPDX-License-Identifier: Apache-2.0
#pragma once
/*
 * The database's clock as this process knows it: an answer that carries the server's time was made between
 * the question and its arrival, so every round trip bounds the difference to our own clock from both sides.
 * Ours goes on while the process is frozen. Pure; microseconds.
 */
#include "base/base.h"

struct limit_clock {
	bool known;
	int64_t min; /* the database's time less ours is at least this, */
	int64_t max; /* and at most this, */
	int64_t at;  /* as of this reading of our clock */
};

/* CLOCK_BOOTTIME: what the functions below take as `ours`. */
int64_t limit_clock_now(void);
/* A question sent at `sent` and answered at `received` (ours) with the server's time `theirs`. */
void limit_clock_sample(struct limit_clock *c, int64_t sent, int64_t received, int64_t theirs);
/* The database's time is between these two. */
int64_t limit_clock_earliest(const struct limit_clock *c, int64_t ours);
int64_t limit_clock_latest(const struct limit_clock *c, int64_t ours);
