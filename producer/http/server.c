// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "auth.h"
#include "base/log.h"
#include "batch.h"
#include "call.h"
#include "io/httpd.h"
#include "io/pg.h"
#include "server.h"
#include "statements.h"
#include "waits.h"

#define HEAD_MAX 16384
#define IDLE_MS 60000

#define SESSION_SETUP "set statement_timeout = '10s'; set idle_in_transaction_session_timeout = '10s';"
#define READ_ONLY_SETUP "set default_transaction_read_only = on;"
/* The last words of a session's setup: from then on row level security decides what requests see. "$user" in
 * the search path would be another schema for that role. */
#define ROLE_SETUP                                                                                           \
	"; select set_config('search_path', quote_ident(current_schema()), false); set role syncfleet_api"

struct session {
	struct pg *pg;
	char *setup;
	const char *name;
	bool away_told;
};

struct server {
	struct server_options o;
	struct httpd *httpd;
	struct session read;
	struct session write;
	struct calls calls;
};

static void on_request(void *user, struct httpd_request *rq)
{
	struct server *s = user;

	call_start(&s->calls, rq);
}

static void on_session_up(void *user)
{
	struct session *session = user;

	session->away_told = false;
	log_event(LOG_LEVEL_INFO, "database_up", LOG_STR("session", session->name));
}

/* Every failed try to connect comes here: one line for all of them. */
static void on_session_down(void *user, const struct err *err)
{
	struct session *session = user;

	if (!session->away_told)
		log_event(LOG_LEVEL_WARN, "database_away", LOG_STR("session", session->name), LOG_ERR(err));
	session->away_told = true;
}

static void session_open(
    struct session *session, struct loop *loop, const struct server_options *o, const char *setup)
{
	session->setup = mem_printf("%s%s" ROLE_SETUP, setup, o->setup ? o->setup : "");
	session->pg = pg_open(loop, &(struct pg_options){.conninfo = o->conninfo,
	                                .application_name = session->name,
	                                .setup = session->setup,
	                                .on_up = on_session_up,
	                                .on_down = on_session_down,
	                                .user = session});
}

static void session_close(struct session *session)
{
	pg_close(session->pg);
	free(session->setup);
}

struct server *server_new(struct loop *loop, const struct server_options *o, struct err *err)
{
	struct server *s = mem_zalloc(sizeof *s);
	struct httpd_options http = {.listen = o->listen,
	    .max_connections = o->connections_max,
	    .head_max = HEAD_MAX,
	    .body_max = o->body_max,
	    .idle_ms = IDLE_MS,
	    .handler = on_request,
	    .user = s};

	s->o = *o;
	s->httpd = httpd_new(loop, &http, err);
	if (!s->httpd) {
		free(s);
		return NULL;
	}
	s->read.name = "sync-producer read";
	s->write.name = "sync-producer write";
	session_open(&s->read, loop, o, SESSION_SETUP READ_ONLY_SETUP);
	session_open(&s->write, loop, o, SESSION_SETUP);
	struct batch *batch = batch_new(loop, s->write.pg, o->dispatch, o->user);
	s->calls = (struct calls){.o = &s->o,
	    .auth = auth_new(loop, s->read.pg, batch, o->http, o->auth),
	    .gate = gate_new(o->gate),
	    .batch = batch,
	    .asks = waits_new(loop, s->read.pg, &sql_asks_ended),
	    .read = s->read.pg,
	    .streams = o->streams,
	    .sync_waits = waits_new(loop, s->read.pg, &sql_syncs_ended)};
	return s;
}

const char *server_address(const struct server *s)
{
	return httpd_address(s->httpd);
}

bool server_database_up(const struct server *s)
{
	return pg_is_up(s->read.pg) && pg_is_up(s->write.pg);
}

void server_stop(struct server *s, int64_t deadline_ms, loop_fn *stopped, void *user)
{
	waits_stop(s->calls.sync_waits);
	waits_stop(s->calls.asks);
	httpd_stop(s->httpd, deadline_ms, stopped, user);
}

void server_free(struct server *s)
{
	if (!s)
		return;
	httpd_free(s->httpd);
	session_close(&s->read);
	session_close(&s->write);
	auth_free(s->calls.auth);
	batch_free(s->calls.batch);
	waits_free(s->calls.sync_waits);
	call_drop_all(&s->calls);
	gate_free(s->calls.gate);
	waits_free(s->calls.asks);
	free(s);
}
