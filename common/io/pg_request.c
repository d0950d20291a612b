// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "io/pg_session.h"

static struct request *request_new(
    enum request_kind kind, const struct pg_statement *st, pg_done *done, void *user)
{
	struct request *rq = mem_zalloc(sizeof *rq);

	rq->kind = kind;
	rq->statement = st;
	rq->done = done;
	rq->user = user;
	return rq;
}

static void request_push(struct pg *pg, struct request *rq)
{
	*pg->tail = rq;
	pg->tail = &rq->next;
	if (pg->pending++ == 0)
		pg->last_answer_ms = loop_now_ms(pg->loop);
	if (pg->state == PG_DOWN || pg->state == PG_CONNECTING || pg->state == PG_SETTING_UP)
		loop_defer(pg->loop, &pg->fail_queued);
}

void pg_request_add(struct pg *pg, enum request_kind kind, pg_done *done, void *user)
{
	request_push(pg, request_new(kind, NULL, done, user));
}

struct request *pg_request_pop(struct pg *pg)
{
	struct request *rq = pg->head;

	pg->head = rq->next;
	if (!pg->head)
		pg->tail = &pg->head;
	pg->pending--;
	return rq;
}

void pg_request_finish(struct request *rq, const struct err *err)
{
	if (rq->done)
		rq->done(rq->user, err ? NULL : (const struct pg_result *)rq->result, err);
	PQclear(rq->result);
	free(rq);
}

void pg_request_fail_all(struct pg *pg, const struct err *err)
{
	struct request *rq = pg->head;

	pg->head = NULL;
	pg->tail = &pg->head;
	pg->pending = 0;
	pg->chain_err.rc = RC_OK;
	PQclear(pg->chain_result);
	pg->chain_result = NULL;
	while (rq) {
		struct request *next = rq->next;

		pg_request_finish(rq, err);
		rq = next;
	}
}

static bool statement_prepared(struct pg *pg, const struct pg_statement *st)
{
	struct prepared *p;

	HASH_FIND_PTR(pg->prepared, &st, p);
	return p != NULL;
}

static void statement_remember(struct pg *pg, const struct pg_statement *st)
{
	struct prepared *p = mem_zalloc(sizeof *p);

	p->statement = st;
	HASH_ADD_PTR(pg->prepared, statement, p);
}

static void statement_forget(struct pg *pg, const struct pg_statement *st)
{
	struct prepared *p;

	HASH_FIND_PTR(pg->prepared, &st, p);
	if (p) {
		HASH_DEL(pg->prepared, p);
		free(p);
	}
}

void pg_forget_statements(struct pg *pg)
{
	struct prepared *p;
	struct prepared *next;

	HASH_FREE(pg->prepared, p, next, free);
}

static bool send_prepare(struct pg *pg, const struct pg_statement *st, const struct pg_args *args)
{
	Oid types[PG_ARGS_MAX];
	int n = args ? args->n : 0;

	for (int i = 0; i < n; i++)
		types[i] = args->arg[i].type;
	return PQsendPrepare(pg->conn, st->name, st->sql, n, types) == 1;
}

static bool send_execute(struct pg *pg, const struct pg_statement *st, const struct pg_args *args)
{
	const char *values[PG_ARGS_MAX];
	int lengths[PG_ARGS_MAX];
	int formats[PG_ARGS_MAX];
	int n = args ? args->n : 0;

	for (int i = 0; i < n; i++) {
		const struct pg_arg *arg = &args->arg[i];

		values[i] = arg->len < 0 ? NULL : args->bytes.p + arg->at;
		lengths[i] = MAX(arg->len, 0);
		formats[i] = arg->binary;
	}
	return PQsendQueryPrepared(pg->conn, st->name, n, values, lengths, formats, 0) == 1;
}

