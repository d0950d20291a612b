// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "limits_internal.h"

#include "backoff.h"
#include "base/json.h"
#include "base/log.h"
#include "worker.h"

#define ANSWER_MAX (4u << 20)
#define ANSWER_DEPTH 6
#define LEAD_MIN_US 3000
#define LEAD_MAX_US 200000
#define TURN_US 1000000 /* a permit that others wait for goes back after so long, */
#define AGAIN_MS 300    /* and is asked for again about so much later */
#define AGAIN_AFTER_ERROR_MS 200

static int64_t number(json_object *o, const char *name)
{
	return json_object_get_int64(json_object_object_get(o, name));
}

/* Not all at the same instant: the first one takes what there is. */
static int64_t again_us(void)
{
	return (AGAIN_MS / 2 + backoff_ms(AGAIN_MS, AGAIN_MS, 0)) * US_PER_MS;
}

static void take_turns(struct budget *b, int64_t now)
{
	if (b->turn_ends && b->turn_ends <= now) {
		b->turn_ends = b->units ? b->turn_ends : 0;
		b->blocked = now + again_us();
	} else if (b->rivals == 0) {
		b->turn_ends = 0;
	} else if (b->units && b->turn_ends == 0) {
		b->turn_ends = now + TURN_US;
	}
}

static void budget_answer(struct budget *b, json_object *said, int64_t now)
{
	int64_t wait = number(said, "wait");
	int64_t closed = number(said, "closed");

	b->rivals = number(said, "rivals");
	/* One that this worker has yet to report stays closed; others may have been opened by hand. */
	if (closed || !b->close_us)
		b->closed = closed ? now + closed : 0;
	b->expires = number(said, "expires");
	b->slot = number(said, "slot");
	b->blocked = wait ? now + wait : 0;
	if (b->rule->limit.kind == LIMIT_RATE)
		return;
	b->units = number(said, "units");
	if (b->units)
		metric_add(b->rule->leases, 1);
	if (b->rule->limit.kind == LIMIT_QUOTA)
		return;
	if (wait && !closed)
		b->blocked = now + again_us();
	take_turns(b, now);
}

static struct budget *limiting(const struct limits *l, json_object *said)
{
	json_object *place;
	size_t i = 0;

	if (json_object_object_get_ex(said, "limit", &place) && place)
		i = (size_t)json_object_get_int64(place);
	return i < l->nasked ? l->asked[i] : NULL;
}

static void lane_answer(struct limits *l, struct lane *lane, json_object *said, int64_t now)
{
	json_object *starts = json_object_object_get(said, "starts");
	int64_t wait = number(said, "wait");

	lane->batch = json_object_array_length(starts);
	for (size_t i = 0; i < lane->batch; i++)
		limit_starts_add(&lane->starts, json_object_get_int64(json_object_array_get_idx(starts, i)));
	for (size_t i = 0; lane->batch && i < lane->n; i++)
		if (lane->budget[i]->rule->limit.kind == LIMIT_RATE)
			metric_add(lane->budget[i]->rule->leases, 1);
	/* It is asked again a little before it can be had. */
	lane->blocked = lane->batch || !wait ? 0 : now + MAX(wait - l->lead_us, 1);
	lane->slow = limiting(l, said);
}

static void read_answer(struct limits *l, json_object *answer, int64_t now)
{
	json_object *budgets = json_object_object_get(answer, "budgets");
	json_object *lanes = json_object_object_get(answer, "lanes");

	for (size_t i = 0; i < l->nasked; i++)
		budget_answer(l->asked[i], json_object_array_get_idx(budgets, i), now);
	for (size_t i = 0; i < l->nlanes; i++)
		lane_answer(l, l->lane_asked[i], json_object_array_get_idx(lanes, i), now);
}

static void failed(struct limits *l, const struct err *err)
{
	log_event(LOG_LEVEL_WARN, "limits_failed", LOG_ERR(err));
	gather_hold(&l->gather, AGAIN_AFTER_ERROR_MS);
	for (size_t i = 0; i < l->nasked; i++) {
		struct budget *b = l->asked[i];

		b->close_us = l->leaving ? 0 : MAX(b->close_us, b->closing_us);
		b->units = l->leaving ? 0 : b->units;
	}
}

void limits_exchanged(void *user, const struct pg_result *res, const struct err *err)
{
	struct limits *l = user;
	AUTO(json_put_ptr) json_object *answer = NULL;
	struct err bad;
	int64_t now = limit_clock_now();

	l->busy = false;
	if (!err && json_parse(pg_str(res, 0, 0), ANSWER_MAX, ANSWER_DEPTH, &answer, &bad) != RC_OK)
		err = &bad;
	if (err) {
		failed(l, err);
	} else {
		limit_clock_sample(&l->clock, l->sent, now, number(answer, "now"));
		l->lead_us = MIN(MAX(2 * (now - l->sent), LEAD_MIN_US), LEAD_MAX_US);
		read_answer(l, answer, now);
	}
	if (l->leaving) {
		limits_exchange(l);
		return;
	}
	lanes_run(l);
	for (struct lane *lane = l->head, *next; lane; lane = next) {
		next = lane->next;
		lane_park_waiting(lane, now);
	}
	limits_wake(l);
}
