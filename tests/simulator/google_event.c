// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "google.h"
#include "json.h"
#include "template.h"

#define DAY_S INT64_C(86400)
#define WEEK_S (7 * DAY_S)
#define QUARTER_S 900
#define HALF_HOUR_S INT64_C(1800)
#define SPREAD_DAYS 90

/* What an event is, by its index modulo GOOGLE_EVENT_KINDS. */
enum { KIND_PLAIN, KIND_INVITED, KIND_SHARED, KIND_ALL_DAY, KIND_BARE, KIND_SERIES };

/* Zones without summer time, so that the offset is always right. */
static const struct {
	const char *name, *offset;
	int64_t offset_s;
} ZONES[] = {{"Asia/Kolkata", "+05:30", 19800}, {"America/Phoenix", "-07:00", -25200}, {"UTC", "Z", 0},
    {"Africa/Lagos", "+01:00", 3600}};

static const char *const SUMMARIES[] = {"Closing call", "1:1 Zoë / Ngozi", "Zahnarzt 🦷", "交換の期限",
    "Review \"Harbor & Vale\"", "Ваш отпуск", "Stand-up"};
static const char *const PLACES[] = {"Room 4, Main St 1", "https://meet.example/abc-defg", "Café Étoile", ""};
static const char *const GUESTS[] = {"ana@harbor.example", "ngozi@quartz.example", "LILEI@etoile.example"};
static const char *const REPLIES[] = {"needsAction", "declined", "tentative", "accepted"};

bool google_event_in_series(uint32_t i)
{
	return i % GOOGLE_EVENT_KINDS >= KIND_SERIES;
}

/* Which of its series, from 0. */
static uint32_t nth(uint32_t i)
{
	return i % GOOGLE_EVENT_KINDS - KIND_SERIES;
}

bool google_event_called_off(const struct account *a, uint32_t i)
{
	(void)a;
	return google_event_in_series(i) && nth(i) == 2 && i / GOOGLE_EVENT_KINDS % 4 == 3;
}

static bool is_moved(uint32_t i)
{
	return google_event_in_series(i) && nth(i) == 1 && i / GOOGLE_EVENT_KINDS % 4 == 1;
}

static bool is_all_day(uint32_t i)
{
	return i % GOOGLE_EVENT_KINDS == KIND_ALL_DAY;
}

/* An invitation stands in two calendars with the one id. */
static uint32_t id_index(const struct account *a, uint32_t i)
{
	const struct google *g = a->google;

	if (i % GOOGLE_EVENT_KINDS == KIND_SHARED && g->home[i] != g->home[i - 1])
		return i - 1;
	return google_event_in_series(i) ? i - nth(i) : i;
}

/* When it was to begin, before anybody moved it. */
static int64_t planned_start(const struct account *a, const struct resource *r, uint32_t i)
{
	uint32_t first = id_index(a, i);
	int64_t t = record_times(a, r, first).created_s +
	            (int64_t)(mix(a->salt + first) % SPREAD_DAYS) * DAY_S;

	if (is_all_day(i))
		return t - t % DAY_S;
	return t - t % QUARTER_S + (google_event_in_series(i) ? (int64_t)nth(i) * WEEK_S : 0);
}

static uint32_t version_of(const struct account *a, uint32_t i)
{
	return a->google->events.state[i] & ~GOOGLE_HERE;
}

int64_t google_event_start(const struct account *a, const struct resource *r, uint32_t i)
{
	int64_t t = planned_start(a, r, i) + (is_moved(i) ? 6 * QUARTER_S : 0);

	if (i % GOOGLE_EVENT_KINDS == KIND_PLAIN && version_of(a, i) > 1)
		t += (int64_t)(version_of(a, i) - 1) * QUARTER_S;
	return t;
}

int64_t google_event_end(const struct account *a, const struct resource *r, uint32_t i)
{
	uint64_t length = mix(a->salt ^ i) % 3 + 1;

	return google_event_start(a, r, i) + (int64_t)length * (is_all_day(i) ? DAY_S : HALF_HOUR_S);
}

static void series_id(const struct account *a, uint32_t i, char ret[GOOGLE_ID_MAX])
{
	snprintf(ret, GOOGLE_ID_MAX, "%07x%012" PRIx64, id_index(a, i) & 0xfffffff,
	    a->salt & UINT64_C(0xffffffffffff));
}

