// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "io/pg_session.h"

#define COPY_CHUNK 65536 /* bytes given to libpq between two looks at the socket: bounds its buffer */

/* PGCOPY signature, no flags, no header extension (documentation of COPY, "Binary Format"). */
static const char copy_header[] = "PGCOPY\n\377\r\n\0\0\0\0\0\0\0\0\0";
static const char copy_trailer[] = "\377\377";

static void copy_end(struct pg *pg, const PGresult *failed)
{
	struct err err;

	if (failed)
		pg_result_err(failed, "copy", &err);
	if (PQenterPipelineMode(pg->conn) != 1) {
		pg_session_lost(pg, "leaving COPY");
		return;
	}
	struct request *rq = pg_request_pop(pg);
	pg->state = PG_UP;
	pg_poll_want(pg, UV_READABLE);
	pg_request_finish(rq, failed ? &err : NULL);
}

/* Gives libpq one chunk; returns PQputCopyData's answer. */
static int copy_put_chunk(struct copy *copy, PGconn *conn)
{
	const struct str *piece = &copy->pieces[copy->piece];
	size_t n = MIN(piece->n - copy->at, (size_t)COPY_CHUNK);
	int rc = n ? PQputCopyData(conn, piece->p + copy->at, (int)n) : 1;

	if (rc != 1)
		return rc;
	copy->at += n;
	if (copy->at == piece->n) {
		copy->piece++;
		copy->at = 0;
	}
	return 1;
}

/* Puts data until the socket is full; the poll callback comes back here when it is writable again. */
void pg_copy_feed(struct pg *pg)
{
	struct copy *copy = &pg->copy;
	int more = PQflush(pg->conn);

	while (more == 0 && copy->piece < copy->n) {
		if (copy_put_chunk(copy, pg->conn) < 0) {
			pg_session_lost(pg, "copying rows");
			return;
		}
		more = PQflush(pg->conn);
	}
	if (more == 0 && !copy->finished) {
		if (PQputCopyData(pg->conn, copy_trailer, sizeof copy_trailer - 1) != 1 ||
		    PQputCopyEnd(pg->conn, NULL) != 1) {
			pg_session_lost(pg, "ending a copy");
			return;
		}
		copy->finished = true;
		more = PQflush(pg->conn);
	}
	if (more < 0) {
		pg_session_lost(pg, "copying rows");
		return;
	}
	pg->last_answer_ms = loop_now_ms(pg->loop);
	pg_poll_want(pg, more ? UV_READABLE | UV_WRITABLE : UV_READABLE);
}

void pg_copy(struct pg *pg, const char *sql, const struct str *pieces, size_t n, pg_done *done, void *user)
{
	assert(pg->state != PG_COPYING && (pg->state != PG_UP || pg->pending == 0));
	pg_request_add(pg, REQUEST_COPY, done, user);
	if (pg->state != PG_UP)
		return;
	pg->copy = (struct copy){.pieces = pieces, .n = n};
	if (PQexitPipelineMode(pg->conn) != 1 || PQsendQuery(pg->conn, sql) != 1) {
		pg_session_lost(pg, "starting a copy");
		return;
	}
	pg->state = PG_COPYING;
	pg_flush(pg);
}

void pg_copy_results(struct pg *pg)
{
	while (pg->state == PG_COPYING && !PQisBusy(pg->conn)) {
		PGresult *res = PQgetResult(pg->conn);
		struct request *rq = pg->head;

		if (!res) { /* the command is over: its result was kept */
			bool ok = rq->result && PQresultStatus(rq->result) == PGRES_COMMAND_OK;
			PGresult *failed = ok ? NULL : TAKE(rq->result);

			copy_end(pg, failed);
			PQclear(failed);
			return;
		}
		if (PQresultStatus(res) == PGRES_COPY_IN) {
			bool first = !pg->copy.ready;

			PQclear(res);
			pg->copy.ready = true;
			if (!first)
				return; /* libpq repeats it until the end is given */
			if (PQputCopyData(pg->conn, copy_header, sizeof copy_header - 1) != 1)
				pg_session_lost(pg, "copying rows");
			else
				pg_copy_feed(pg);
			return;
		}
		PQclear(rq->result);
		rq->result = res;
		pg->copy.finished = true;
	}
}
