// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "io/pg_session.h"

#define CONNECT_DEADLINE_MS 10000
#define ANSWER_DEADLINE_MS 60000 /* a server that is silent longer with work pending is taken for lost */
#define WATCH_INTERVAL_MS 5000
#define RECONNECT_FIRST_MS 100
#define RECONNECT_MAX_MS 5000

static void poll_closed(uv_handle_t *handle)
{
	free(handle);
}

static void poll_close(struct pg *pg)
{
	if (!pg->poll)
		return;
	uv_poll_stop(pg->poll);
	uv_close((uv_handle_t *)pg->poll, poll_closed);
	pg->poll = NULL;
}

static void poll_event(uv_poll_t *handle, int status, int events);

void pg_poll_want(struct pg *pg, int events)
{
	int fd = PQsocket(pg->conn);

	if (pg->poll && pg->poll_fd != fd)
		poll_close(pg);
	if (!pg->poll) {
		pg->poll = mem_zalloc(sizeof *pg->poll);
		if (uv_poll_init(loop_uv(pg->loop), pg->poll, fd) != 0)
			abort();
		pg->poll->data = pg;
		pg->poll_fd = fd;
		pg->poll_events = 0;
	}
	if (pg->poll_events == events)
		return;
	pg->poll_events = events;
	uv_poll_start(pg->poll, events, poll_event);
}

void pg_flush(struct pg *pg)
{
	int more = PQflush(pg->conn);

	if (more < 0) {
		pg_session_lost(pg, "sending to PostgreSQL");
		return;
	}
	pg_poll_want(pg, more ? UV_READABLE | UV_WRITABLE : UV_READABLE);
}

static void session_ready(struct pg *pg)
{
	if (PQenterPipelineMode(pg->conn) != 1) {
		pg_session_lost(pg, "entering pipeline mode");
		return;
	}
	pg->state = PG_UP;
	pg->reconnect_ms = RECONNECT_FIRST_MS;
	pg_poll_want(pg, UV_READABLE);
	if (pg->options.on_up)
		pg->options.on_up(pg->options.user);
}

static void setup_results(struct pg *pg)
{
	while (pg->state == PG_SETTING_UP && !PQisBusy(pg->conn)) {
		PGresult *res = PQgetResult(pg->conn);

		if (!res) {
			session_ready(pg);
			return;
		}
		bool failed = pg_result_is_error(res);
		PQclear(res);
		if (failed) {
			pg_session_lost(pg, "setting up the session");
			return;
		}
	}
}

void pg_session_lost(struct pg *pg, const char *doing)
{
	if (pg->state == PG_DOWN)
		return;
	err_set(
	    &pg->down_err, RC_LOST, "%s: %s", doing, pg->conn ? PQerrorMessage(pg->conn) : "out of memory");
	pg->tell_down = true;
	poll_close(pg);
	PQfinish(pg->conn);
	pg->conn = NULL;
	pg->state = PG_DOWN;
	pg_forget_statements(pg);
	timer_set(pg->reconnect, pg->reconnect_ms, 0);
	pg->reconnect_ms = MIN(pg->reconnect_ms * 2, RECONNECT_MAX_MS);
	loop_defer(pg->loop, &pg->fail_queued);
}

static void fail_queued(void *user)
{
	struct pg *pg = user;

	pg_request_fail_all(pg, &pg->down_err);
	if (pg->tell_down && pg->options.on_down)
		pg->options.on_down(pg->options.user, &pg->down_err);
	pg->tell_down = false;
}

static void connect_poll(struct pg *pg)
{
	switch (PQconnectPoll(pg->conn)) {
	case PGRES_POLLING_READING:
		poll_close(pg); /* libpq may have opened another socket under the same number */
		pg_poll_want(pg, UV_READABLE);
		return;
	case PGRES_POLLING_WRITING:
		poll_close(pg);
		pg_poll_want(pg, UV_WRITABLE);
		return;
	case PGRES_POLLING_OK:
		break;
	default:
		pg_session_lost(pg, "connecting to PostgreSQL");
		return;
	}
	poll_close(pg);
	PQsetnonblocking(pg->conn, 1);
	pg->state = PG_SETTING_UP;
	if (PQsendQuery(pg->conn, pg->options.setup ? pg->options.setup : "") != 1) {
		pg_session_lost(pg, "setting up the session");
		return;
	}
	pg_flush(pg);
}