void google_event_id(const struct account *a, const struct resource *r, uint32_t i, char ret[GOOGLE_ID_MAX])
{
	char stamp[GOOGLE_STAMP_MAX];

	series_id(a, i, ret);
	if (!google_event_in_series(i))
		return;
	google_time_text(GOOGLE_SUFFIX, planned_start(a, r, i), stamp);
	str_copy(ret + strlen(ret), GOOGLE_ID_MAX - strlen(ret), stamp);
}

/* ---- the record ---- */

static void moment_write(const char *key, uint32_t i, int64_t unix_s, struct buf *ret)
{
	size_t zone = i / 2 % ARRAY_SIZE(ZONES);
	char text[GOOGLE_STAMP_MAX];

	if (is_all_day(i)) {
		google_time_text(GOOGLE_DATE, unix_s, text);
		buf_printf(ret, ",\"%s\":{\"date\":\"%s\"}", key, text);
		return;
	}
	google_time_text(GOOGLE_MOMENT, unix_s + ZONES[zone].offset_s, text);
	buf_printf(ret, ",\"%s\":{\"dateTime\":\"%s%s\",\"timeZone\":\"%s\"}", key, text, ZONES[zone].offset,
	    ZONES[zone].name);
}

static void series_write(const struct account *a, const struct resource *r, uint32_t i, struct buf *ret)
{
	char id[GOOGLE_ID_MAX];

	series_id(a, i, id);
	buf_printf(ret, ",\"recurringEventId\":\"%s\"", id);
	moment_write("originalStartTime", i, planned_start(a, r, i), ret);
}

static void times_write(const struct account *a, const struct resource *r, uint32_t i, struct buf *ret)
{
	struct times t = record_times(a, r, i);
	char created[GOOGLE_STAMP_MAX], updated[GOOGLE_STAMP_MAX];

	google_time_text(GOOGLE_STAMP, t.created_s, created);
	google_time_text(GOOGLE_STAMP, t.updated_s, updated);
	buf_printf(ret, ",\"created\":\"%s\",\"updated\":\"%s\"", created, updated);
}

static void people_write(const struct account *a, uint32_t i, struct buf *ret)
{
	const char *guest = GUESTS[i % ARRAY_SIZE(GUESTS)];
	char own[ACCOUNT_NAME_MAX + 16];

	google_address(a, own);
	if (i % GOOGLE_EVENT_KINDS != KIND_INVITED && i % GOOGLE_EVENT_KINDS != KIND_SHARED) {
		buf_printf(ret,
		    ",\"creator\":{\"email\":\"%s\",\"self\":true},\"organizer\":{\"email\":\"%s\",\"self\":"
		    "true}",
		    own, own);
		return;
	}
	buf_printf(ret,
	    ",\"creator\":{\"email\":\"%s\"},\"organizer\":{\"email\":\"%s\",\"displayName\":\"Ana "
	    "García\"},\"attendees\":["
	    "{\"email\":\"%s\",\"organizer\":true,\"responseStatus\":\"accepted\"},"
	    "{\"email\":\"%s\",\"self\":true,\"responseStatus\":\"%s\"},"
	    "{\"email\":\"room@resource.calendar.google.com\",\"displayName\":\"Room 4\",\"resource\":true,"
	    "\"responseStatus\":\"accepted\"}]",
	    guest, guest, guest, own, REPLIES[i / GOOGLE_EVENT_KINDS % ARRAY_SIZE(REPLIES)]);
}

static void texts_write(const struct account *a, uint32_t i, struct buf *ret)
{
	uint32_t version = version_of(a, i);
	AUTO(mem_free_ptr)
	char *summary = mem_printf(
	    "%s #%u rev %u", SUMMARIES[id_index(a, i) % ARRAY_SIZE(SUMMARIES)], id_index(a, i), version);

	if (i % 29 != 11) { /* not every event has one */
		buf_add_text(ret, ",\"summary\":");
		json_string(ret, str_of(summary));
	}
	if (i % GOOGLE_EVENT_KINDS != KIND_BARE) {
		buf_add_text(ret, ",\"description\":\"<p>Agenda: escrow &amp; "
		                  "wire<br>\\u2028caf\\u00e9</p>\",\"location\":");
		json_string(ret, str_of(PLACES[i % ARRAY_SIZE(PLACES)]));
	}
	if (i % 13 == 5)
		buf_add_text(ret, ",\"visibility\":\"private\",\"transparency\":\"transparent\"");
	buf_printf(ret, ",\"sequence\":%u,\"reminders\":{\"useDefault\":true},\"eventType\":\"default\"",
	    version - 1);
}

