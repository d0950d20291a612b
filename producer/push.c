// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "push.h"

#include "base/log.h"
#include "io/pg.h"
#include "streams.h"

/* Statements come a few times a second and see tables of any size: each is planned anew. */
#define PLANNING "; set plan_cache_mode = force_custom_plan"

struct push {
	char *setup;
	struct pg *pg;
	struct streams *streams;
};

static void lost(void *user, const struct err *err)
{
	(void)user;
	log_event(LOG_LEVEL_WARN, "database_lost", LOG_STR("session", "push"), LOG_ERR(err));
}

struct push *push_new(struct loop *loop, const struct settings *settings, const char *setup)
{
	struct push *p = mem_zalloc(sizeof *p);

	p->setup = mem_printf("%s" PLANNING, setup);
	p->pg = pg_open(loop, &(struct pg_options){.conninfo = settings->database_url,
	                          .application_name = "sync-producer push",
	                          .setup = p->setup,
	                          .on_down = lost,
	                          .user = p});
	p->streams = streams_new(loop, &(struct streams_options){.pg = p->pg,
	                                   .tick_ms = settings->streams_tick_ms,
	                                   .heartbeat_ms = settings->streams_heartbeat_ms,
	                                   .life_ms = settings->streams_life_s * 1000,
	                                   .buffer_max = (size_t)settings->streams_buffer_bytes,
	                                   .listeners_max = (size_t)settings->http_connections_max / 10 * 9});
	return p;
}

void push_free(struct push *p)
{
	if (!p)
		return;
	pg_close(p->pg);
	streams_free(p->streams);
	free(p->setup);
	free(p);
}

struct streams *push_streams(const struct push *p)
{
	return p->streams;
}
