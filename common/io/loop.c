// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "io/loop.h"

#include <signal.h>
#include <uv.h>

struct loop {
	uv_loop_t uv;
	uv_prepare_t prepare;
	uv_idle_t awake; /* runs while something is deferred, so that the loop does not sleep on it */
	uv_signal_t terminate[2];
	struct defer *deferred;
	struct defer **deferred_tail;
	loop_fn *on_terminate;
	void *on_terminate_user;
};

struct timer {
	uv_timer_t uv;
	loop_fn *fn;
	void *user;
};

static void stay_awake(uv_idle_t *handle)
{
	(void)handle;
}

/* Deferred work may defer again: that too is done before the loop sleeps. */
static void run_deferred(uv_prepare_t *handle)
{
	struct loop *loop = handle->data;

	while (loop->deferred) {
		struct defer *d = loop->deferred;

		loop->deferred = d->next;
		if (!loop->deferred)
			loop->deferred_tail = &loop->deferred;
		d->next = NULL;
		d->queued = false;
		d->fn(d->user);
	}
	uv_idle_stop(&loop->awake);
}

struct loop *loop_new(void)
{
	struct loop *loop = mem_zalloc(sizeof *loop);

	if (uv_loop_init(&loop->uv) != 0)
		abort();
	loop->deferred_tail = &loop->deferred;
	uv_prepare_init(&loop->uv, &loop->prepare);
	loop->prepare.data = loop;
	uv_prepare_start(&loop->prepare, run_deferred);
	uv_unref((uv_handle_t *)&loop->prepare);
	uv_idle_init(&loop->uv, &loop->awake);
	return loop;
}

void loop_run(struct loop *loop)
{
	uv_run(&loop->uv, UV_RUN_DEFAULT);
}

void loop_stop(struct loop *loop)
{
	uv_stop(&loop->uv);
}

static void close_handle(uv_handle_t *handle, void *arg)
{
	(void)arg;
	if (!uv_is_closing(handle))
		uv_close(handle, NULL);
}

void loop_free(struct loop *loop)
{
	if (!loop)
		return;
	uv_walk(&loop->uv, close_handle, NULL);
	uv_run(&loop->uv, UV_RUN_DEFAULT);
	int busy = uv_loop_close(&loop->uv);
	assert(busy == 0);
	(void)busy;
	free(loop);
}

int64_t loop_now_ms(const struct loop *loop)
{
	return (int64_t)uv_now(&loop->uv);
}

struct timer *timer_new(struct loop *loop, loop_fn *fn, void *user)
{
	struct timer *t = mem_zalloc(sizeof *t);

	t->fn = fn;
	t->user = user;
	uv_timer_init(&loop->uv, &t->uv);
	return t;
}

static void timer_fired(uv_timer_t *handle)
{
	struct timer *t = CONTAINER_OF(handle, struct timer, uv);

	t->fn(t->user);
}

void timer_set(struct timer *t, int64_t after_ms, int64_t repeat_ms)
{
	/* libuv 1.44 runs timers until none is due, before it reads: one that sets itself to now would spin.
	 */
	uv_timer_start(&t->uv, timer_fired, (uint64_t)MAX(after_ms, 1), (uint64_t)MAX(repeat_ms, 0));
}

void timer_stop(struct timer *t)
{
	uv_timer_stop(&t->uv);
}

static void timer_closed(uv_handle_t *handle)
{
	free(CONTAINER_OF(handle, struct timer, uv));
}

void timer_free(struct timer *t)
{
	if (t)
		uv_close((uv_handle_t *)&t->uv, timer_closed);
}

void loop_defer(struct loop *loop, struct defer *d)
{
	if (d->queued)
		return;
	uv_idle_start(&loop->awake, stay_awake);
	d->queued = true;
	d->next = NULL;
	*loop->deferred_tail = d;
	loop->deferred_tail = &d->next;
}

void loop_defer_cancel(struct loop *loop, struct defer *d)
{
	if (!d->queued)
		return;
	for (struct defer **at = &loop->deferred; *at; at = &(*at)->next) {
		if (*at != d)
			continue;
		*at = d->next;
		if (loop->deferred_tail == &d->next)
			loop->deferred_tail = at;
		break;
	}
	d->queued = false;
}

static void terminate_signal(uv_signal_t *handle, int signum)
{
	struct loop *loop = handle->data;

	(void)signum;
	loop->on_terminate(loop->on_terminate_user);
}

void loop_on_terminate(struct loop *loop, loop_fn *fn, void *user)
{
	static const int signals[] = {SIGTERM, SIGINT};

	loop->on_terminate = fn;
	loop->on_terminate_user = user;
	for (size_t i = 0; i < ARRAY_SIZE(signals); i++) {
		uv_signal_init(&loop->uv, &loop->terminate[i]);
		loop->terminate[i].data = loop;
		uv_signal_start(&loop->terminate[i], terminate_signal, signals[i]);
		uv_unref((uv_handle_t *)&loop->terminate[i]);
	}
}

void *loop_uv(struct loop *loop)
{
	return &loop->uv;
}
