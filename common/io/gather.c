// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "io/gather.h"

static void due(void *user)
{
	struct gather *g = user;

	g->armed = false;
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

void gather_wake(struct gather *g)
{
	int64_t wait = g->next_ms - loop_now_ms(g->loop);

	if (g->armed)
		return;
	if (wait <= 0) {
		loop_defer(g->loop, &g->run);
		return;
	}
	g->armed = true;
	timer_set(g->timer, wait, 0);
}

void gather_begun(struct gather *g)
{
	g->begun_ms = loop_now_ms(g->loop);
	gather_hold(g, g->gap_ms);
}

void gather_hold(struct gather *g, int64_t ms)
{
	g->next_ms = loop_now_ms(g->loop) + ms;
	if (!g->armed)
		return;
	g->armed = false;
	timer_stop(g->timer);
	gather_wake(g);
}

void gather_rest(struct gather *g)
{
	int64_t now = loop_now_ms(g->loop);

	g->next_ms = MAX(g->next_ms, now + MIN(now - g->begun_ms, GATHER_REST_MAX_MS));
}
