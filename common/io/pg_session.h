// SPDX-License-Identifier: Apache-2.0
#pragma once
/* What the files of the PostgreSQL session share: pg.c (its life), pg_request.c (the pipeline), pg_copy.c. */
#include "base/base.h"
#include "base/hash.h"
#include "io/pg.h"

#include <libpq-fe.h>
#include <uv.h>

enum pg_state {
	PG_CONNECTING, /* PQconnectPoll wants the socket */
	PG_SETTING_UP, /* the setup text is running, no pipeline yet */
	PG_UP,         /* pipeline mode */
	PG_COPYING,    /* out of the pipeline, for one COPY */
	PG_DOWN,       /* waiting to reconnect */
};

/* A held EXEC has no callback of its own: its chain's sync answers with its result. */
enum request_kind { REQUEST_PREPARE, REQUEST_EXEC, REQUEST_EXEC_HELD, REQUEST_SYNC, REQUEST_COPY };

struct request {
	enum request_kind kind;
	const struct pg_statement *statement;
	pg_done *done;
	void *user;
	struct request *next;
	PGresult *result;
};

struct prepared {
	const struct pg_statement *statement;
	UT_hash_handle hh;
};

struct copy {
	const struct str *pieces;
	size_t n;
	size_t piece;
	size_t at;
	bool ready;    /* the server has said COPY_IN */
	bool finished; /* the end was given to libpq */
};

struct pg {
	struct loop *loop;
	struct pg_options options;
	PGconn *conn;
	enum pg_state state;
	uv_poll_t *poll;
	int poll_fd;
	int poll_events;
	struct timer *reconnect;
	struct timer *watch;
	struct defer fail_queued; /* fails what is queued while the session is down, in a turn of its own */
	struct err down_err;
	bool tell_down;
	int64_t reconnect_ms;
	int64_t last_answer_ms;
	struct request *head;
	struct request **tail;
	size_t pending;
	struct err chain_err;   /* first error of the chain whose results are arriving */
	PGresult *chain_result; /* of the chain's held statement, for its sync */
	struct prepared *prepared;
	struct copy copy;
};

/* ---- pg.c ---- */
/* Tells uv what to wait for on the session's socket. */
void pg_poll_want(struct pg *pg, int events);
/* Sends what libpq has buffered, now or when the socket takes it. */
void pg_flush(struct pg *pg);
/* Ends the connection; everything queued fails with RC_LOST in a later turn. `doing` and libpq's text make
 * the error. */
void pg_session_lost(struct pg *pg, const char *doing);

/* ---- pg_request.c ---- */
void pg_request_add(struct pg *pg, enum request_kind kind, pg_done *done, void *user);
struct request *pg_request_pop(struct pg *pg);
/* Calls back and frees. */
void pg_request_finish(struct request *rq, const struct err *err);
void pg_request_fail_all(struct pg *pg, const struct err *err);
/* Takes in the results that have arrived in pipeline mode. */
void pg_pipeline_results(struct pg *pg);
void pg_forget_statements(struct pg *pg);
bool pg_result_is_error(const PGresult *res);
/* Fills `err` from a failed result: its text after `what`, its SQLSTATE. */
void pg_result_err(const PGresult *res, const char *what, struct err *err);

/* ---- pg_copy.c ---- */
void pg_copy_feed(struct pg *pg);
void pg_copy_results(struct pg *pg);
