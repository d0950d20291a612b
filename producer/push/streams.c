// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "streams.h"

#include "base/clock.h"
#include "base/hash.h"
#include "base/log.h"
#include "base/metrics.h"
#include "call.h"
#include "statements.h"
#include "streams_private.h"

#include <utlist.h>

#define JOIN_MS 20    /* those who come meanwhile are told together */
#define REST_SHARE 9  /* a slow database rests this many times as long as it worked */
#define NEWS_SHARE 16 /* of a tick, in buffers: thousands of ends */
#define RETRY "retry: 2000\n\n"
#define HEARTBEAT ": heartbeat\n"

static const struct metric_family_def listeners_now = {
    .name = "stream_listeners", .kind = METRIC_GAUGE, .help = "Clients that listen to events."};
static const struct metric_family_def dropped_total = {.name = "stream_dropped_total",
    .kind = METRIC_COUNTER,
    .help = "Listeners that were dropped because they read too slowly."};

/* ---- topics ---- */

static struct topic *topic_get(struct streams *s, const struct topic_key *key)
{
	struct topic *topic = streams_topic(s, key);

	if (topic)
		return topic;
	topic = mem_zalloc(sizeof *topic);
	topic->key = *key;
	HASH_ADD(hh, s->topics, key, sizeof topic->key, topic); // NOLINT(clang-analyzer-unix.Malloc)
	return topic;
}

struct topic *streams_topic(const struct streams *s, const struct topic_key *key)
{
	struct topic *topic;

	HASH_FIND(hh, s->topics, key, sizeof *key, topic);
	return topic;
}

static void topic_leave(struct streams *s, struct listener *l)
{
	struct topic *topic = l->topic;

	DL_DELETE(topic->listeners, l);
	if (topic->listeners)
		return;
	HASH_DEL(s->topics, topic); // NOLINT(clang-analyzer-unix.Malloc)
	free(topic);
}

/* ---- listeners ---- */

static void on_gone(void *user, enum httpd_gone why)
{
	static const char *const names[] = {"ended", "client went away", "reads too slowly"};
	struct listener *l = user;
	struct streams *s = l->streams;

	if (why == HTTPD_GONE_SLOW)
		metric_add(metric_plain(&dropped_total), 1);
	log_event(LOG_LEVEL_DEBUG, "listener_gone", LOG_STR("reason", names[why]),
	    LOG_INT("events", l->events), LOG_UUID("tenant_id", &l->tenant));
	topic_leave(s, l);
	free(l);
	metric_set(metric_plain(&listeners_now), (double)--s->nlisteners);
	if (s->nlisteners > 0)
		return;
	timer_stop(s->tick);
	timer_stop(s->join);
	timer_stop(s->beat);
}

void streams_write(struct listener *l, struct str text)
{
	if (httpd_stream_write(l->stream, text))
		l->written_ms = loop_now_ms(l->streams->loop);
}

static void beat(void *user)
{
	struct streams *s = user;
	int64_t now_ms = loop_now_ms(s->loop);
	char id[STREAM_POINT_TEXT_MAX];
	char text[sizeof HEARTBEAT + STREAM_POINT_TEXT_MAX + 8];
	struct topic *topic;
	struct topic *next;
	struct listener *l;

	HASH_ITER(hh, s->topics, topic, next)
	{
		DL_FOREACH(topic->listeners, l)
		{
			if (now_ms >= l->until_ms) {
				httpd_stream_end(l->stream);
				continue;
			}
			if (now_ms - l->written_ms < s->o.heartbeat_ms)
				continue;
			/* The id without an event: a client that resumes after a long silence has missed
			 * little. */
			stream_point_format(&l->since, false, id);
			snprintf(text, sizeof text, HEARTBEAT "id: %s\n\n", id);
			streams_write(l, str_of(text));
		}
	}
}

static struct topic_key key_of(const struct stream_wish *wish)
{
	struct topic_key key = {.kind = TOPIC_SYNC, .id = wish->sync};

	if (wish->one)
		return key;
	key.kind = TOPIC_TENANT;
	key.id = wish->caller->tenant;
	if (caller_is_confined(wish->caller)) {
		key.kind = TOPIC_USER;
		key.user = wish->caller->user;
	}
	return key;
}

static int64_t life_of(const struct streams *s)
{
	/* by a tenth at random, so that those who came together do not come back together */
	return s->o.life_ms - s->o.life_ms / 10 * (clock_mono_us() % 1000) / 1000;
}

static struct reply head_of_stream(void)
{
	struct reply head = {.status = 200, .content_type = "text/event-stream"};

	reply_add_header(&head, "X-Accel-Buffering", mem_printf("no"));
	return head;
}

void streams_listen(struct streams *s, struct call *c, const struct stream_wish *wish)
{
	struct listener *l = mem_zalloc(sizeof *l);
	struct topic_key key = key_of(wish);
	int64_t now_ms = loop_now_ms(s->loop);

	l->streams = s;
	l->tenant = wish->caller->tenant;
	l->since = wish->since;
	l->fresh = true;
	l->written_ms = now_ms;
	l->until_ms = now_ms + life_of(s);
	l->topic = topic_get(s, &key);
	DL_APPEND(l->topic->listeners, l);
	l->stream = call_answer_stream(c, head_of_stream(),
	    &(struct httpd_stream_options){
	        .buffer_max = s->o.buffer_max * NEWS_SHARE, .gone = on_gone, .user = l});
	streams_write(l, STR(RETRY));
	if (wish->outdated)
		streams_reset(l);
	metric_set(metric_plain(&listeners_now), (double)++s->nlisteners);
	if (s->nlisteners == 1) {
		timer_set(s->tick, s->o.tick_ms, 0);
		timer_set(s->beat, MAX(s->o.heartbeat_ms / 4, 1), MAX(s->o.heartbeat_ms / 4, 1));
	}
	streams_ask_soon(s);
}

/* ---- the clock ---- */

void streams_ask_soon(struct streams *s)
{
	if (s->joining)
		return;
	s->joining = true;
	timer_set(s->join, JOIN_MS, 0);
}

static void join(void *user)
{
	struct streams *s = user;

	s->joining = false;
	if (s->asking)
		streams_ask_soon(s);
	else
		streams_ask(s, true);
}

static void tick(void *user)
{
	streams_ask(user, false);
}

void streams_rest(struct streams *s, int64_t worked_ms)
{
	if (s->nlisteners > 0)
		timer_set(s->tick, MAX(s->o.tick_ms, worked_ms * REST_SHARE), 0);
}

bool streams_full(const struct streams *s)
{
	return s->nlisteners >= s->o.listeners_max;
}

struct streams *streams_new(struct loop *loop, const struct streams_options *o)
{
	struct streams *s = mem_zalloc(sizeof *s);

	s->loop = loop;
	s->o = *o;
	s->args = PG_ARGS;
	s->tick = timer_new(loop, tick, s);
	s->join = timer_new(loop, join, s);
	s->beat = timer_new(loop, beat, s);
	return s;
}

void streams_free(struct streams *s)
{
	struct topic *topic;
	struct topic *next;

	if (!s)
		return;
	HASH_FREE(s->topics, topic, next, free);
	streams_forget_told(s);
	timer_free(s->tick);
	timer_free(s->join);
	timer_free(s->beat);
	pg_args_done(&s->args);
	free(s);
}