static void poll_event(uv_poll_t *handle, int status, int events)
{
	struct pg *pg = handle->data;

	if (pg->state == PG_CONNECTING) {
		connect_poll(pg);
		return;
	}
	if (status < 0 || ((events & UV_READABLE) && PQconsumeInput(pg->conn) != 1)) {
		pg_session_lost(pg, "reading from PostgreSQL");
		return;
	}
	if (pg->state == PG_SETTING_UP)
		setup_results(pg);
	else if (pg->state == PG_COPYING)
		pg_copy_results(pg);
	else
		pg_pipeline_results(pg);
	if (pg->state == PG_COPYING && (events & UV_WRITABLE) && pg->copy.ready && !pg->copy.finished)
		pg_copy_feed(pg);
	else if (pg->state != PG_DOWN && pg->state != PG_CONNECTING && (events & UV_WRITABLE))
		pg_flush(pg);
}

static void ignore_notice(void *user, const PGresult *res)
{
	(void)user;
	(void)res;
}

static void connect_start(void *user)
{
	struct pg *pg = user;
	const char *const keys[] = {"dbname", "fallback_application_name", "client_encoding", NULL};
	const char *const values[] = {pg->options.conninfo, pg->options.application_name, "UTF8", NULL};

	pg->state = PG_CONNECTING;
	pg->last_answer_ms = loop_now_ms(pg->loop);
	pg->conn = PQconnectStartParams(keys, values, 1);
	if (!pg->conn || PQstatus(pg->conn) == CONNECTION_BAD) {
		pg_session_lost(pg, "connecting to PostgreSQL");
		return;
	}
	PQsetNoticeReceiver(pg->conn, ignore_notice, NULL);
	pg_poll_want(pg, UV_WRITABLE);
}

static void watch(void *user)
{
	struct pg *pg = user;
	int64_t silent_ms = loop_now_ms(pg->loop) - pg->last_answer_ms;

	if ((pg->state == PG_CONNECTING || pg->state == PG_SETTING_UP) && silent_ms > CONNECT_DEADLINE_MS)
		pg_session_lost(pg, "connecting to PostgreSQL in time");
	else if (pg->state != PG_DOWN && pg->pending > 0 && silent_ms > ANSWER_DEADLINE_MS)
		pg_session_lost(pg, "waiting for PostgreSQL's answer");
}

struct pg *pg_open(struct loop *loop, const struct pg_options *o)
{
	struct pg *pg = mem_zalloc(sizeof *pg);

	pg->loop = loop;
	pg->options = *o;
	pg->tail = &pg->head;
	pg->reconnect_ms = RECONNECT_FIRST_MS;
	pg->fail_queued = (struct defer){.fn = fail_queued, .user = pg};
	pg->reconnect = timer_new(loop, connect_start, pg);
	pg->watch = timer_new(loop, watch, pg);
	timer_set(pg->watch, WATCH_INTERVAL_MS, WATCH_INTERVAL_MS);
	pg->state = PG_DOWN;
	err_set(&pg->down_err, RC_LOST, "PostgreSQL is not connected yet");
	timer_set(pg->reconnect, 0, 0);
	return pg;
}

void pg_close(struct pg *pg)
{
	if (!pg)
		return;
	poll_close(pg);
	PQfinish(pg->conn);
	loop_defer_cancel(pg->loop, &pg->fail_queued);
	timer_free(pg->reconnect);
	timer_free(pg->watch);
	pg_forget_statements(pg);
	PQclear(pg->chain_result);
	while (pg->head) {
		struct request *rq = pg_request_pop(pg);

		PQclear(rq->result);
		free(rq);
	}
	free(pg);
}

bool pg_is_up(const struct pg *pg)
{
	return pg->state == PG_UP || pg->state == PG_COPYING;
}

size_t pg_pending(const struct pg *pg)
{
	return pg->pending;
}
