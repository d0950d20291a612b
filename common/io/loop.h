// SPDX-License-Identifier: Apache-2.0
#pragma once
/*
 * The process's one event loop (libuv behind it). Everything runs on its thread; no callback may block.
 * Objects of the loop are freed through their own _free, which may be called from inside their callback.
 */
#include "base/base.h"

struct loop;
struct timer;

struct loop *loop_new(void);
/* Runs until loop_stop. */
void loop_run(struct loop *loop);
void loop_stop(struct loop *loop);
/* Frees the loop; every object on it must be freed before. Accepts NULL. */
void loop_free(struct loop *loop);
/* Monotonic milliseconds, read once per turn of the loop. */
int64_t loop_now_ms(const struct loop *loop);

typedef void loop_fn(void *user);

/* A timer that is not armed yet. The callback runs on the loop; repeat_ms 0 fires once. */
struct timer *timer_new(struct loop *loop, loop_fn *fn, void *user);
void timer_set(struct timer *t, int64_t after_ms, int64_t repeat_ms);
void timer_stop(struct timer *t);
/* Accepts NULL. */
void timer_free(struct timer *t);

/*
 * Work to be done once before the loop sleeps next, however often it was asked for: how callers gather what
 * one turn of the loop brings and send it at once. Embed it; zero-initialise `queued`.
 */
struct defer {
	loop_fn *fn;
	void *user;
	struct defer *next;
	bool queued;
};
void loop_defer(struct loop *loop, struct defer *d);
/* Takes a queued defer back. */
void loop_defer_cancel(struct loop *loop, struct defer *d);

/* Calls `fn` when SIGTERM or SIGINT arrives. One call per loop. */
void loop_on_terminate(struct loop *loop, loop_fn *fn, void *user);

/* For the io layer only: the uv_loop_t. */
void *loop_uv(struct loop *loop);