static void head_write(
    const struct account *a, const char *id, uint32_t i, const char *status, struct buf *ret)
{
	buf_printf(ret,
	    "\"kind\":\"calendar#event\",\"etag\":\"\\\"%" PRIu64 "000\\\"\",\"id\":\"%s\",\"status\":\"%s\"",
	    a->google->events.last[i], id, status);
}

static void cancelled_write(const struct account *a, const struct resource *r, uint32_t i, struct buf *ret)
{
	char id[GOOGLE_ID_MAX];

	google_event_id(a, r, i, id);
	head_write(a, id, i, "cancelled", ret);
	if (google_event_in_series(i))
		series_write(a, r, i, ret);
}

static void event_write(
    const struct account *a, const struct resource *r, uint32_t i, bool whole, struct buf *ret)
{
	char id[GOOGLE_ID_MAX], uid[GOOGLE_ID_MAX];

	google_event_id(a, r, i, id);
	series_id(a, i, uid);
	head_write(a, whole ? uid : id, i, i % 17 == 9 ? "tentative" : "confirmed", ret);
	buf_printf(ret,
	    ",\"htmlLink\":\"https://www.google.com/calendar/event?eid=%s\",\"iCalUID\":\"%s@google.com\"",
	    id, uid);
	times_write(a, r, i, ret);
	texts_write(a, i, ret);
	people_write(a, i, ret);
	moment_write("start", i, google_event_start(a, r, i), ret);
	moment_write("end", i, google_event_end(a, r, i), ret);
	if (whole)
		buf_add_text(ret, ",\"recurrence\":[\"RRULE:FREQ=WEEKLY;COUNT=3\"]");
	else if (google_event_in_series(i))
		series_write(a, r, i, ret);
}

void google_event_write(
    const struct account *a, const struct resource *r, uint32_t i, enum google_shape shape, struct buf *ret)
{
	char calendar[ACCOUNT_NAME_MAX + 64];

	buf_add_char(ret, '{');
	google_calendar_id(a, a->google->home[i], calendar);
	if (shape == GOOGLE_ROW)
		buf_printf(ret, "\"calendarId\":\"%s\",", calendar);
	if (shape == GOOGLE_CANCELLED)
		cancelled_write(a, r, i, ret);
	else
		event_write(a, r, i, shape == GOOGLE_SERIES, ret);
	buf_add_char(ret, '}');
}

/* ---- calendars ---- */

/* The first is the owner's own; ids of others hold characters that a path must escape. */
void google_calendar_id(const struct account *a, uint32_t k, char ret[ACCOUNT_NAME_MAX + 64])
{
	char own[ACCOUNT_NAME_MAX + 16];

	google_address(a, own);
	if (k == 0)
		str_copy(ret, ACCOUNT_NAME_MAX + 64, own);
	else if (k % 3 == 2)
		snprintf(ret, ACCOUNT_NAME_MAX + 64, "en.%07x.%u#holiday@group.v.calendar.google.com",
		    (unsigned)(a->salt & 0xfffffff), k);
	else
		snprintf(ret, ACCOUNT_NAME_MAX + 64, "c_%07x%07x@group.calendar.google.com", k,
		    (unsigned)(a->salt & 0xfffffff));
}

void google_calendar_write(const struct account *a, const struct resource *r, uint32_t k, struct buf *ret)
{
	const struct google_track *t = &a->google->calendars;
	char id[ACCOUNT_NAME_MAX + 64];

	(void)r;
	google_calendar_id(a, k, id);
	buf_printf(ret,
	    "{\"kind\":\"calendar#calendarListEntry\",\"etag\":\"\\\"%" PRIu64 "000\\\"\",\"id\":\"%s\"",
	    t->last[k], id);
	if (!t->state[k]) {
		buf_add_text(ret, ",\"deleted\":true}");
		return;
	}
	buf_printf(ret,
	    ",\"summary\":\"%s %u rev "
	    "%u\",\"timeZone\":\"%s\",\"colorId\":\"14\",\"backgroundColor\":\"#9fe1e7\","
	    "\"foregroundColor\":\"#000000\",\"selected\":true,\"accessRole\":\"%s\",\"defaultReminders\":[]%"
	    "s}",
	    k ? "Team Zoë" : "Own", k, t->state[k] & ~GOOGLE_HERE, ZONES[k % ARRAY_SIZE(ZONES)].name,
	    k % 3 == 2 ? "reader" : "owner", k ? "" : ",\"primary\":true");
}
