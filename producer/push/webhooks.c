// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "webhooks_private.h"

#include "base/log.h"
#include "base/metrics.h"
#include "io/crypto.h"
#include "statements.h"

#include <utlist.h>

#define LEASE_SPARE_MS 45000 /* beyond the timeout: the way to the record and back */
#define FORGET_EVERY_MS 60000

static const struct metric_family_def tries_total = {.name = "webhook_tries_total",
    .kind = METRIC_COUNTER,
    .help = "Tries to deliver an event to a webhook.",
    .labels = {"outcome"}};
static const struct metric_family_def under_way = {
    .name = "webhook_tries_under_way", .kind = METRIC_GAUGE, .help = "Tries without an answer yet."};

static void claim(struct webhooks *w);

/* ---- recording ---- */

static int64_t next_ms(const struct delivery *d)
{
	uint16_t dice;

	if (d->verdict.gone)
		return WEBHOOK_NO_RETRY;
	crypto_random(&dice, sizeof dice);
	int64_t ms = webhook_retry_ms(
	    (int)d->tries, d->webhooks->o.retry_first_ms, (double)dice / UINT16_MAX);

	return ms == WEBHOOK_NO_RETRY ? ms : MAX(ms, d->verdict.hold_ms);
}

static void tell(const struct delivery *d, int64_t next)
{
	const char *outcome = d->verdict.delivered       ? "delivered"
	                      : next == WEBHOOK_NO_RETRY ? "given_up"
	                                                 : "failed";

	metric_add(metric_series(metrics_family(&tries_total), (const char *[]){outcome}), 1);
	log_event(next == WEBHOOK_NO_RETRY && !d->verdict.delivered ? LOG_LEVEL_WARN : LOG_LEVEL_DEBUG,
	    "webhook_try", LOG_UUID("webhook_id", &d->webhook), LOG_UUID("delivery_id", &d->id),
	    LOG_INT("try", d->tries), LOG_STR("outcome", outcome), LOG_INT("status", d->verdict.status),
	    LOG_STR("reason", d->verdict.error));
}

static void add_numbers(
    struct pg_args *a, const struct delivery *list, int64_t (*number)(const struct delivery *d), int64_t none)
{
	const struct delivery *d;

	pg_array_begin(a, PG_INT8);
	DL_FOREACH(list, d)
	{
		int64_t v = number(d);

		if (v == none)
			pg_array_null(a);
		else
			pg_array_i64(a, v);
	}
	pg_array_end(a);
}

static int64_t number_of_try(const struct delivery *d)
{
	return d->tries;
}

static int64_t status_of(const struct delivery *d)
{
	return d->verdict.status;
}

static int64_t hold_of(const struct delivery *d)
{
	return d->verdict.hold_ms;
}

static int64_t next_of(const struct delivery *d)
{
	return d->next_ms;
}

static void add_errors(struct pg_args *a, const struct delivery *list)
{
	const struct delivery *d;

	pg_array_begin(a, PG_TEXT);
	DL_FOREACH(list, d)
	{
		if (d->verdict.delivered)
			pg_array_null(a);
		else
			pg_array_text(a, str_of(d->verdict.error));
	}
	pg_array_end(a);
}

static void add_verdicts(struct pg_args *a, const struct delivery *list)
{
	const struct delivery *d;

	pg_args_clear(a);
	pg_array_begin(a, PG_UUID);
	DL_FOREACH(list, d)
	{
		pg_array_uuid(a, &d->id);
	}
	pg_array_end(a);
	add_numbers(a, list, number_of_try, -1);
	add_numbers(a, list, status_of, 0);
	add_errors(a, list);
	add_numbers(a, list, next_of, WEBHOOK_NO_RETRY);
	pg_array_begin(a, PG_BOOL);
	DL_FOREACH(list, d)
	{
		pg_array_bool(a, d->verdict.gone);
	}
	pg_array_end(a);
	add_numbers(a, list, hold_of, 0);
}

static void free_list(struct delivery **list)
{
	struct delivery *d;
	struct delivery *next;

	DL_FOREACH_SAFE(*list, d, next)
	{
		free(d);
	}
	*list = NULL;
}

static void complain(struct webhooks *w, const struct err *err)
{
	if (err && !w->failed)
		log_event(LOG_LEVEL_WARN, "webhooks_failed", LOG_ERR(err));
	w->failed = err != NULL;
}

/* What could not be recorded is recorded with what comes next. */
static void on_recorded(void *user, const struct pg_result *res, const struct err *err)
{
	struct webhooks *w = user;

	(void)res;
	complain(w, err);
	if (err) {
		DL_CONCAT(w->judged, w->recording);
		w->recording = NULL;
		return;
	}
	free_list(&w->recording);
	if (w->judged)
		gather_wake(&w->record);
	if (w->more)
		claim(w);
}

