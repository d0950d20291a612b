// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "replay.h"

#include "base/clock.h"
#include "io/pg.h"
#include "repeats.h"
#include "rows.h"
#include "statements.h"
#include "table.h"
#include "task.h"
#include "worker.h"

#define CURSOR_PREFIX "replay:" /* then the id of the last record that was read */
#define RECORD_MAX (1u << 30)

/* The columns of replay_read.sql. */
enum dead_column { DEAD_ID, RECORD_ID, RAW, SEEN_US };

struct replay {
	struct rows *rows;
	struct uuid last;    /* of what was read */
	int64_t *tuple_seen; /* when the provider sent it, of each tuple and each bad record */
	int64_t *bad_seen;
	bool over; /* nothing was left to read */
};

void replay_free(struct replay *r)
{
	if (!r)
		return;
	rows_free(r->rows);
	free(r->tuple_seen);
	free(r->bad_seen);
	free(r);
}

static bool is_replay_cursor(struct str cursor)
{
	return str_starts(cursor, STR(CURSOR_PREFIX));
}

/* A replay leaves a cursor behind with its first page, be it the walk's. */
bool replay_is_due(const struct task *t)
{
	return t->replay && (t->page == 0 || is_replay_cursor(buf_str(&t->cursor)));
}

/* ---- the page ---- */

static void set_cursor(struct replay *r)
{
	char text[UUID_TEXT_LEN + 1];

	uuid_format(&r->last, text);
	buf_printf(&r->rows->cursor, CURSOR_PREFIX "%s", text);
}

static void finish(struct task *t)
{
	struct replay *r = TAKE(t->replaying);
	struct rows *rows = TAKE(r->rows);

	repeats_drop(rows);
	rows->last = r->over && t->replay_only;
	rows->total = -1;
	replay_free(r);
	task_replayed(t, rows);
}

static void fail(struct task *t, const struct err *err)
{
	replay_free(TAKE(t->replaying));
	task_replay_failed(t, err);
}

/* ---- what is newer already ---- */

static void drop_tuples(struct rows *rows, const bool *newer)
{
	size_t kept = 0;

	for (size_t i = 0; i < rows->n; i++) {
		if (!newer[i])
			rows->mark[kept++] = rows->mark[i];
	}
	rows->unchanged += rows->n - kept;
	rows->n = kept;
}

static void drop_bad(struct rows *rows, const bool *newer)
{
	size_t kept = 0;

	for (size_t i = 0; i < rows->nbad; i++) {
		if (newer[i])
			bad_record_done(&rows->bad[i]);
		else
			rows->bad[kept++] = rows->bad[i];
	}
	rows->unchanged += rows->nbad - kept;
	rows->nbad = kept;
}

static void compared(void *user, const struct pg_result *res, const struct err *err)
{
	struct task *t = user;

	if (err) {
		fail(t, err);
		return;
	}
	struct rows *rows = t->replaying->rows;
	size_t n = rows->n;
	bool *newer = mem_array(n + rows->nbad + 1, sizeof *newer);

	for (int i = 0; i < pg_rows(res); i++)
		newer[pg_i64(res, i, 0) - 1] = true;
	drop_tuples(rows, newer);
	drop_bad(rows, newer + n);
	free(newer);
	finish(t);
}

static void compare(struct task *t)
{
	const struct replay *r = t->replaying;
	const struct rows *rows = r->rows;
	struct pg_args args = PG_ARGS;

	pg_arg_uuid(&args, &t->connection_id);
	pg_array_begin(&args, PG_TEXT);
	for (size_t i = 0; i < rows->n; i++)
		pg_array_text(&args, rows_id(rows, i));
	for (size_t i = 0; i < rows->nbad; i++)
		pg_array_text(&args, buf_str(&rows->bad[i].id));
	pg_array_end(&args);
	pg_array_begin(&args, PG_INT8);
	for (size_t i = 0; i < rows->n; i++)
		pg_array_i64(&args, r->tuple_seen[i]);
	for (size_t i = 0; i < rows->nbad; i++)
		pg_array_i64(&args, r->bad_seen[i]);
	pg_array_end(&args);
	pg_query(t->worker->control, &t->table->newer, &args, compared, t);
	pg_args_done(&args);
}

