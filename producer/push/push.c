// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "push.h"

#include "base/log.h"
#include "io/pg.h"
#include "streams.h"
#include "webhooks.h"

/* Statements come a few times a second and see tables of any size: each is planned anew. */
#define PLANNING "; set plan_cache_mode = force_custom_plan"

struct push {
	char *setup;
	struct pg *pg;
	struct streams *streams;
	struct webhooks *webhooks;
};

static void lost(void *user, const struct err *err)
{
	(void)user;
	log_event(LOG_LEVEL_WARN, "database_lost", LOG_STR("session", "push"), LOG_ERR(err));
}

static struct streams *open_streams(struct loop *loop, const struct settings *s, struct pg *pg)
{
	return streams_new(loop, &(struct streams_options){.pg = pg,
	                             .tick_ms = s->streams_tick_ms,
	                             .heartbeat_ms = s->streams_heartbeat_ms,
	                             .life_ms = s->streams_life_s * 1000,
	                             .buffer_max = (size_t)s->streams_buffer_bytes,
	                             .listeners_max = (size_t)s->http_connections_max / 10 * 9});
}

static struct webhooks *open_webhooks(struct loop *loop, const struct push_options *o, struct pg *pg)
{
	const struct settings *s = o->settings;

	return webhooks_new(loop, &(struct webhooks_options){.pg = pg,
	                              .http = o->http,
	                              .keys = o->keys,
	                              .tick_ms = s->webhooks_tick_ms,
	                              .timeout_ms = s->webhooks_timeout_ms,
	                              .retry_first_ms = s->webhooks_retry_first_ms,
	                              .keep_s = s->webhooks_keep_days * 86400,
	                              .each_max = s->webhooks_each_max});
}

struct push *push_new(struct loop *loop, const struct push_options *o)
{
	struct push *p = mem_zalloc(sizeof *p);

	p->setup = mem_printf("%s" PLANNING, o->setup);
	p->pg = pg_open(loop, &(struct pg_options){.conninfo = o->settings->database_url,
	                          .application_name = "sync-producer push",
	                          .setup = p->setup,
	                          .on_down = lost,
	                          .user = p});
	p->streams = open_streams(loop, o->settings, p->pg);
	p->webhooks = open_webhooks(loop, o, p->pg);
	return p;
}

void push_free(struct push *p)
{
	if (!p)
		return;
	pg_close(p->pg);
	streams_free(p->streams);
	webhooks_free(p->webhooks);
	free(p->setup);
	free(p);
}

struct streams *push_streams(const struct push *p)
{
	return p->streams;
}
