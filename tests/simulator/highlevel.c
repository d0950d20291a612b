// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "base/clock.h"
#include "api.h"
#include "api_private.h"
#include "highlevel.h"
#include "template.h"
#include "token.h"

#define BANK 512
#define PAGE_SIZE_DEFAULT 10
#define PAGE_SIZE_MAX 50
#define VOICE_VERSION "2021-04-15"
#define LOCATION_VERSION "2021-07-28"

static struct template_bank *bank;

void highlevel_init(uint64_t seed)
{
	bank = template_bank_new(BANK, mix(seed ^ 'h'), call_text);
}

void highlevel_done(void)
{
	template_bank_free(bank);
}

bool highlevel_serves(struct str resource)
{
	return str_is(resource, HIGHLEVEL_CALLS);
}

static uint64_t text_of(const struct account *account, uint64_t i)
{
	return mix(account->salt + i);
}

static void record(struct account *account, struct resource *resource, uint64_t i, struct buf *ret)
{
	struct facts facts = facts_of(account, resource, 'h', i);

	template_fill(bank, text_of(account, i), &facts, ret);
}

static void record_id(struct account *account, struct resource *resource, uint64_t i, struct buf *ret)
{
	char id[HIGHLEVEL_ID_LEN];

	(void)resource;
	highlevel_id(account, 'h', i, id);
	buf_add(ret, id, sizeof id);
}

static bool is_trial(const struct account *account, uint64_t i)
{
	return template_holds(bank, text_of(account, i), "\"trialCall\":true");
}

static bool is_live(const struct account *account, uint64_t i)
{
	return !is_trial(account, i);
}

static void page(struct simulator *sim, struct exchange *ex)
{
	const struct window *w = &ex->window;
	uint64_t n = view_get(ex->account, ex->resource, &w->of)->n;
	uint64_t from = MIN(n, page_loop_start(w));
	uint64_t to = MIN(n, from + w->limit);

	buf_printf(&sim->body,
	    "{\"total\":%" PRIu64 ",\"page\":%" PRIu64 ",\"pageSize\":%" PRIu64 ",\"callLogs\":[",
	    w->loop ? w->asked + 2 * w->limit : n, w->asked / w->limit + 1, w->limit);
	page_records(sim, ex, from, to);
	buf_printf(&sim->body, "],\"traceId\":\"%016" PRIx64 "\"}", mix(sim->traffic.seq + 1));
}

#define HIGHLEVEL_CALL                                                                                       \
	.name = "highlevel", .id_key = "\"id\":\"", .text_key = "\"summary\":\"", .expired_status = 401,     \
	.expired_body = HIGHLEVEL_INVALID_TOKEN, .unauthorized_status = 401,                                 \
	.unauthorized_body = "{\"statusCode\":401,\"message\":\"Invalid JWT\",\"error\":\"Unauthorized\"}",  \
	.throttled_body = "{\"statusCode\":429,\"message\":\"Too many requests\"}",                          \
	.forbidden_body =                                                                                    \
	    "{\"statusCode\":403,\"message\":\"The token does not have access to this location.\"}"

const struct api HIGHLEVEL = {HIGHLEVEL_CALL, .page = page, .record = record, .id = record_id};

/* ---- who may ask, and how often ---- */

void highlevel_fail(struct simulator *sim, struct exchange *ex, int status, const char *message)
{
	static const char *const errors[] = {
	    [401 - 400] = "Unauthorized", [404 - 400] = "Not Found", [422 - 400] = "Unprocessable Entity"};
	const char *error = status >= 400 && (size_t)status - 400 < ARRAY_SIZE(errors) ? errors[status - 400]
	                                                                               : NULL;

	if (status == 422)
		answer_printf(sim, ex, status, "{\"statusCode\":422,\"message\":[\"%s\"],\"error\":\"%s\"}",
		    message, error);
	else if (error)
		answer_printf(sim, ex, status, "{\"statusCode\":%d,\"message\":\"%s\",\"error\":\"%s\"}",
		    status, message, error);
	else
		answer_printf(sim, ex, status, "{\"statusCode\":%d,\"message\":\"%s\"}", status, message);
}

