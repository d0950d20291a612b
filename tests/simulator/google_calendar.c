// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "api.h"
#include "base/clock.h"
#include "google.h"
#include "token.h"

#include <xxhash.h>

#define CALENDARS_SIZE 100
#define CALENDARS_MAX 250
#define EVENTS_SIZE 250
#define EVENTS_MAX 2500
#define TOKEN_MAX 64
#define SYNC_TOKEN_TEXT 24
#define GONE                                                                                                 \
	"{\"error\":{\"code\":410,\"message\":\"Sync token is no longer valid, a full sync is required.\","  \
	"\"errors\":[{\"message\":\"Sync token is no longer valid, a full sync is required.\",\"domain\":"   \
	"\"calendar\",\"reason\":\"fullSyncRequired\",\"location\":\"syncToken\",\"locationType\":"          \
	"\"parameter\"}]}}"

/* ---- sync tokens ---- */

/* A token is one list's: calendar and flags must not change. */
static uint64_t list_hash(const struct exchange *ex)
{
	const char *name = ex->resource->name;
	uint64_t h = XXH3_64bits_withSeed(name, strlen(name), ex->account->salt + ex->window.seen);

	return (h ^ (google_flag(ex, "singleEvents") ? 1 : 0)) & UINT64_C(0xffffffffffff);
}

static void sync_token_write(const struct exchange *ex, struct buf *ret)
{
	buf_printf(ret, "%012" PRIx64 "%012" PRIx64, list_hash(ex), ex->window.until);
}

static bool sync_token_read(const struct exchange *ex, const char *text, uint64_t *ret)
{
	char part[13] = "";
	char *end;

	if (strlen(text) != SYNC_TOKEN_TEXT)
		return false;
	memcpy(part, text, 12);
	if (strtoull(part, &end, 16) != list_hash(ex) || *end)
		return false;
	*ret = strtoull(text + 12, &end, 16);
	return !*end;
}

/* Sets what the window begins and ends with; false when the answer is there. */
static bool sync_begin(struct simulator *sim, struct exchange *ex, const struct google_track *t)
{
	static const char *const excluded[] = {"iCalUID", "orderBy", "privateExtendedProperty", "q",
	    "sharedExtendedProperty", "timeMin", "timeMax", "updatedMin"};
	char text[PARAM_MAX], other[PARAM_MAX];

	ex->window.until = t->id;
	if (!request_param(ex->req.query, "syncToken", text) || !text[0])
		return true;
	for (size_t k = 0; k < ARRAY_SIZE(excluded); k++)
		if (request_param(ex->req.query, excluded[k], other)) {
			google_fail(sim, ex, 400, "badRequest",
			    "Sync token cannot be used with other query restrictions.");
			return false;
		}
	if (!sync_token_read(ex, text, &ex->window.since))
		google_fail(sim, ex, 400, "invalid", "Invalid sync token value.");
	else if (ex->window.since < t->oldest)
		answer_text(sim, ex, 410, GONE);
	return !ex->answer.body_ready;
}

/* Items, and how the list goes on: by a page token, or from the last page on by a sync token. */
static void items_page(
    struct simulator *sim, struct exchange *ex, google_collect *collect, google_write *write)
{
	AUTO(buf_done) struct buf next = BUF(TOKEN_MAX);

	buf_add_text(&sim->body, ",\"items\":[");
	google_list_page(sim, ex, collect, write, &next);
	buf_printf(&sim->body, "],\"%s\":\"%s", next.n ? "nextPageToken" : "nextSyncToken", buf_text(&next));
	if (!next.n)
		sync_token_write(ex, &sim->body);
	buf_add_text(&sim->body, "\"}");
}

/* ---- calendarList.list ---- */

static void calendars_collect(struct simulator *sim, const struct exchange *ex, struct google_list *ret)
{
	const struct google_track *t = &ex->account->google->calendars;

	(void)sim;
	for (uint32_t k = 0; k < t->n; k++)
		if (ex->window.since ? t->last[k] > ex->window.since : t->state[k] != 0)
			google_list_add(ret, k);
}

static void calendar_write(struct exchange *ex, uint32_t k, struct buf *ret)
{
	google_calendar_write(ex->account, ex->resource, k, ret);
}

static void calendars_page(struct simulator *sim, struct exchange *ex)
{
	buf_printf(&sim->body, "{\"kind\":\"calendar#calendarList\",\"etag\":\"\\\"p%" PRIu64 "\\\"\"",
	    ex->window.until);
	items_page(sim, ex, calendars_collect, calendar_write);
}

static void calendar_record(struct account *account, struct resource *resource, uint64_t i, struct buf *ret)
{
	google_calendar_write(account, resource, (uint32_t)i, ret);
}

static void calendar_id(struct account *account, struct resource *resource, uint64_t i, struct buf *ret)
{
	char id[ACCOUNT_NAME_MAX + 64];

	(void)resource;
	google_calendar_id(account, (uint32_t)i, id);
	buf_add_text(ret, id);
}

const struct api GOOGLE_CALENDARS = {GOOGLE_CALENDAR_CALL, .cursor_status = 410, .cursor_body = GONE,
    .page = calendars_page, .record = calendar_record, .id = calendar_id};

void google_calendars_begin(struct simulator *sim, struct exchange *ex)
{
	ex->api = &GOOGLE_CALENDARS;
	if (google_admit(sim, ex, "calendars", "calendars") &&
	    sync_begin(sim, ex, &ex->account->google->calendars))
		google_list_begin(sim, ex, calendars_collect, CALENDARS_SIZE, CALENDARS_MAX);
}

/* ---- events.list ---- */