/* ---- reading ---- */

struct reading {
	struct rows *rows;
	struct row_writer writer;
	bool done;
};

static enum rc on_record(void *user, struct str raw, const struct slice *fields)
{
	struct reading *reading = user;

	if (reading->done)
		return RC_INVALID;
	reading->done = true;
	return rows_add(reading->rows, &reading->writer, raw, fields);
}

/* Of a record whose place is its identity. */
static void read_place(struct str id, struct row_writer *writer)
{
	int64_t from_s;

	if (writer->layout && str_to_i64(str_cut(&id, '/'), &from_s) && from_s < INT64_MAX / US_PER_S)
		writer->window_us = from_s * US_PER_S;
	if (!str_to_i64(str_cut(&id, '/'), &writer->walk))
		writer->walk = 0;
}

/* One record, as a page of its own that holds nothing else. */
static void read_record(struct task *t, const struct pg_result *res, int row)
{
	struct replay *r = t->replaying;
	AUTO(buf_done) struct buf text = BUF(RECORD_MAX);
	struct reading reading = {.rows = r->rows,
	    .writer = {.layout = t->table->layout,
	        .connection_id = t->connection_id,
	        .tenant_id = t->tenant_id,
	        .id = pg_str(res, row, RECORD_ID),
	        .max_bytes = (size_t)t->worker->settings.record_max_bytes,
	        .out = &r->rows->bytes}};
	struct err err;
	read_place(pg_str(res, row, RECORD_ID), &reading.writer);
	size_t n = r->rows->n;
	size_t nbad = r->rows->nbad;

	buf_add_char(&text, '[');
	(void)pg_bytea(res, row, RAW, &text);
	buf_add_char(&text, ']');
	(void)!slice_page(t->table->record_plan, buf_str(&text), NULL, on_record, &reading, &err);
	if (r->rows->n == n && r->rows->nbad == nbad)
		rows_add_bad(r->rows, pg_str(res, row, RECORD_ID), "no record that can be read",
		    (struct str){text.p + 1, text.n - 2});
	if (r->rows->n > n)
		r->tuple_seen[n] = pg_i64(res, row, SEEN_US);
	else
		r->bad_seen[nbad] = pg_i64(res, row, SEEN_US);
}

static void was_read(void *user, const struct pg_result *res, const struct err *err)
{
	struct task *t = user;

	if (err) {
		fail(t, err);
		return;
	}
	struct replay *r = t->replaying;
	size_t n = (size_t)pg_rows(res);

	r->over = n == 0;
	r->rows->replayed = mem_array(n + 1, sizeof *r->rows->replayed);
	r->tuple_seen = mem_array(n + 1, sizeof *r->tuple_seen);
	r->bad_seen = mem_array(n + 1, sizeof *r->bad_seen);
	for (size_t i = 0; i < n; i++) {
		pg_uuid(res, (int)i, DEAD_ID, &r->last);
		r->rows->replayed[r->rows->nreplayed++] = r->last;
		read_record(t, res, (int)i);
	}
	if (r->over) {
		finish(t);
		return;
	}
	set_cursor(r);
	compare(t);
}

void replay_read(struct task *t)
{
	struct pg_args args = PG_ARGS;
	struct str cursor = buf_str(&t->cursor);

	t->replaying = mem_zalloc(sizeof *t->replaying);
	t->replaying->rows = rows_new(t);
	pg_arg_uuid(&args, &t->connection_id);
	pg_arg_text(&args, str_of(t->walk.resource->name));
	if (is_replay_cursor(cursor))
		pg_arg_text(
		    &args, (struct str){cursor.p + strlen(CURSOR_PREFIX), cursor.n - strlen(CURSOR_PREFIX)});
	else
		pg_arg_null(&args);
	pg_query(t->worker->control, &sql_replay_read, &args, was_read, t);
	pg_args_done(&args);
}
