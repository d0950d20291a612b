// SPDX-License-Identifier: Apache-2.0
#pragma once
/*
 * A PostgreSQL session for tests without a server: the same functions as io/pg.h, so that the real ones are
 * not linked. Statements wait until fake_pg_deliver, or are answered in the next turn of the loop when
 * `automatic` is set; what a statement returns is the test's `answer`.
 */
#include "base/base.h"
#include "io/loop.h"
#include "io/pg.h"

#define FAKE_OPS_MAX 1024
#define FAKE_COLUMNS_MAX 8

struct pg {
	struct loop *loop;
	const char *name;
	const char *setup;
	bool up;
};

struct pg_result {
	int rows;
	const char *column[FAKE_COLUMNS_MAX];  /* NULL: NULL */
	const char *(*each)[FAKE_COLUMNS_MAX]; /* of every row its columns; NULL: all have those above */
};

struct fake_op {
	struct pg *pg;
	const struct pg_statement *statement; /* NULL: a sync */
	bool held;
	struct pg_args args;
	pg_done *done;
	void *user;
};

static struct {
	struct fake_op op[FAKE_OPS_MAX];
	size_t nops;
	size_t nsyncs; /* ever */
	bool automatic;
	bool refuse_new; /* sessions that open from now on stay down */
	struct timer *later;
	/* Fills the row or the error. */
	void (*answer)(const struct fake_op *op, struct pg_result *row, struct err *err);
	struct err lost; /* rc set: every chain fails so */
} fake;

static inline void fake_pg_deliver(void)
{
	struct fake_op op[FAKE_OPS_MAX];
	struct err chain = fake.lost;
	struct pg_result held = {0};
	bool holds = false;
	size_t n = fake.nops;

	memcpy(op, fake.op, n * sizeof op[0]);
	fake.nops = 0;
	for (size_t i = 0; i < n; i++) {
		struct pg_result row = {.rows = 1};
		const struct err *err = NULL;

		if (op[i].statement && chain.rc == RC_OK)
			fake.answer(&op[i], &row, &chain);
		if (chain.rc != RC_OK)
			err = &chain;
		if (op[i].held) {
			held = row;
			holds = true;
		} else if (op[i].statement && op[i].done) {
			op[i].done(op[i].user, err ? NULL : &row, err);
		} else if (!op[i].statement && op[i].done) {
			op[i].done(op[i].user, holds && !err ? &held : NULL, err);
		}
		pg_args_done(&op[i].args);
		if (!op[i].statement) {
			chain = fake.lost;
			holds = false;
		}
	}
}

static inline void fake_pg_later(void *user)
{
	(void)user;
	fake_pg_deliver();
}

static inline void fake_pg_drop(void)
{
	for (size_t i = 0; i < fake.nops; i++)
		pg_args_done(&fake.op[i].args);
	fake.nops = 0;
}

static inline struct fake_op *fake_pg_push(struct pg *pg)
{
	assert(fake.nops < FAKE_OPS_MAX);
	fake.op[fake.nops] = (struct fake_op){.pg = pg};
	return &fake.op[fake.nops++];
}

/* An argument's bytes; it must not be NULL. */
static inline struct str fake_pg_arg(const struct pg_args *a, int i)
{
	assert(i < a->n && a->arg[i].len >= 0 && a->bytes.p);
	return (struct str){a->bytes.p + a->arg[i].at, (size_t)a->arg[i].len};
}

#define FAKE_ARRAY_HEAD 20 /* of what array_recv reads; then of each element its length and its bytes */

/* How many elements an array has, of `bytes` each and none NULL. */
static inline size_t fake_pg_elements(const struct pg_args *a, int i, size_t bytes)
{
	return (fake_pg_arg(a, i).n - FAKE_ARRAY_HEAD) / (4 + bytes);
}

/* ---- io/pg.h ---- */

struct pg *pg_open(struct loop *loop, const struct pg_options *o)
{
	struct pg *pg = mem_zalloc(sizeof *pg);

	pg->loop = loop;
	pg->name = o->application_name;
	pg->setup = o->setup;
	pg->up = !fake.refuse_new;
	if (pg->up && o->on_up)
		o->on_up(o->user);
	return pg;
}

void pg_close(struct pg *pg)
{
	fake_pg_drop();
	free(pg);
}

bool pg_is_up(const struct pg *pg)
{
	return pg->up;
}

void pg_exec(
    struct pg *pg, const struct pg_statement *st, const struct pg_args *args, pg_done *done, void *user)
{
	struct fake_op *op = fake_pg_push(pg);

	op->statement = st;
	op->args = args ? *args : PG_ARGS;
	if (args) {
		op->args.bytes = (struct buf){.max = args->bytes.max};
		buf_add_str(&op->args.bytes, buf_str(&args->bytes));
	}
	op->done = done;
	op->user = user;
}

void pg_sync(struct pg *pg, pg_done *done, void *user)
{
	struct fake_op *op = fake_pg_push(pg);

	op->done = done;
	op->user = user;
	fake.nsyncs++;
	if (fake.automatic)
		timer_set(fake.later, 0, 0);
}

void pg_query(
    struct pg *pg, const struct pg_statement *st, const struct pg_args *args, pg_done *done, void *user)
{
	pg_exec(pg, st, args, NULL, NULL);
	fake.op[fake.nops - 1].held = true;
	pg_sync(pg, done, user);
}

int pg_rows(const struct pg_result *r)
{
	return r->rows;
}

static inline const char *const *fake_pg_row(const struct pg_result *r, int row)
{
	assert(row < r->rows);
	return r->each ? r->each[row] : r->column;
}

bool pg_is_null(const struct pg_result *r, int row, int col)
{
	assert(col < FAKE_COLUMNS_MAX);
	return fake_pg_row(r, row)[col] == NULL;
}

struct str pg_str(const struct pg_result *r, int row, int col)
{
	return pg_is_null(r, row, col) ? (struct str){"", 0} : str_of(fake_pg_row(r, row)[col]);
}

int64_t pg_i64(const struct pg_result *r, int row, int col)
{
	int64_t v = 0;

	return str_to_i64(pg_str(r, row, col), &v) ? v : 0;
}

bool pg_bool(const struct pg_result *r, int row, int col)
{
	return str_is(pg_str(r, row, col), "t");
}

bool pg_bytea(const struct pg_result *r, int row, int col, struct buf *ret)
{
	buf_add_str(ret, pg_str(r, row, col));
	return buf_ok(ret);
}

bool pg_uuid(const struct pg_result *r, int row, int col, struct uuid *ret)
{
	return uuid_parse(pg_str(r, row, col), ret);
}
