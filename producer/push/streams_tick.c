// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "streams_private.h"

#include "base/clock.h"
#include "base/log.h"
#include "statements.h"

#include <utlist.h>

#define MARGIN_US INT64_C(30000000) /* a transaction that ends a sync is not older than this */
#define ENDS_AGAIN_MAX 200          /* told to one who resumes; of more he is told that there are more */
#define EVENT_MAX 16384             /* bytes; the statement cuts error messages */
#define PROGRESS_SHARE 4            /* progress is left out while more than this part of the buffer waits */
#define RESET                                                                                                \
	"event: reset\ndata: {\"reason\": \"more syncs have ended than are told again\", \"href\": "         \
	"\"/v1/syncs\"}\n\n"

enum column { POINT_US, POINT_VERSION, SYNC, TENANT, OWNER, VERSION, ENDED, DATA };

/* One row, and the text that all who are told it have in common. */
struct news {
	struct uuid sync;
	int64_t version;
	bool ended;
	bool told; /* to those who were asked for before */
	struct buf text;
};

/* ---- asking ---- */

/* Marks those whom the query is for, but for those who have not read what earlier ones brought. False:
 * nobody. */
static bool mark_asked(struct topic *topic, bool fresh_only)
{
	struct listener *l;
	bool any = false;

	DL_FOREACH(topic->listeners, l)
	{
		if (!fresh_only && httpd_stream_waiting(l->stream) > l->streams->o.buffer_max) {
			httpd_stream_drop(l->stream);
			l->ending = true;
		}
		l->asked = !l->ending && (l->fresh || !fresh_only);
		any |= l->asked;
	}
	return any;
}

/* From where on progress is wanted: 0 is in any case. */
static int64_t since_of(const struct topic *topic)
{
	const struct listener *l;
	int64_t since = INT64_MAX;

	DL_FOREACH(topic->listeners, l)
	{
		if (l->asked)
			since = MIN(since, l->fresh ? 0 : l->since.version);
	}
	return since;
}

static struct stream_point ends_since_of(const struct topic *topic)
{
	const struct listener *l;
	struct stream_point since = {INT64_MAX, INT64_MAX};

	DL_FOREACH(topic->listeners, l)
	{
		if (!l->asked)
			continue;
		since.us = MIN(since.us, l->since.us);
		since.version = MIN(since.version, l->since.version);
	}
	return since;
}

typedef bool topic_wanted(const struct topic *topic);
typedef int64_t topic_number(const struct topic *topic);

static bool is_sync(const struct topic *topic)
{
	return topic->key.kind == TOPIC_SYNC;
}

static bool is_tenant(const struct topic *topic)
{
	return topic->key.kind != TOPIC_SYNC;
}

static int64_t ends_version(const struct topic *topic)
{
	return ends_since_of(topic).version;
}

static int64_t ends_from(const struct topic *topic)
{
	return ends_since_of(topic).us - MARGIN_US;
}

static bool is_asked(const struct topic *topic)
{
	return since_of(topic) != INT64_MAX;
}

static void add_ids(struct streams *s, topic_wanted *wanted)
{
	struct topic *topic;
	struct topic *next;

	pg_array_begin(&s->args, PG_UUID);
	HASH_ITER(hh, s->topics, topic, next)
	{
		if (wanted(topic) && is_asked(topic))
			pg_array_uuid(&s->args, &topic->key.id);
	}
	pg_array_end(&s->args);
}

static void add_numbers(struct streams *s, topic_wanted *wanted, topic_number *number)
{
	struct topic *topic;
	struct topic *next;

	pg_array_begin(&s->args, PG_INT8);
	HASH_ITER(hh, s->topics, topic, next)
	{
		if (wanted(topic) && is_asked(topic))
			pg_array_i64(&s->args, number(topic));
	}
	pg_array_end(&s->args);
}

/* ---- telling ---- */

void streams_reset(struct listener *l)
{
	streams_write(l, STR(RESET));
}

/* Whether the listener has not been told this. */
static bool is_news_to(const struct listener *l, const struct news *n)
{
	bool one = l->topic->key.kind == TOPIC_SYNC;

	if (!l->asked)
		return false;
	if (one || !n->ended)
		return l->fresh || n->version >= l->since.version;
	return n->version >= l->since.version && (l->fresh || !n->told);
}

static void tell(struct listener *l, const struct news *n, const struct stream_point *point)
{
	char id[STREAM_POINT_TEXT_MAX];
	char line[STREAM_POINT_TEXT_MAX + 8];
	bool one = l->topic->key.kind == TOPIC_SYNC;

	if (!is_news_to(l, n))
		return;
	if (!n->ended && httpd_stream_waiting(l->stream) > l->streams->o.buffer_max / PROGRESS_SHARE)
		return;
	if (!one && n->ended && l->fresh && ++l->again > ENDS_AGAIN_MAX) {
		if (l->again == ENDS_AGAIN_MAX + 1)
			streams_reset(l);
		return;
	}
	/* Of several syncs' events only what follows the last of a tick says that all of the tick were told.
	 */
	stream_point_format(one ? point : &l->since, one && n->ended, id);
	snprintf(line, sizeof line, "id: %s\n", id);
	streams_write(l, str_of(line));
	streams_write(l, buf_str(&n->text));
	l->events++;
	l->ending = one && n->ended;
	if (l->ending)
		httpd_stream_end(l->stream);
}

