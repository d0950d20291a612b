// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "declared.h"

#define DAY_S INT64_C(86400)
#define CALM_MAX 8 /* windows of a halved step that come to their end before it is doubled again */

static int64_t floor_to(int64_t us, int64_t unit_us)
{
	return us - us % unit_us;
}

static int64_t step_of(const struct walk *w)
{
	return w->resource->window.step_s * US_PER_S;
}

/* What the provider is asked with has no smaller parts. */
static int64_t unit_of(const struct walk *w)
{
	return (w->resource->incremental.format == SINCE_DATE ? DAY_S : 1) * US_PER_S;
}

static bool replaces(const struct walk *w)
{
	return w->resource->window.replace;
}

/* Where the windows end that are replaced together. */
static int64_t slot_end(const struct walk *w, const struct position *p)
{
	return replaces(w) ? MIN(p->slot_us + step_of(w), p->until_us) : p->until_us;
}

static void enter(const struct walk *w, struct position *p, int64_t from)
{
	int64_t slot = replaces(w) ? step_of(w) : 0;
	if (slot && from % slot == 0) {
		p->slot_us = from;
		p->attempt = w->now_us;
		p->shown = 0;
	}
	p->window_from_us = from;
	p->window_to_us = MIN(from + p->step_us, slot_end(w, p));
	list_enter(w, p, PHASE_RECORDS);
	buf_clear(&p->after);
}

/* Slots are replaced whole: a bound in the middle of one is none. */
static int64_t end_of_last(const struct walk *w, const struct position *p)
{
	int64_t now = p->started_us - w->resource->incremental.holdback_s * US_PER_S;
	int64_t unit = unit_of(w);
	int64_t wanted = w->to_us ? MIN(w->to_us, now) : now;
	if (replaces(w) && wanted < now)
		wanted = MIN(floor_to(wanted + step_of(w) - 1, step_of(w)), now);
	return unit == US_PER_S ? floor_to(wanted, unit) : floor_to(wanted + unit - 1, unit);
}

void window_first(const struct walk *w, struct position *p)
{
	if (!w->resource->window.step_s)
		return;
	int64_t unit = unit_of(w);
	p->until_us = end_of_last(w, p);
	int64_t from = p->since_us ? p->since_us : p->until_us - w->resource->window.back_s * US_PER_S;
	from = floor_to(MAX(from, 0), replaces(w) ? step_of(w) : unit);
	if (from >= p->until_us) /* something is asked for, so that the walk comes to an end */
		p->until_us = from + unit;
	p->step_us = step_of(w);
	p->tries = p->calm = 0;
	enter(w, p, from);
}

bool window_next(const struct walk *w, struct position *p)
{
	if (!w->resource->window.step_s || p->window_to_us >= p->until_us)
		return false;
	p->tries = 0;
	if (p->step_us < step_of(w) && ++p->calm >= CALM_MAX) {
		p->step_us = MIN(p->step_us * 2, step_of(w));
		p->calm = 0;
	}
	enter(w, p, p->window_to_us);
	return true;
}

static int64_t half_of(const struct walk *w, const struct position *p)
{
	int64_t unit = unit_of(w);
	int64_t min = w->resource->window.min_s ? w->resource->window.min_s * US_PER_S : step_of(w);
	return MAX(floor_to((p->window_to_us - p->window_from_us) / 2, unit), MAX(min, unit));
}

bool window_is_wide(const struct walk *w, const struct position *p)
{
	return w->resource->window.step_s && half_of(w, p) < p->window_to_us - p->window_from_us;
}

void window_again(const struct walk *w, struct position *p)
{
	if (window_is_wide(w, p))
		p->step_us = half_of(w, p);
	p->calm = 0;
	enter(w, p, replaces(w) ? p->slot_us : p->window_from_us);
}

bool window_ends_slot(const struct walk *w, const struct position *p)
{
	return replaces(w) && p->phase != PHASE_DELETED && p->window_to_us >= slot_end(w, p);
}
