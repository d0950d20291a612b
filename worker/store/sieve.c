// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "sieve.h"

#include "rows.h"
#include "statements.h"
#include "table.h"

/* Deferred constraints would speak at a COMMIT that never comes. */
static const struct pg_statement immediate = {
    .name = "sieve_immediate", .sql = "set constraints all immediate"};
static const struct pg_statement savepoint = {.name = "sieve_savepoint", .sql = "savepoint sieve"};
static const struct pg_statement back = {.name = "sieve_back", .sql = "rollback to savepoint sieve"};

struct range {
	size_t from;
	size_t to;
};

struct sieve {
	struct pg *pg;
	struct table *table;
	struct rows *rows;
	sieve_done *done;
	void *user;
	struct range *stack;
	size_t depth;
	struct range now;
	struct str *pieces;
	char **reason; /* of each bad row, NULL for good ones */
	struct err range_err;
};

static void next_range(struct sieve *s);

static void over(void *user, const struct pg_result *res, const struct err *err)
{
	struct sieve *s = user;

	(void)res;
	for (size_t i = s->rows->n; i-- > 0;) {
		if (s->reason[i])
			rows_reject(s->rows, s->table->resource, i, s->reason[i]);
		free(s->reason[i]);
		s->reason[i] = NULL;
	}
	s->done(s->user, err);
}

/* What the transaction itself says is no verdict on a record. */
static bool is_data_error(const struct err *err)
{
	return !strncmp(err->sqlstate, "22", 2) || !strncmp(err->sqlstate, "23", 2) ||
	       !strncmp(err->sqlstate, "54", 2);
}

static void range_failed(struct sieve *s, const struct err *err)
{
	size_t n = s->now.to - s->now.from;

	if (n == 1) {
		s->reason[s->now.from] = mem_strdup(err->text);
		return;
	}
	size_t middle = s->now.from + n / 2;
	s->stack[s->depth++] = (struct range){middle, s->now.to};
	s->stack[s->depth++] = (struct range){s->now.from, middle};
}

static void rolled_back(void *user, const struct pg_result *res, const struct err *err)
{
	struct sieve *s = user;

	(void)res;
	if (err || (s->range_err.rc != RC_OK && !is_data_error(&s->range_err))) {
		s->done(s->user, err ? err : &s->range_err);
		return;
	}
	if (s->range_err.rc != RC_OK)
		range_failed(s, &s->range_err);
	next_range(s);
}

static void range_tried(void *user, const struct pg_result *res, const struct err *err)
{
	struct sieve *s = user;

	(void)res;
	if (err)
		s->range_err = *err;
	if (err && err->rc == RC_LOST)
		s->done(s->user, err);
	else
		pg_query(s->pg, &back, NULL, rolled_back, s);
}

static void copied(void *user, const struct pg_result *res, const struct err *err)
{
	struct sieve *s = user;

	if (err)
		range_tried(s, res, err);
	else
		pg_query(s->pg, &s->table->merge, NULL, range_tried, s);
}

static void saved(void *user, const struct pg_result *res, const struct err *err)
{
	struct sieve *s = user;
	size_t n = s->now.to - s->now.from;

	(void)res;
	if (err) {
		s->done(s->user, err);
		return;
	}
	for (size_t i = 0; i < n; i++) {
		const struct row_mark *m = &s->rows->mark[s->now.from + i];

		s->pieces[i] = (struct str){s->rows->bytes.p + m->at, m->n};
	}
	pg_copy(s->pg, s->table->copy_stage, s->pieces, n, copied, s);
}

static void next_range(struct sieve *s)
{
	if (s->depth == 0) {
		pg_query(s->pg, &sql_rollback, NULL, over, s);
		return;
	}
	s->now = s->stack[--s->depth];
	s->range_err.rc = RC_OK;
	pg_query(s->pg, &savepoint, NULL, saved, s);
}

static void begun(void *user, const struct pg_result *res, const struct err *err)
{
	struct sieve *s = user;

	(void)res;
	if (err)
		s->done(s->user, err);
	else
		next_range(s);
}

struct sieve *sieve_new(struct pg *pg, struct table *table, struct rows *rows, sieve_done *done, void *user)
{
	struct sieve *s = mem_zalloc(sizeof *s);

	s->pg = pg;
	s->table = table;
	s->rows = rows;
	s->done = done;
	s->user = user;
	s->stack = mem_array(rows->n + 2, sizeof *s->stack);
	s->pieces = mem_array(rows->n, sizeof *s->pieces);
	s->reason = mem_array(rows->n, sizeof *s->reason);
	s->stack[s->depth++] = (struct range){0, rows->n};
	pg_query(pg, &table->stage, NULL, NULL, NULL);
	pg_exec(pg, &sql_begin, NULL, NULL, NULL);
	pg_exec(pg, &immediate, NULL, NULL, NULL);
	pg_sync(pg, begun, s);
	return s;
}

void sieve_free(struct sieve *s)
{
	if (!s)
		return;
	for (size_t i = 0; s->reason && i < s->rows->n; i++)
		free(s->reason[i]);
	free(s->reason);
	free(s->pieces);
	free(s->stack);
	free(s);
}