static void tell_topic(const struct streams *s, const struct topic_key *key, const struct news *n,
    const struct stream_point *point)
{
	struct topic *topic = streams_topic(s, key);
	struct listener *l;

	if (!topic)
		return;
	DL_FOREACH(topic->listeners, l)
	{
		tell(l, n, point);
	}
}

static bool was_told(const struct streams *s, const struct uuid *sync)
{
	struct told *t;

	HASH_FIND(hh, s->told, sync, sizeof *sync, t);
	return t != NULL;
}

static void remember_told(struct streams *s, const struct uuid *sync)
{
	struct told *t = mem_zalloc(sizeof *t);

	t->sync = *sync;
	HASH_ADD(hh, s->told_now, sync, sizeof t->sync, t); // NOLINT(clang-analyzer-unix.Malloc)
}

void streams_forget_told(struct streams *s)
{
	struct told *t;
	struct told *next;

	HASH_FREE(s->told, t, next, free);
}

static void tell_row(
    struct streams *s, const struct pg_result *res, int row, const struct stream_point *point)
{
	struct topic_key of_sync = {.kind = TOPIC_SYNC};
	struct topic_key of_tenant = {.kind = TOPIC_TENANT};
	struct topic_key of_user = {.kind = TOPIC_USER};
	struct news n = {
	    .version = pg_i64(res, row, VERSION), .ended = pg_bool(res, row, ENDED), .text = BUF(EVENT_MAX)};

	if (!pg_uuid(res, row, SYNC, &n.sync) || !pg_uuid(res, row, TENANT, &of_tenant.id))
		return;
	buf_printf(&n.text, "event: %s\ndata: %.*s\n\n", n.ended ? "done" : "progress",
	    STR_ARG(pg_str(res, row, DATA)));
	n.told = n.ended && was_told(s, &n.sync);
	if (n.ended && s->asked_all && n.version >= point->version)
		remember_told(s, &n.sync);
	of_sync.id = n.sync;
	of_user.id = of_tenant.id;
	tell_topic(s, &of_sync, &n, point);
	tell_topic(s, &of_tenant, &n, point);
	if (pg_uuid(res, row, OWNER, &of_user.user))
		tell_topic(s, &of_user, &n, point);
	buf_done(&n.text);
}

/* Everything of this tick was told. */
static void close_tick(struct listener *l, const struct stream_point *point)
{
	char id[STREAM_POINT_TEXT_MAX];
	char line[STREAM_POINT_TEXT_MAX + 8];

	if (!l->asked)
		return;
	l->asked = false;
	l->fresh = false;
	l->since = *point;
	if (l->topic->key.kind == TOPIC_SYNC || l->events == l->events_closed)
		return;
	l->events_closed = l->events;
	stream_point_format(point, false, id);
	snprintf(line, sizeof line, "id: %s\n\n", id);
	streams_write(l, str_of(line));
}

static void tell_all(struct streams *s, const struct pg_result *res)
{
	struct stream_point point = {pg_i64(res, 0, POINT_US), pg_i64(res, 0, POINT_VERSION)};
	struct topic *topic;
	struct topic *next;
	struct listener *l;

	for (int row = 0; row < pg_rows(res); row++)
		tell_row(s, res, row, &point);
	HASH_ITER(hh, s->topics, topic, next)
	{
		DL_FOREACH(topic->listeners, l)
		{
			close_tick(l, &point);
		}
	}
	if (!s->asked_all)
		return;
	streams_forget_told(s);
	s->told = s->told_now;
	s->told_now = NULL;
}

static void on_answer(void *user, const struct pg_result *res, const struct err *err)
{
	struct streams *s = user;

	s->asking = false;
	if (err && !s->failed)
		log_event(LOG_LEVEL_WARN, "streams_failed", LOG_ERR(err));
	s->failed = err != NULL;
	if (!err && pg_rows(res) > 0)
		tell_all(s, res);
	streams_rest(s, clock_mono_ms() - s->asked_ms);
}

void streams_ask(struct streams *s, bool fresh_only)
{
	struct topic *topic;
	struct topic *next;
	bool any = false;

	if (s->asking || !pg_is_up(s->o.pg)) {
		streams_rest(s, 0);
		return;
	}
	HASH_ITER(hh, s->topics, topic, next)
	{
		any |= mark_asked(topic, fresh_only);
	}
	if (!any)
		return;
	s->asking = true;
	s->asked_all = !fresh_only;
	s->asked_ms = clock_mono_ms();
	pg_args_clear(&s->args);
	add_ids(s, is_sync);
	add_numbers(s, is_sync, since_of);
	add_ids(s, is_tenant);
	add_numbers(s, is_tenant, since_of);
	add_numbers(s, is_tenant, ends_version);
	add_numbers(s, is_tenant, ends_from);
	pg_query(s->o.pg, &sql_stream_tick, &s->args, on_answer, s);
}
