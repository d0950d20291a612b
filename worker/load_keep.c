// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "load_internal.h"

/* `r` or the first page behind it whose ids are kept. */
static const struct rows *kept_page(struct load *b, const struct rows *r)
{
	while (r && (!r->keep || !load_page_alive(b, r)))
		r = r->next;
	return r;
}

static bool begins(const struct rows *r)
{
	return r->begins;
}

static bool begins_widened(const struct rows *r)
{
	return begins(r) && r->task->widened;
}

static bool any(const struct rows *r)
{
	(void)r;
	return true;
}

typedef bool page_filter(const struct rows *r);
typedef int64_t page_number(const struct rows *r);

static bool has(struct load *b, page_filter *filter)
{
	for (const struct rows *r = kept_page(b, b->pages); r; r = kept_page(b, r->next)) {
		if (filter(r))
			return true;
	}
	return false;
}

static void add_connections(struct load *b, page_filter *filter)
{
	pg_array_begin(&b->args, PG_UUID);
	for (const struct rows *r = kept_page(b, b->pages); r; r = kept_page(b, r->next)) {
		if (filter(r))
			pg_array_uuid(&b->args, &r->task->connection_id);
	}
	pg_array_end(&b->args);
}

static void add_resources(struct load *b, page_filter *filter)
{
	pg_array_begin(&b->args, PG_TEXT);
	for (const struct rows *r = kept_page(b, b->pages); r; r = kept_page(b, r->next)) {
		if (filter(r))
			pg_array_text(&b->args, str_of(r->task->walk.resource->name));
	}
	pg_array_end(&b->args);
}

static void add_numbers(struct load *b, page_filter *filter, page_number *number)
{
	pg_array_begin(&b->args, PG_INT8);
	for (const struct rows *r = kept_page(b, b->pages); r; r = kept_page(b, r->next)) {
		if (filter(r))
			pg_array_i64(&b->args, number(r));
	}
	pg_array_end(&b->args);
}

static int64_t walk_of(const struct rows *r)
{
	return r->walk_us;
}

static int64_t begins_of(const struct rows *r)
{
	return r->begins;
}

static int64_t page_of(const struct rows *r)
{
	return r->number;
}

/* A record of which we do not even know the id may be any of those that are missed. */
static int64_t unknown_of(const struct rows *r)
{
	int64_t n = 0;

	for (size_t i = 0; i < r->nbad; i++)
		n += r->bad[i].id.n == 0;
	return n;
}

/* A record that cannot be stored was seen all the same. */
static int64_t ids_of(const struct rows *r)
{
	return (int64_t)(r->n + r->nbad) - unknown_of(r);
}

/* Where each page's ids begin, or end, in the list of all. Places count from 1. */
static void add_places(struct load *b, bool last)
{
	int64_t before = 0;

	pg_array_begin(&b->args, PG_INT8);
	for (const struct rows *r = kept_page(b, b->pages); r; r = kept_page(b, r->next)) {
		pg_array_i64(&b->args, last ? before + ids_of(r) : before + 1);
		before += ids_of(r);
	}
	pg_array_end(&b->args);
}

static void add_ids(struct load *b)
{
	pg_array_begin(&b->args, PG_TEXT);
	for (const struct rows *r = kept_page(b, b->pages); r; r = kept_page(b, r->next)) {
		for (size_t i = 0; i < r->n; i++)
			pg_array_text(&b->args, (struct str){r->bytes.p + r->mark[i].id_at, r->mark[i].id_n});
		for (size_t i = 0; i < r->nbad; i++) {
			if (r->bad[i].id.n)
				pg_array_text(&b->args, buf_str(&r->bad[i].id));
		}
	}
	pg_array_end(&b->args);
}

static void send_unkeep(struct load *b)
{
	pg_args_clear(&b->args);
	add_connections(b, begins);
	add_resources(b, begins);
	add_numbers(b, begins, walk_of);
	pg_exec(b->lane.pg, &sql_unkeep, &b->args, NULL, NULL);
}

static void send_widen(struct load *b)
{
	pg_args_clear(&b->args);
	pg_array_begin(&b->args, PG_UUID);
	for (const struct rows *r = kept_page(b, b->pages); r; r = kept_page(b, r->next)) {
		if (begins_widened(r))
			pg_array_uuid(&b->args, &r->task->task_id);
	}
	pg_array_end(&b->args);
	pg_exec(b->lane.pg, &sql_widen, &b->args, NULL, NULL);
}

static void send_keep(struct load *b)
{
	pg_args_clear(&b->args);
	add_connections(b, any);
	add_resources(b, any);
	add_numbers(b, any, walk_of);
	add_numbers(b, any, page_of);
	add_numbers(b, any, begins_of);
	add_numbers(b, any, unknown_of);
	add_places(b, false);
	add_places(b, true);
	add_ids(b);
	pg_exec(b->lane.pg, &sql_keep, &b->args, NULL, NULL);
}

void load_keep(struct load *b)
{
	if (!has(b, any))
		return;
	if (has(b, begins))
		send_unkeep(b);
	if (has(b, begins_widened))
		send_widen(b);
	send_keep(b);
}
