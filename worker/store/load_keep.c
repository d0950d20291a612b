// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "load_internal.h"

/* Which pages a statement is about. */
typedef bool page_filter(const struct rows *r);
typedef int64_t page_number(const struct rows *r);

static bool keeps(const struct rows *r)
{
	return r->keep;
}

static bool begins(const struct rows *r)
{
	return r->keep && r->begins;
}

static bool begins_widened(const struct rows *r)
{
	return begins(r) && r->task->widened;
}

static bool forgets(const struct rows *r)
{
	return r->forgets;
}

/* `r` or the first page behind it that is alive and passes. */
static const struct rows *page_of(struct load *b, const struct rows *r, page_filter *filter)
{
	while (r && (!filter(r) || !load_page_alive(b, r)))
		r = r->next;
	return r;
}

static void add_connections(struct load *b, page_filter *filter)
{
	pg_array_begin(&b->args, PG_UUID);
	for (const struct rows *r = page_of(b, b->pages, filter); r; r = page_of(b, r->next, filter))
		pg_array_uuid(&b->args, &r->task->connection_id);
	pg_array_end(&b->args);
}

static void add_resources(struct load *b, page_filter *filter)
{
	pg_array_begin(&b->args, PG_TEXT);
	for (const struct rows *r = page_of(b, b->pages, filter); r; r = page_of(b, r->next, filter))
		pg_array_text(&b->args, str_of(r->task->walk.resource->name));
	pg_array_end(&b->args);
}

static void add_numbers(struct load *b, page_filter *filter, page_number *number)
{
	pg_array_begin(&b->args, PG_INT8);
	for (const struct rows *r = page_of(b, b->pages, filter); r; r = page_of(b, r->next, filter))
		pg_array_i64(&b->args, number(r));
	pg_array_end(&b->args);
}

static int64_t walk_of(const struct rows *r)
{
	return r->walk_us;
}

static int64_t no_walk(const struct rows *r)
{
	(void)r;
	return 0;
}

static int64_t number_of(const struct rows *r)
{
	return r->number;
}

static int64_t begins_of(const struct rows *r)
{
	return r->begins;
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
	for (const struct rows *r = page_of(b, b->pages, keeps); r; r = page_of(b, r->next, keeps)) {
		pg_array_i64(&b->args, last ? before + ids_of(r) : before + 1);
		before += ids_of(r);
	}
	pg_array_end(&b->args);
}

static void add_page_ids(struct pg_args *a, const struct rows *r)
{
	for (size_t i = 0; i < r->n; i++)
		pg_array_text(a, rows_id(r, i));
	for (size_t i = 0; i < r->nbad; i++) {
		if (r->bad[i].id.n)
			pg_array_text(a, buf_str(&r->bad[i].id));
	}
}

static void send_keep(struct load *b)
{
	pg_args_clear(&b->args);
	add_connections(b, keeps);
	add_resources(b, keeps);
	add_numbers(b, keeps, walk_of);
	add_numbers(b, keeps, number_of);
	add_numbers(b, keeps, begins_of);
	add_numbers(b, keeps, unknown_of);
	add_places(b, false);
	add_places(b, true);
	pg_array_begin(&b->args, PG_TEXT);
	for (const struct rows *r = page_of(b, b->pages, keeps); r; r = page_of(b, r->next, keeps))
		add_page_ids(&b->args, r);
	pg_array_end(&b->args);
	pg_exec(b->lane.pg, &sql_keep, &b->args, NULL, NULL);
}

/* Drops what is kept of the pages' resources, but for one walk of each. */
static void send_unkeep(struct load *b, page_filter *filter, page_number *walk)
{
	pg_args_clear(&b->args);
	add_connections(b, filter);
	add_resources(b, filter);
	add_numbers(b, filter, walk);
	pg_exec(b->lane.pg, &sql_unkeep, &b->args, NULL, NULL);
}

static void send_widen(struct load *b)
{
	pg_args_clear(&b->args);
	pg_array_begin(&b->args, PG_UUID);
	for (const struct rows *r = page_of(b, b->pages, begins_widened); r;
	     r = page_of(b, r->next, begins_widened))
		pg_array_uuid(&b->args, &r->task->task_id);
	pg_array_end(&b->args);
	pg_exec(b->lane.pg, &sql_widen, &b->args, NULL, NULL);
}

void load_keep(struct load *b)
{
	if (!page_of(b, b->pages, keeps))
		return;
	if (page_of(b, b->pages, begins))
		send_unkeep(b, begins, walk_of);
	if (page_of(b, b->pages, begins_widened))
		send_widen(b);
	send_keep(b);
}

void load_forget(struct load *b)
{
	if (page_of(b, b->pages, forgets))
		send_unkeep(b, forgets, no_walk);
}