/* Counts by fixed intervals, and tells as the headers do. False: one too many. */
static bool within_rate(struct simulator *sim, struct exchange *ex)
{
	struct highlevel_settings *h = &ex->account->highlevel;
	int64_t now_ms = clock_mono_us() / 1000;

	if (now_ms >= h->interval_began_ms + h->rate_ms) {
		h->interval_began_ms = now_ms;
		h->calls = 0;
	}
	bool good = h->calls < h->rate_max && h->calls_of_day < h->daily_max;
	h->calls += good;
	h->calls_of_day += good;
	snprintf(ex->answer.headers, sizeof ex->answer.headers,
	    "X-RateLimit-Limit-Daily: %" PRId64 "\r\nX-RateLimit-Daily-Remaining: %" PRId64
	    "\r\nX-RateLimit-Interval-Milliseconds: %" PRId64 "\r\nX-RateLimit-Max: %" PRId64
	    "\r\nX-RateLimit-Remaining: %" PRId64 "\r\n",
	    h->daily_max, MAX(h->daily_max - h->calls_of_day, 0), h->rate_ms, h->rate_max,
	    MAX(h->rate_max - h->calls, 0));
	if (!good)
		answer_text(sim, ex, 429, HIGHLEVEL.throttled_body);
	return good;
}

static bool admit(struct simulator *sim, struct exchange *ex, const char *old_version)
{
	struct str version = request_header(&ex->req, STR("version"));

	if (!version.n)
		highlevel_fail(sim, ex, 401, "version header was not found.");
	else if (!str_is(version, old_version) && !str_is(version, "v3"))
		highlevel_fail(sim, ex, 401, "version header is invalid.");
	else if (token_admit(sim, ex)) {
		const struct highlevel_settings *h = &ex->account->highlevel;

		if (h->revoked)
			answer_text(sim, ex, 401, HIGHLEVEL_INVALID_TOKEN);
		else if (h->unscoped && strcmp(old_version, VOICE_VERSION) == 0)
			highlevel_fail(sim, ex, 401, "The token is not authorized for this scope.");
		else if (h->paused)
			highlevel_fail(sim, ex, 400, "Location is not active");
		else
			return within_rate(sim, ex);
	}
	return false;
}

/* The location of an account is its name. */
static bool location_fits(struct simulator *sim, struct exchange *ex)
{
	char location[PARAM_MAX];

	if (!request_param(ex->req.query, "locationId", location) || !location[0])
		highlevel_fail(sim, ex, 422, "locationId must be a string");
	else if (strcmp(location, ex->account->name) != 0)
		answer_text(sim, ex, 403, HIGHLEVEL.forbidden_body);
	else
		return true;
	return false;
}

/* ---- what is asked for ---- */

static const char *dates_read(struct str query, struct selection *of)
{
	char text[PARAM_MAX];
	int64_t start = -1;
	int64_t end = -1;

	if (!request_number(query, "startDate", 0, INT64_MAX / 1000, &start) ||
	    !request_number(query, "endDate", 0, INT64_MAX / 1000, &end))
		return "startDate and endDate must be numbers";
	if (request_param(query, "startDate", text) != request_param(query, "endDate", text))
		return "Both startDate and endDate must be provided together";
	if (start < 0)
		return NULL;
	if (start >= end)
		return "startDate must be less than endDate";
	of->created_since_us = start * 1000;
	of->created_before_us = end * 1000;
	return NULL;
}

static const char *order_read(struct str query, struct selection *of)
{
	char by[PARAM_MAX] = "";
	char direction[PARAM_MAX] = "descend";

	of->order = ORDER_ID; /* ids are in the order of creation */
	of->descending = true;
	if (!request_param(query, "sortBy", by))
		return NULL;
	request_param(query, "sort", direction);
	if (strcmp(by, "duration") == 0)
		return "sortBy duration is not simulated";
	if (strcmp(by, "createdAt") != 0)
		return "sortBy must be one of the following values: duration, createdAt";
	if (strcmp(direction, "ascend") != 0 && strcmp(direction, "descend") != 0)
		return "sort must be one of the following values: ascend, descend";
	of->descending = strcmp(direction, "descend") == 0;
	return NULL;
}

