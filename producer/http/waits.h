// SPDX-License-Identifier: Apache-2.0
#pragma once
/*
 * Requests that wait for something to end: a sync, what a worker does for them. As long as there is anybody,
 * one statement looks every so often for all of them at once.
 */
#include "base/base.h"
#include "base/uuid.h"
#include "io/loop.h"
#include "io/pg.h"

#define WAITS_POLL_MS 100

struct waits;

/* One who waits, embedded by who makes it; it must live until `done` or waits_leave. */
struct wait {
	struct uuid id;
	/* Once, never inside waits_add; false: in vain. It may add others, but not take them back. */
	void (*done)(struct wait *wait, bool ended);
	int64_t until_ms; /* of the loop's clock */
	struct wait *prev;
	struct wait *next;
};

/*
 * `ended` is a statement that gets $1 uuid[] and returns those of them that have ended; in nobody's scope, so
 * that it asks a function that is open to callers. `pg` must outlive the waits.
 */
struct waits *waits_new(struct loop *loop, struct pg *pg, const struct pg_statement *ended);
/* Those who wait are forgotten without their callbacks. Accepts NULL. */
void waits_free(struct waits *w);
/* Waits for so many milliseconds at most; set `id` and `done` before. */
void waits_add(struct waits *w, struct wait *wait, int64_t for_ms);
/* Takes back one that is waiting. */
void waits_leave(struct waits *w, struct wait *wait);
/* From now on everybody waits in vain, and not for long: the program ends. */
void waits_stop(struct waits *w);
