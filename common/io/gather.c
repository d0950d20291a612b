// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "io/gather.h"

static void due(void *user)
{
	struct gather *g = user;

	g->armed_ms = 0;
	gather_wake(g); /* a rest may have begun since */
}

void gather_init(struct gather *g, struct loop *loop, int64_t gap_ms, loop_fn *fn, void *user)
{
	*g = (struct gather){.loop = loop, .run = {.fn = fn, .user = user}, .gap_ms = gap_ms};
	g->timer = timer_new(loop, due, g);
}

void gather_done(struct gather *g)
{
	loop_defer_cancel(g->loop, &g->run);
	timer_free(g->timer);
}

static void disarm(struct gather *g)
{
	if (g->armed_ms)
		timer_stop(g->timer);
	g->armed_ms = 0;
}

static void run_at(struct gather *g, int64_t ms)
{
	int64_t wait = ms - loop_now_ms(g->loop);

	if (g->armed_ms && g->armed_ms <= ms)
		return;
	if (wait <= 0) {
		disarm(g);
		loop_defer(g->loop, &g->run);
		return;
	}
	g->armed_ms = ms;
	timer_set(g->timer, wait, 0);
}

void gather_wake(struct gather *g)
{
	run_at(g, g->next_ms);
}

void gather_join(struct gather *g)
{
	run_at(g, MAX(g->next_ms, loop_now_ms(g->loop) + GATHER_JOIN_MS));
}

void gather_begun(struct gather *g)
{
	g->begun_ms = loop_now_ms(g->loop);
	gather_hold(g, g->gap_ms);
}

void gather_hold(struct gather *g, int64_t ms)
{
	g->next_ms = loop_now_ms(g->loop) + ms;
	if (!g->armed_ms)
		return;
	disarm(g);
	gather_wake(g);
}

void gather_rest(struct gather *g)
{
	int64_t now = loop_now_ms(g->loop);

	g->next_ms = MAX(g->next_ms, now + MIN(now - g->begun_ms, GATHER_REST_MAX_MS));
}