static const char *filters_read(struct str query, struct selection *of)
{
	static const char *const others[] = {"agentId", "contactId", "actionType"};
	char text[PARAM_MAX];

	for (size_t i = 0; i < ARRAY_SIZE(others); i++)
		if (request_param(query, others[i], text))
			return "this filter is not simulated";
	if (!request_param(query, "callType", text))
		return NULL;
	if (strcmp(text, "LIVE") != 0 && strcmp(text, "TRIAL") != 0)
		return "callType must be one of the following values: LIVE, TRIAL";
	of->keep = strcmp(text, "LIVE") == 0 ? is_live : is_trial;
	return NULL;
}

static const char *window_read(struct str query, struct window *w)
{
	int64_t number = 1;
	int64_t size = PAGE_SIZE_DEFAULT;
	const char *wrong = NULL;

	if (!request_number(query, "page", 1, INT32_MAX, &number))
		wrong = "page must not be less than 1";
	else if (!request_number(query, "pageSize", 1, PAGE_SIZE_MAX, &size))
		wrong = "pageSize must not be greater than 50";
	w->limit = (uint64_t)size;
	w->start = (uint64_t)((number - 1) * size);
	if (!wrong)
		wrong = dates_read(query, &w->of);
	if (!wrong)
		wrong = order_read(query, &w->of);
	return wrong ? wrong : filters_read(query, &w->of);
}

void highlevel_calls_begin(struct simulator *sim, struct exchange *ex)
{
	ex->api = &HIGHLEVEL;
	if (!admit(sim, ex, VOICE_VERSION) || !location_fits(sim, ex))
		return;
	ex->resource = resource_get(&sim->accounts, ex->account, STR(HIGHLEVEL_CALLS));
	const char *wrong = window_read(ex->req.query, &ex->window);
	if (wrong)
		highlevel_fail(sim, ex, 422, wrong);
}

static void one(struct simulator *sim, struct exchange *ex)
{
	record(ex->account, ex->resource, ex->window.start, &sim->body);
}

/* Without records of its own, so that no dial about pages and no limit applies. */
static const struct api HIGHLEVEL_CALL_ONE = {HIGHLEVEL_CALL, .page = one};

void highlevel_call_begin(struct simulator *sim, struct exchange *ex)
{
	ex->api = &HIGHLEVEL_CALL_ONE;
	if (!admit(sim, ex, VOICE_VERSION) || !location_fits(sim, ex))
		return;
	ex->resource = resource_get(&sim->accounts, ex->account, STR(HIGHLEVEL_CALLS));
	if (!highlevel_id_index(ex->account, ex->args[0], &ex->window.start) ||
	    ex->window.start >= ex->resource->records || resource_lacks(ex->resource, ex->window.start))
		highlevel_fail(sim, ex, 404, "Call log not found");
}

static void location(struct simulator *sim, struct exchange *ex)
{
	buf_printf(&sim->body,
	    "{\"location\":{\"id\":\"%s\",\"companyId\":\"company-%u\",\"name\":\"Office of %s\"}}",
	    ex->account->name, ex->account->number / 10, ex->account->name);
}

static const struct api HIGHLEVEL_LOCATION = {HIGHLEVEL_CALL, .page = location};

void highlevel_location_begin(struct simulator *sim, struct exchange *ex)
{
	ex->api = &HIGHLEVEL_LOCATION;
	if (!admit(sim, ex, LOCATION_VERSION))
		return;
	ex->resource = resource_get(&sim->accounts, ex->account, STR("location"));
	if (!str_is(ex->args[0], ex->account->name))
		answer_text(sim, ex, 403, HIGHLEVEL.forbidden_body);
}
