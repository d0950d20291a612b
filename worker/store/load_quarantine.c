// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "load_internal.h"

typedef void bad_fn(struct pg_args *a, const struct rows *r, const struct bad_record *bad);

static void put_task(struct pg_args *a, const struct rows *r, const struct bad_record *bad)
{
	(void)bad;
	pg_array_uuid(a, &r->task->task_id);
}

static void put_id(struct pg_args *a, const struct rows *r, const struct bad_record *bad)
{
	(void)r;
	pg_array_text(a, buf_str(&bad->id));
}

static void put_column(struct pg_args *a, const struct rows *r, const struct bad_record *bad)
{
	(void)r;
	if (bad->column)
		pg_array_text(a, str_of(bad->column));
	else
		pg_array_null(a);
}

static void put_reason(struct pg_args *a, const struct rows *r, const struct bad_record *bad)
{
	(void)r;
	pg_array_text(a, str_of(bad->reason));
}

static void put_raw(struct pg_args *a, const struct rows *r, const struct bad_record *bad)
{
	(void)r;
	pg_array_text(a, buf_str(&bad->raw));
}

static void put_replayed(struct pg_args *a, const struct rows *r, const struct bad_record *bad)
{
	(void)bad;
	pg_array_bool(a, r->replayed != NULL);
}

/* One array parameter with a value of each bad record. */
static void put_bad(struct load *b, enum pg_type type, bad_fn *put)
{
	pg_array_begin(&b->args, type);
	for (struct rows *r = b->pages; r; r = r->next) {
		for (size_t i = 0; i < r->nbad && load_page_alive(b, r); i++) {
			if (!r->bad[i].repeated)
				put(&b->args, r, &r->bad[i]);
		}
	}
	pg_array_end(&b->args);
}

static void send_bad(struct load *b)
{
	pg_args_clear(&b->args);
	put_bad(b, PG_UUID, put_task);
	put_bad(b, PG_TEXT, put_id);
	put_bad(b, PG_TEXT, put_column);
	put_bad(b, PG_TEXT, put_reason);
	put_bad(b, PG_BYTEA, put_raw);
	put_bad(b, PG_BOOL, put_replayed);
	pg_exec(b->lane.pg, &sql_quarantine, &b->args, NULL, NULL);
}

/* A replayed record is no news of the provider's: what was quarantined of it since stays. */
static bool may_mend(struct load *b, const struct rows *r)
{
	return r->task->has_dead && !r->replayed && load_page_alive(b, r);
}

typedef void mended_fn(struct pg_args *a, const struct rows *r, struct str id, bool gone);

static void put_connection(struct pg_args *a, const struct rows *r, struct str id, bool gone)
{
	(void)id;
	(void)gone;
	pg_array_uuid(a, &r->task->connection_id);
}

static void put_resource(struct pg_args *a, const struct rows *r, struct str id, bool gone)
{
	(void)id;
	(void)gone;
	pg_array_text(a, str_of(r->task->table->resource->name));
}

static void put_mended_id(struct pg_args *a, const struct rows *r, struct str id, bool gone)
{
	(void)r;
	(void)gone;
	pg_array_text(a, id);
}

static void put_feed(struct pg_args *a, const struct rows *r, struct str id, bool gone)
{
	(void)id;
	if (gone)
		pg_array_uuid(a, &r->task->task_id);
	else
		pg_array_null(a);
}

static void put_mended(struct load *b, enum pg_type type, mended_fn *put)
{
	pg_array_begin(&b->args, type);
	for (struct rows *r = b->pages; r; r = r->next) {
		if (!may_mend(b, r))
			continue;
		for (size_t i = 0; i < r->n; i++)
			put(&b->args, r, rows_id(r, i), false);
		for (size_t i = 0; i < r->ngone; i++)
			put(&b->args, r, rows_gone_id(r, i), true);
	}
	pg_array_end(&b->args);
}

static void send_mended(struct load *b)
{
	pg_args_clear(&b->args);
	put_mended(b, PG_UUID, put_connection);
	put_mended(b, PG_TEXT, put_resource);
	put_mended(b, PG_TEXT, put_mended_id);
	put_mended(b, PG_UUID, put_feed);
	pg_exec(b->lane.pg, &sql_mended, &b->args, NULL, NULL);
}

/* What fitted leaves; what did not was written again, and is not asked for any more. */
static void send_replayed(struct load *b)
{
	pg_args_clear(&b->args);
	pg_array_begin(&b->args, PG_UUID);
	for (struct rows *r = b->pages; r; r = r->next) {
		for (size_t i = 0; r->replayed && i < r->nreplayed && load_page_alive(b, r); i++)
			pg_array_uuid(&b->args, &r->replayed[i]);
	}
	pg_array_end(&b->args);
	pg_exec(b->lane.pg, &sql_replayed, &b->args, NULL, NULL);
}

void load_quarantine(struct load *b)
{
	bool bad = false;
	bool mended = false;
	bool replayed = false;

	for (struct rows *r = b->pages; r; r = r->next) {
		if ((!r->nbad && !r->replayed && !r->task->has_dead) || !load_page_alive(b, r))
			continue;
		mended = mended || (r->n + r->ngone && may_mend(b, r));
		bad = bad || r->nbad;
		replayed = replayed || r->replayed;
	}
	if (mended)
		send_mended(b);
	if (bad)
		send_bad(b);
	if (replayed)
		send_replayed(b);
	for (struct rows *r = b->pages; bad && r; r = r->next)
		r->task->has_dead |= r->nbad > 0;
}
