// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "load_internal.h"

/* `r` or the first page behind it that says what is deleted from the table; NULL: any table. */
static const struct rows *gone_page(struct load *b, const struct rows *r, const struct table *table)
{
	while (r && (!r->ngone || (table && r->task->table != table) || !load_page_alive(b, r)))
		r = r->next;
	return r;
}

typedef void put_value(struct pg_args *a, const struct rows *r, const struct gone_record *gone);

static void put_task(struct pg_args *a, const struct rows *r, const struct gone_record *gone)
{
	(void)gone;
	pg_array_uuid(a, &r->task->task_id);
}

static void put_connection(struct pg_args *a, const struct rows *r, const struct gone_record *gone)
{
	(void)gone;
	pg_array_uuid(a, &r->task->connection_id);
}

/* No walk has this number: what the walk has shown does not count. */
static void put_walk(struct pg_args *a, const struct rows *r, const struct gone_record *gone)
{
	pg_array_i64(a, gone->fed ? r->walk_us : 0);
}

static void put_id(struct pg_args *a, const struct rows *r, const struct gone_record *gone)
{
	pg_array_text(a, (struct str){r->bytes.p + gone->id_at, gone->id_n});
}

static void put_time(struct pg_args *a, const struct rows *r, const struct gone_record *gone)
{
	(void)r;
	if (gone->deleted_us)
		pg_array_i64(a, gone->deleted_us);
	else
		pg_array_null(a);
}

static void put(struct load *b, const struct table *table, enum pg_type type, put_value *value)
{
	pg_array_begin(&b->args, type);
	for (const struct rows *r = gone_page(b, b->pages, table); r; r = gone_page(b, r->next, table)) {
		for (size_t i = 0; i < r->ngone; i++)
			value(&b->args, r, &r->gone[i]);
	}
	pg_array_end(&b->args);
}

static void send_erase(struct load *b, const struct table *table)
{
	pg_args_clear(&b->args);
	put(b, table, PG_UUID, put_task);
	put(b, table, PG_UUID, put_connection);
	put(b, table, PG_INT8, put_walk);
	put(b, table, PG_TEXT, put_id);
	put(b, table, PG_INT8, put_time);
	pg_arg_text(&b->args, str_of(table->resource->name));
	pg_exec(b->lane.pg, &table->erase, &b->args, NULL, NULL);
}

/* True for the first page of its table. */
static bool leads(struct load *b, const struct rows *r)
{
	return gone_page(b, b->pages, r->task->table) == r;
}

void load_erase(struct load *b)
{
	for (const struct rows *r = gone_page(b, b->pages, NULL); r; r = gone_page(b, r->next, NULL)) {
		if (leads(b, r))
			send_erase(b, r->task->table);
	}
}