static void record(void *user)
{
	struct webhooks *w = user;

	if (w->recording || !w->judged || !pg_is_up(w->o.pg))
		return;
	gather_begun(&w->record);
	w->recording = w->judged;
	w->judged = NULL;
	add_verdicts(&w->args, w->recording);
	pg_query(w->o.pg, &sql_webhooks_record, &w->args, on_recorded, w);
}

void webhooks_judged(struct delivery *d)
{
	struct webhooks *w = d->webhooks;

	d->next_ms = next_ms(d);
	tell(d, d->next_ms);
	DL_DELETE(w->sending, d);
	metric_set(metric_plain(&under_way), (double)--w->nsending);
	DL_APPEND(w->judged, d);
	gather_wake(&w->record);
}

/* ---- claiming ---- */

static void on_claimed(void *user, const struct pg_result *res, const struct err *err)
{
	struct webhooks *w = user;

	w->claiming = false;
	complain(w, err);
	w->more = !err && pg_rows(res) > 0;
	for (int row = 0; !err && row < pg_rows(res); row++) {
		struct delivery *d = mem_zalloc(sizeof *d);

		d->webhooks = w;
		DL_APPEND(w->sending, d);
		metric_set(metric_plain(&under_way), (double)++w->nsending);
		if (!webhook_send(d, res, row))
			webhooks_judged(d);
	}
}

/* The webhooks that have deliveries under way, and how many each. */
static void add_under_way(struct webhooks *w)
{
	struct uuid webhook[WEBHOOKS_UNDER_WAY_MAX];
	int64_t count[WEBHOOKS_UNDER_WAY_MAX];
	const struct delivery *d;
	size_t n = 0;

	DL_FOREACH(w->sending, d)
	{
		size_t i = 0;

		while (i < n && !uuid_eq(&webhook[i], &d->webhook))
			i++;
		webhook[i] = d->webhook;
		count[i] = i < n ? count[i] + 1 : 1;
		n = MAX(n, i + 1);
	}
	pg_array_begin(&w->args, PG_UUID);
	for (size_t i = 0; i < n; i++)
		pg_array_uuid(&w->args, &webhook[i]);
	pg_array_end(&w->args);
	pg_array_begin(&w->args, PG_INT8);
	for (size_t i = 0; i < n; i++)
		pg_array_i64(&w->args, count[i]);
	pg_array_end(&w->args);
}

static void claim(struct webhooks *w)
{
	if (w->claiming || w->nsending >= WEBHOOKS_UNDER_WAY_MAX || !pg_is_up(w->o.pg))
		return;
	w->claiming = true;
	pg_args_clear(&w->args);
	add_under_way(w);
	pg_arg_i64(&w->args, w->o.each_max);
	pg_arg_i64(&w->args, (int64_t)(WEBHOOKS_UNDER_WAY_MAX - w->nsending));
	pg_arg_i64(&w->args, w->o.timeout_ms + LEASE_SPARE_MS);
	pg_query(w->o.pg, &sql_webhooks_claim, &w->args, on_claimed, w);
}

static void forget(struct webhooks *w)
{
	int64_t now_ms = loop_now_ms(w->loop);

	if (now_ms < w->forget_ms || !pg_is_up(w->o.pg))
		return;
	w->forget_ms = now_ms + FORGET_EVERY_MS;
	pg_args_clear(&w->args);
	pg_arg_i64(&w->args, w->o.keep_s);
	pg_query(w->o.pg, &sql_webhooks_forget, &w->args, NULL, NULL);
}

static void tick(void *user)
{
	struct webhooks *w = user;

	record(w);
	claim(w);
	forget(w);
}

struct webhooks *webhooks_new(struct loop *loop, const struct webhooks_options *o)
{
	struct webhooks *w = mem_zalloc(sizeof *w);

	w->loop = loop;
	w->o = *o;
	w->args = PG_ARGS;
	gather_init(&w->record, loop, GATHER_MS, record, w);
	w->tick = timer_new(loop, tick, w);
	timer_set(w->tick, o->tick_ms, o->tick_ms);
	return w;
}

void webhooks_free(struct webhooks *w)
{
	struct delivery *d;

	if (!w)
		return;
	DL_FOREACH(w->sending, d)
	{
		http_cancel(d->call);
	}
	free_list(&w->sending);
	free_list(&w->judged);
	free_list(&w->recording);
	gather_done(&w->record);
	timer_free(w->tick);
	pg_args_done(&w->args);
	free(w);
}
