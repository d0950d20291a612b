// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "load_internal.h"

/* `r` or the first page behind it that is alive and leaves something. */
static const struct rows *bearing_page(struct load *b, const struct rows *r)
{
	while (r && (!r->bearing || !load_page_alive(b, r)))
		r = r->next;
	return r;
}

/* One for the parent; one for the resource as a whole when its walk has come to its end. */
struct left {
	const struct rows *rows;
	struct str parent;
	const char *token;
	int64_t touched_us;
};

typedef void put_left(struct pg_args *a, const struct left *left);

static void put_connection(struct pg_args *a, const struct left *left)
{
	pg_array_uuid(a, &left->rows->task->connection_id);
}

static void put_resource(struct pg_args *a, const struct left *left)
{
	pg_array_text(a, str_of(left->rows->task->walk.resource->name));
}

static void put_parent(struct pg_args *a, const struct left *left)
{
	pg_array_text(a, left->parent);
}

static void put_token(struct pg_args *a, const struct left *left)
{
	if (left->token)
		pg_array_text(a, str_of(left->token));
	else
		pg_array_null(a);
}

static void put_touched(struct pg_args *a, const struct left *left)
{
	pg_array_i64(a, left->touched_us);
}

static void put(struct load *b, enum pg_type type, put_left *value)
{
	pg_array_begin(&b->args, type);
	for (const struct rows *r = bearing_page(b, b->pages); r; r = bearing_page(b, r->next)) {
		const struct bearing *bearing = r->bearing;
		struct left of_parent = {r, str_of(bearing->parent), bearing->token, 0};
		struct left of_all = {
		    r, STR(""), bearing->parent[0] ? NULL : bearing->token, bearing->touched_us};

		if (bearing->parent[0])
			value(&b->args, &of_parent);
		if (!bearing->parent[0] || bearing->touched_us)
			value(&b->args, &of_all);
	}
	pg_array_end(&b->args);
}

/* Of walks that have met all parents: how many there are. */
static size_t put_walks(struct load *b, enum pg_type type, put_left *value)
{
	size_t n = 0;

	pg_array_begin(&b->args, type);
	for (const struct rows *r = bearing_page(b, b->pages); r; r = bearing_page(b, r->next)) {
		if (!r->bearing->whole)
			continue;
		value(&b->args, &(struct left){r, STR(""), NULL, r->bearing->touched_us});
		n++;
	}
	pg_array_end(&b->args);
	return n;
}

static void drop_lost_parents(struct load *b)
{
	pg_args_clear(&b->args);
	if (!put_walks(b, PG_UUID, put_connection))
		return;
	(void)put_walks(b, PG_TEXT, put_resource);
	(void)put_walks(b, PG_INT8, put_touched);
	pg_exec(b->lane.pg, &sql_bearings_drop, &b->args, NULL, NULL);
}

void load_bear(struct load *b)
{
	if (!bearing_page(b, b->pages))
		return;
	pg_args_clear(&b->args);
	put(b, PG_UUID, put_connection);
	put(b, PG_TEXT, put_resource);
	put(b, PG_TEXT, put_parent);
	put(b, PG_TEXT, put_token);
	put(b, PG_INT8, put_touched);
	pg_exec(b->lane.pg, &sql_bearings_keep, &b->args, NULL, NULL);
	drop_lost_parents(b);
}

/* In the order of the pages: a slot of the same connection may be there twice. */
void load_replace(struct load *b)
{
	for (const struct rows *r = b->pages; r; r = r->next) {
		if (!r->slot_done || !load_page_alive(b, r))
			continue;
		pg_args_clear(&b->args);
		pg_arg_uuid(&b->args, &r->task->task_id);
		pg_arg_uuid(&b->args, &r->task->connection_id);
		pg_arg_i64(&b->args, r->slot_from_us);
		pg_arg_i64(&b->args, r->slot_to_us);
		pg_arg_i64(&b->args, r->attempt);
		pg_exec(b->lane.pg, &r->task->table->replace, &b->args, NULL, NULL);
	}
}