/* Queues `rq` and sends it, prepared first when this session has not seen its statement. */
static void exec_queue(struct pg *pg, struct request *rq, const struct pg_args *args)
{
	const struct pg_statement *st = rq->statement;
	bool ok = true;

	assert(!args || buf_ok(&args->bytes));
	assert(pg->state != PG_COPYING);
	if (pg->state == PG_UP && !statement_prepared(pg, st)) {
		ok = send_prepare(pg, st, args);
		request_push(pg, request_new(REQUEST_PREPARE, st, NULL, NULL));
		statement_remember(pg, st);
	}
	request_push(pg, rq);
	if (pg->state == PG_UP && (!ok || !send_execute(pg, st, args)))
		pg_session_lost(pg, "sending a statement");
}

void pg_exec(
    struct pg *pg, const struct pg_statement *st, const struct pg_args *args, pg_done *done, void *user)
{
	exec_queue(pg, request_new(REQUEST_EXEC, st, done, user), args);
}

void pg_sync(struct pg *pg, pg_done *done, void *user)
{
	assert(pg->state != PG_COPYING);
	pg_request_add(pg, REQUEST_SYNC, done, user);
	if (pg->state != PG_UP)
		return;
	if (PQpipelineSync(pg->conn) != 1)
		pg_session_lost(pg, "sending to PostgreSQL");
	else
		pg_flush(pg);
}

void pg_exec_held(struct pg *pg, const struct pg_statement *st, const struct pg_args *args)
{
	exec_queue(pg, request_new(REQUEST_EXEC_HELD, st, NULL, NULL), args);
}

void pg_query(
    struct pg *pg, const struct pg_statement *st, const struct pg_args *args, pg_done *done, void *user)
{
	pg_exec_held(pg, st, args);
	pg_sync(pg, done, user);
}

void pg_result_err(const PGresult *res, const char *what, struct err *err)
{
	const char *state = PQresultErrorField(res, PG_DIAG_SQLSTATE);
	const char *message = PQresultErrorField(res, PG_DIAG_MESSAGE_PRIMARY); /* the detail quotes rows */
	struct str text = str_trim(str_of(message ? message : PQresultErrorMessage(res)));

	err_set(err, RC_IO, "%s: %.*s", what, STR_ARG(text));
	snprintf(err->sqlstate, sizeof err->sqlstate, "%s", state ? state : "");
}

bool pg_result_is_error(const PGresult *res)
{
	ExecStatusType status = PQresultStatus(res);

	return status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK;
}

/* A statement's result is complete: hands it on, or keeps it for the sync that follows. */
static void statement_done(struct pg *pg)
{
	struct request *rq = pg_request_pop(pg);
	bool failed = !rq->result || pg_result_is_error(rq->result);

	if (failed && rq->result && pg->chain_err.rc == RC_OK)
		pg_result_err(rq->result, rq->statement->name, &pg->chain_err);
	if (failed && rq->kind == REQUEST_PREPARE)
		statement_forget(pg, rq->statement);
	if (rq->kind == REQUEST_EXEC_HELD && !failed)
		pg->chain_result = TAKE(rq->result);
	if (!failed) {
		pg_request_finish(rq, NULL);
		return;
	}
	struct err err = pg->chain_err;
	pg_request_finish(rq, &err);
}

static void sync_done(struct pg *pg)
{
	struct request *rq = pg_request_pop(pg);

	rq->result = TAKE(pg->chain_result);
	if (pg->chain_err.rc == RC_OK) {
		pg_request_finish(rq, NULL);
		return;
	}
	struct err err = pg->chain_err;
	pg->chain_err.rc = RC_OK;
	pg_request_finish(rq, &err);
}

void pg_pipeline_results(struct pg *pg)
{
	while (pg->state == PG_UP && pg->head && !PQisBusy(pg->conn)) {
		PGresult *res = PQgetResult(pg->conn);

		pg->last_answer_ms = loop_now_ms(pg->loop);
		if (res && PQresultStatus(res) == PGRES_PIPELINE_SYNC) {
			PQclear(res);
			sync_done(pg);
		} else if (res) {
			PQclear(pg->head->result);
			pg->head->result = res;
		} else if (pg->head->kind != REQUEST_SYNC) {
			statement_done(pg);
		} else {
			return;
		}
	}
}
