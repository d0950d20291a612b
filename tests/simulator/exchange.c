// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "base/clock.h"
#include "declared.h"
#include "dial.h"
#include "json.h"
#include "limit.h"
#include "route.h"
#include "simulator.h"

#define LOG_ENTRIES (1U << 20)

void simulator_init(struct simulator *sim, uint64_t seed)
{
	*sim = (struct simulator){.accounts.seed = seed, .body = BUF(BODY_MAX)};
	traffic_init(&sim->traffic, LOG_ENTRIES);
}

void simulator_done(struct simulator *sim)
{
	accounts_done(&sim->accounts);
	limits_clear(&sim->limits);
	traffic_done(&sim->traffic);
	buf_done(&sim->body);
}

void simulator_reset(struct simulator *sim)
{
	sim->drop_waiting(sim->server);
	accounts_done(&sim->accounts);
	limits_clear(&sim->limits);
	script_clear();
	traffic_reset(&sim->traffic);
}

void answer_text(struct simulator *sim, struct exchange *ex, int status, const char *json)
{
	ex->answer.status = status;
	ex->answer.body_ready = true;
	buf_clear(&sim->body);
	buf_add_text(&sim->body, json);
}

void answer_printf(struct simulator *sim, struct exchange *ex, int status, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	AUTO(mem_free_ptr) char *text = NULL;
	if (vasprintf(&text, fmt, args) < 0)
		abort();
	va_end(args);
	answer_text(sim, ex, status, text);
}

void answer_error(struct simulator *sim, struct exchange *ex, int status, const char *text)
{
	answer_text(sim, ex, status, "{\"error\":");
	json_string(&sim->body, str_of(text));
	buf_add_text(&sim->body, "}\n");
}

/* What a provider says with a status that a dial chose. */
static void status_body(struct simulator *sim, struct exchange *ex)
{
	int status = ex->answer.status;

	if (ex->answer.refusal)
		answer_text(sim, ex, status, ex->answer.refusal);
	else if (status == ex->api->expired_status)
		answer_text(sim, ex, status, ex->api->expired_body);
	else if (status == ex->api->unauthorized_status)
		answer_text(sim, ex, status, ex->api->unauthorized_body);
	else if (status == 429 && ex->api->throttled_body)
		answer_text(sim, ex, status, ex->api->throttled_body);
	else if (status < 500)
		answer_text(
		    sim, ex, status, "{\"Message\":\"Request limit reached. Please try again later.\"}");
	else
		answer_text(
		    sim, ex, status, "<!DOCTYPE html><html><body><h1>Server Error</h1></body></html>");
	if (status >= 500)
		ex->answer.type = "text/html; charset=utf-8";
}

static void flight_begin(struct simulator *sim, struct exchange *ex)
{
	struct counters *c = &sim->traffic.count;

	ex->counted = true;
	ex->account->in_flight++;
	ex->account->served++;
	c->in_flight++;
	c->max_in_flight = MAX(c->max_in_flight, c->in_flight);
}

static void flight_end(struct simulator *sim, struct exchange *ex, int status)
{
	if (!ex->logged)
		traffic_add(&sim->traffic, ex, status);
	limits_after(sim, ex);
	if (!ex->counted)
		return;
	ex->account->in_flight--;
	sim->traffic.count.in_flight--;
}

void exchange_begin(struct simulator *sim, struct exchange *ex)
{
	ex->began_ms = clock_unix_us() / 1000;
	ex->window.of = SELECT_ALL;
	buf_clear(&sim->body);
	route_begin(sim, ex);
	if (ex->answer.body_ready)
		return;
	ex->answer.delay_ms = ex->account->latency_ms;
	ex->window.asked = ex->window.start;
	flight_begin(sim, ex);
	dials_before(ex);
	limits_before(sim, ex);
	if (ex->answer.fate == FATE_HANG) { /* now: a test that waits for it to happen looks here */
		traffic_add(&sim->traffic, ex, 0);
		ex->logged = true;
	}
}

static void body_make(struct simulator *sim, struct exchange *ex)
{
	struct answer *answer = &ex->answer;

	buf_clear(&sim->body);
	if (answer->status) {
		status_body(sim, ex);
	} else {
		answer->status = 200;
		ex->api->page(sim, ex);
	}
	dials_after(sim, ex);
	if (answer->status == 200 && ex->api->record) {
		sim->traffic.count.pages++;
		ex->account->pages++;
		ex->resource->last_start = ex->window.start;
	}
}

void exchange_finish(struct simulator *sim, struct exchange *ex)
{
	if (!ex->answer.body_ready)
		body_make(sim, ex);
	sim->traffic.count.bytes += sim->body.n;
	flight_end(sim, ex, ex->answer.status);
}

void exchange_part(struct simulator *sim, struct exchange *part)
{
	part->began_ms = clock_unix_us() / 1000;
	part->window.of = SELECT_ALL;
	buf_clear(&sim->body);
	route_begin(sim, part);
	if (!part->answer.body_ready) {
		part->window.asked = part->window.start;
		dials_before(part);
		limits_before(sim, part);
		body_make(sim, part);
	}
	flight_end(sim, part, part->answer.status);
}

void exchange_abandon(struct simulator *sim, struct exchange *ex)
{
	flight_end(sim, ex, 499);
}