static bool is_calendar(const struct account *a, struct str segment, uint32_t *ret)
{
	const struct google_track *t = &a->google->calendars;
	char wanted[PARAM_MAX], id[ACCOUNT_NAME_MAX + 64];

	if (!google_path_decode(segment, wanted))
		return false;
	for (uint32_t k = 0; k < t->n; k++) {
		google_calendar_id(a, k, id);
		if (t->state[k] && (strcmp(wanted, id) == 0 || (k == 0 && strcmp(wanted, "primary") == 0))) {
			*ret = k;
			return true;
		}
	}
	return false;
}

static int64_t time_param(const struct exchange *ex, const char *name, int64_t otherwise)
{
	char text[PARAM_MAX];
	int64_t us;

	return request_param(ex->req.query, name, text) && clock_parse(str_of(text), false, &us)
	           ? us / US_PER_S
	           : otherwise;
}

static bool is_in_time(const struct exchange *ex, uint32_t i)
{
	const struct account *a = ex->account;

	return google_event_end(a, ex->resource, i) > time_param(ex, "timeMin", INT64_MIN) &&
	       google_event_start(a, ex->resource, i) < time_param(ex, "timeMax", INT64_MAX) &&
	       record_times(a, ex->resource, i).updated_s >= time_param(ex, "updatedMin", INT64_MIN);
}

/* A series is one event, and its exceptions, to those who do not want its instances. */
static bool is_of_list(const struct exchange *ex, uint32_t i)
{
	if (google_flag(ex, "singleEvents") || !google_event_in_series(i))
		return true;
	return i % GOOGLE_EVENT_KINDS == GOOGLE_EVENT_KINDS - 3 || google_event_called_off(ex->account, i);
}

static bool is_gone(const struct account *a, uint32_t i)
{
	return !a->google->events.state[i] || google_event_called_off(a, i);
}

static bool is_event_shown(const struct exchange *ex, uint32_t i)
{
	const struct google_track *t = &ex->account->google->events;

	if (!is_of_list(ex, i) || !is_in_time(ex, i))
		return false;
	if (ex->window.since)
		return t->last[i] > ex->window.since;
	if (!is_gone(ex->account, i))
		return true;
	if (google_event_called_off(ex->account, i) && !google_flag(ex, "singleEvents"))
		return true;
	return google_flag(ex, "showDeleted") && (t->state[i] || t->last[i] > t->oldest);
}

static void events_collect(struct simulator *sim, const struct exchange *ex, struct google_list *ret)
{
	const struct google *g = ex->account->google;

	(void)sim;
	for (uint32_t i = 0; i < g->events.n; i++)
		if (g->home[i] == ex->window.seen && is_event_shown(ex, i))
			google_list_add(ret, i);
}

static void event_write(struct exchange *ex, uint32_t i, struct buf *ret)
{
	bool whole = google_event_in_series(i) && !google_flag(ex, "singleEvents");
	enum google_shape shape = whole ? GOOGLE_SERIES : GOOGLE_EVENT;

	google_event_write(
	    ex->account, ex->resource, i, is_gone(ex->account, i) ? GOOGLE_CANCELLED : shape, ret);
}

static void events_page(struct simulator *sim, struct exchange *ex)
{
	char updated[GOOGLE_STAMP_MAX];
	uint32_t k = (uint32_t)ex->window.seen;

	google_time_text(GOOGLE_STAMP, clock_unix_us() / US_PER_S, updated);
	buf_printf(&sim->body,
	    "{\"kind\":\"calendar#events\",\"etag\":\"\\\"p%" PRIu64 "\\\"\",\"summary\":\"Calendar %u\","
	    "\"updated\":\"%s\",\"timeZone\":\"UTC\",\"accessRole\":\"%s\",\"defaultReminders\":[]",
	    ex->window.until, k, updated, k % 3 == 2 ? "reader" : "owner");
	items_page(sim, ex, events_collect, event_write);
}

static void event_record(struct account *account, struct resource *resource, uint64_t i, struct buf *ret)
{
	google_event_write(account, resource, (uint32_t)i, GOOGLE_ROW, ret);
}

static void event_id(struct account *account, struct resource *resource, uint64_t i, struct buf *ret)
{
	char id[GOOGLE_ID_MAX], calendar[ACCOUNT_NAME_MAX + 64];

	google_event_id(account, resource, (uint32_t)i, id);
	google_calendar_id(account, account->google->home[i], calendar);
	buf_printf(ret, "%s/%s", calendar, id);
}

/* Those of a calendar that is gone, and instances that were called off, are nobody's events. */
static bool event_hides(const struct account *a, const struct resource *resource, uint64_t i)
{
	(void)resource;
	return google_event_called_off(a, (uint32_t)i) || !a->google->calendars.state[a->google->home[i]];
}

const struct api GOOGLE_EVENTS = {GOOGLE_CALENDAR_CALL, .cursor_status = 410, .cursor_body = GONE,
    .page = events_page, .record = event_record, .id = event_id, .hides = event_hides};

void google_events_begin(struct simulator *sim, struct exchange *ex)
{
	char text[PARAM_MAX];
	uint32_t k = 0;

	ex->api = &GOOGLE_EVENTS;
	if (!google_admit(sim, ex, "events", "events"))
		return;
	if (!is_calendar(ex->account, ex->args[0], &k)) {
		google_fail(sim, ex, 404, "notFound", "Not Found");
		return;
	}
	if (request_param(ex->req.query, "q", text) || request_param(ex->req.query, "orderBy", text)) {
		google_fail(sim, ex, 400, "badRequest", "q, orderBy: not simulated");
		return;
	}
	ex->window.seen = k; /* the calendar */
	if (sync_begin(sim, ex, &ex->account->google->events))
		google_list_begin(sim, ex, events_collect, EVENTS_SIZE, EVENTS_MAX);
}
