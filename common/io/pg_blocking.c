// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "io/pg_blocking.h"

#include <libpq-fe.h>

#include "io/pg_session.h"

struct pg_blocking {
	PGconn *conn;
};

enum rc pg_conninfo_check(const char *conninfo, struct err *err)
{
	char *problem = NULL; /* not shown: it may quote the text */
	PQconninfoOption *parsed = PQconninfoParse(conninfo, &problem);

	PQfreemem(problem);
	if (!parsed)
		return err_set(err, RC_INVALID,
		    "database.url is neither a postgresql:// URI nor a list of key=value that libpq knows");
	PQconninfoFree(parsed);
	return RC_OK;
}

static enum rc conn_error(const PGconn *conn, const char *what, struct err *err)
{
	struct str text = str_trim(str_of(PQerrorMessage(conn)));

	return err_set(
	    err, PQstatus(conn) == CONNECTION_BAD ? RC_LOST : RC_IO, "%s: %.*s", what, STR_ARG(text));
}

static void ignore_notice(void *user, const PGresult *res)
{
	(void)user;
	(void)res;
}

struct pg_blocking *pg_blocking_open(const char *conninfo, const char *application, struct err *err)
{
	const char *const keys[] = {
	    "connect_timeout", "fallback_application_name", "dbname", "client_encoding", NULL};
	const char *const values[] = {"10", application, conninfo, "UTF8", NULL};

	if (pg_conninfo_check(conninfo, err) != RC_OK)
		return NULL;
	struct pg_blocking *db = mem_zalloc(sizeof *db);
	db->conn = PQconnectdbParams(keys, values, 1);
	if (PQstatus(db->conn) != CONNECTION_OK) {
		conn_error(db->conn, "connecting to PostgreSQL", err);
		pg_blocking_close(db);
		return NULL;
	}
	PQsetNoticeReceiver(db->conn, ignore_notice, NULL);
	return db;
}

void pg_blocking_close(struct pg_blocking *db)
{
	if (!db)
		return;
	PQfinish(db->conn);
	free(db);
}

/* Takes `res`; gives it on when it is good and somebody wants it. */
static enum rc finish(
    struct pg_blocking *db, PGresult *res, const char *what, struct pg_result **ret, struct err *err)
{
	if (!res || PQstatus(db->conn) == CONNECTION_BAD) {
		PQclear(res);
		return conn_error(db->conn, what, err);
	}
	if (pg_result_is_error(res)) {
		pg_result_err(res, what, err);
		PQclear(res);
		return err->rc;
	}
	if (ret)
		*ret = (struct pg_result *)res;
	else
		PQclear(res);
	return RC_OK;
}

enum rc pg_blocking_run(struct pg_blocking *db, const char *sql, struct err *err)
{
	return finish(db, PQexec(db->conn, sql), "running SQL", NULL, err);
}

enum rc pg_blocking_query(struct pg_blocking *db, const struct pg_statement *st, const struct pg_args *args,
    struct pg_result **ret, struct err *err)
{
	Oid types[PG_ARGS_MAX];
	const char *values[PG_ARGS_MAX];
	int lengths[PG_ARGS_MAX];
	int formats[PG_ARGS_MAX];
	int n = args ? args->n : 0;

	if (args && !buf_ok(&args->bytes))
		return err_set(err, RC_LIMIT, "%s: parameters are too long", st->name);
	for (int i = 0; i < n; i++) {
		const struct pg_arg *arg = &args->arg[i];

		types[i] = arg->type;
		values[i] = arg->len < 0 ? NULL : args->bytes.p + arg->at;
		lengths[i] = MAX(arg->len, 0);
		formats[i] = arg->binary;
	}
	return finish(
	    db, PQexecParams(db->conn, st->sql, n, types, values, lengths, formats, 0), st->name, ret, err);
}

void pg_blocking_free(struct pg_result *r)
{
	PQclear((PGresult *)r);
}

void pg_blocking_free_ptr(struct pg_result **r)
{
	pg_blocking_free(*r);
	*r = NULL;
}
