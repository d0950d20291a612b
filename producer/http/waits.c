// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "waits.h"

#include <utlist.h>

struct waits {
	struct loop *loop;
	struct pg *pg;
	const struct pg_statement *ended;
	struct timer *timer;
	struct wait *list;
	bool asking; /* an answer is outstanding: a slow database is not asked twice */
	bool armed;
	bool stopped;
};

static void finish(struct waits *w, struct wait *wait, bool ended)
{
	DL_DELETE(w->list, wait);
	wait->done(wait, ended);
}

/* Several may wait for the same. */
static void finish_all_of(struct waits *w, const struct uuid *id)
{
	struct wait *wait;
	struct wait *next;

	DL_FOREACH_SAFE(w->list, wait, next)
	{
		if (uuid_eq(&wait->id, id))
			finish(w, wait, true);
	}
}

static void answered(void *user, const struct pg_result *res, const struct err *err)
{
	struct waits *w = user;
	struct uuid id;

	w->asking = false;
	for (int i = 0; !err && i < pg_rows(res); i++)
		if (pg_uuid(res, i, 0, &id))
			finish_all_of(w, &id);
}

static void ask(struct waits *w)
{
	AUTO(pg_args_done) struct pg_args args = PG_ARGS;
	struct wait *wait;

	w->asking = true;
	pg_array_begin(&args, PG_UUID);
	DL_FOREACH(w->list, wait)
	{
		pg_array_uuid(&args, &wait->id);
	}
	pg_array_end(&args);
	pg_query(w->pg, w->ended, &args, answered, w);
}

static void give_up(struct waits *w)
{
	struct wait *wait;
	struct wait *next;

	DL_FOREACH_SAFE(w->list, wait, next)
	{
		if (w->stopped || wait->until_ms <= loop_now_ms(w->loop))
			finish(w, wait, false);
	}
}

static void arm(struct waits *w)
{
	if (!w->list || w->armed)
		return;
	w->armed = true;
	timer_set(w->timer, w->stopped ? 0 : WAITS_POLL_MS, 0);
}

static void tick(void *user)
{
	struct waits *w = user;

	w->armed = false;
	give_up(w);
	if (w->list && !w->asking && pg_is_up(w->pg))
		ask(w);
	arm(w);
}

struct waits *waits_new(struct loop *loop, struct pg *pg, const struct pg_statement *ended)
{
	struct waits *w = mem_zalloc(sizeof *w);

	w->loop = loop;
	w->pg = pg;
	w->ended = ended;
	w->timer = timer_new(loop, tick, w);
	return w;
}

void waits_free(struct waits *w)
{
	if (!w)
		return;
	timer_free(w->timer);
	free(w);
}

void waits_add(struct waits *w, struct wait *wait, int64_t for_ms)
{
	wait->until_ms = loop_now_ms(w->loop) + for_ms;
	DL_APPEND(w->list, wait);
	arm(w);
}

void waits_leave(struct waits *w, struct wait *wait)
{
	DL_DELETE(w->list, wait);
}

void waits_stop(struct waits *w)
{
	w->stopped = true;
	w->armed = false;
	arm(w);
}
