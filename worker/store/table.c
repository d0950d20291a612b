// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "table.h"

#include "io/pg_blocking.h"

#define SQL_MAX (256u << 10) /* a statement names every column a few times */

struct tables {
	struct table *at;
	size_t n;
};

static char *text_take(struct buf *b)
{
	assert(buf_ok(b));
	char *text = mem_strdup(buf_text(b));

	buf_done(b);
	return text;
}

/* The columns that an update sets: all after connection_id, tenant_id and id. */
static void assignments(const struct row_layout *layout, struct buf *out)
{
	size_t n;
	const char *const *columns = row_layout_columns(layout, &n);

	for (size_t i = 3; i < n; i++)
		buf_printf(out, "%s = excluded.%s, ", columns[i], columns[i]);
	buf_add_text(out, "synced_at = now(), deleted_at = null");
}

static char *compose_stage(const char *name, const char *columns)
{
	return mem_printf(
	    "create temporary table if not exists stage_%s on commit delete rows as select %s from %s "
	    "with no data",
	    name, columns, name);
}

/* Ordinals start at 1. The row that is there and alike is found by the primary key; the hash decides. */
static char *compose_probe(const char *name)
{
	return mem_printf(
	    "select u.ord from unnest($1::uuid[], $2::text[], $3::int8[]) with ordinality as "
	    "u(connection_id, id, "
	    "hash, ord) where not exists (select 1 from %s t where t.connection_id = u.connection_id and "
	    "t.id = u.id "
	    "collate \"C\" and t.content_hash = u.hash and t.deleted_at is null) order by u.ord",
	    name);
}

static char *compose_newer(const char *name)
{
	return mem_printf(
	    "select u.ord from unnest($2::text[], $3::int8[]) with ordinality as u(id, seen, ord) cross join "
	    "lateral (select * from %s x where x.connection_id = $1 and x.id = u.id collate \"C\" offset 0) "
	    "t "
	    "where greatest(extract(epoch from t.synced_at), extract(epoch from t.deleted_at)) * 1000000 > "
	    "u.seen",
	    name);
}

/*
 * Of a record that came twice the last one counts: the stage is filled in order and read backwards. Rows are
 * written in the order of their key, so that sessions cannot deadlock. xmax = 0 marks a row that was not
 * there before.
 */
static char *compose_merge(const struct row_layout *layout, const char *name, const char *columns)
{
	struct buf sets = BUF(SQL_MAX);

	assignments(layout, &sets);
	char *sql = mem_printf(
	    "with merged as (insert into %s as t (%s) select distinct on (connection_id, id) %s from "
	    "stage_%s "
	    "order by connection_id, id, ctid desc on conflict (connection_id, id) do update set %s "
	    "where t.content_hash is distinct from excluded.content_hash or t.deleted_at is not null "
	    "returning t.connection_id, (t.xmax = 0) as fresh) "
	    "select connection_id, count(*) filter (where fresh), count(*) from merged group by "
	    "connection_id",
	    name, columns, columns, name, buf_text(&sets));
	buf_done(&sets);
	return sql;
}

/*
 * By their places $1 tasks, $2 connections, $3 walks, $4 ids, $5 instants (NULL: now) of deletions, $6 the
 * resource. What the walk itself has shown is there again, if it was told by a feed (else the walk is 0). The
 * tasks' counters go along.
 */
static char *compose_erase(const char *name)
{
	return mem_printf(
	    "with told as materialized (select distinct on (u.connection_id, u.id collate \"C\") u.* from "
	    "unnest($1::uuid[], "
	    "$2::uuid[], $3::int8[], $4::text[], $5::int8[]) as u(task_id, connection_id, walk, id, us) "
	    "where not exists (select from seen_pages s where s.connection_id = u.connection_id and "
	    "s.resource = $6 and s.walk = u.walk and u.id collate \"C\" between s.first_id and s.last_id and "
	    "hashtextextended(u.id, 0) = any (s.hashes)) order by u.connection_id, u.id collate \"C\"), "
	    "gone as (update %s t set deleted_at = least(now(), coalesce(to_timestamp(w.us / 1000000.0), "
	    "now())) "
	    "from told w where t.connection_id = w.connection_id and t.id = w.id collate \"C\" and "
	    "t.deleted_at is null returning w.task_id) "
	    "update sync_tasks k set records_deleted = k.records_deleted + c.n "
	    "from (select task_id, count(*) as n from gone group by task_id) c where k.task_id = c.task_id",
	    name);
}

#define PARENTS_MARGIN "interval '2 minutes'" /* a transaction that began before the walk may end later */

/* A task of the parent's that was asked for no later than this one ($5) goes first. */
static char *compose_parent(const struct resource *r)
{
	struct buf keys = BUF(SQL_MAX);

	for (size_t i = 0; i < r->parent.keys.n; i++)
		buf_printf(&keys, "%s'%s', x.%s::text", i ? ", " : "", r->parent.keys.at[i].name,
		    r->parent.keys.at[i].column);
	char *sql = mem_printf(
	    "select (extract(epoch from now()) * 1000000)::int8, p.id, p.keys, b.token, b.connection_id is "
	    "not "
	    "null, w.connection_id is not null, exists (select from sync_tasks t, sync_tasks me where "
	    "me.task_id = $5 and t.connection_id = $1 and t.resource = '%s' and t.ended_at is null and "
	    "t.created_at <= me.created_at) "
	    "from (select) one left join walk_bearings w on w.connection_id = $1 and w.resource = $2 and "
	    "w.parent_id = '' left join lateral (select x.id, json_build_object(%s)::text as keys from %s x "
	    "where x.connection_id = $1 and x.id > $3 and x.deleted_at is null and (not $4 or w.began_at is "
	    "null or x.synced_at >= w.began_at - " PARENTS_MARGIN
	    ") order by x.id limit 1) p on true left join "
	    "walk_bearings b on b.connection_id = $1 and b.resource = $2 and b.parent_id = p.id",
	    r->parent_resource->name, buf_text(&keys), r->parent_resource->table);
	buf_done(&keys);
	return sql;
}

/*
 * What was there and came again counts as unchanged, not as inserted and deleted: rows are compared as a bag
 * of their contents. Rows that nobody ever saw, of readings that were given up, are only swept away.
 */
static char *compose_replace(const struct resource *r)
{
	return mem_printf(
	    "with span as materialized (select to_timestamp($3::int8 / 1000000.0) as a, "
	    "to_timestamp($4::int8 / "
	    "1000000.0) as b), "
	    "shown as materialized (select w.window_from, w.walk from walk_windows w, span where "
	    "w.connection_id = $2 and w.resource = '%1$s' and w.window_from >= a and w.window_from < b), "
	    "gone as (delete from %2$s t using span where t.connection_id = $2 and t.window_from >= a and "
	    "t.window_from < b and t.walk <> $5::int8 returning t.content_hash, t.synced_at, exists (select "
	    "from shown s "
	    "where s.window_from = t.window_from and s.walk = t.walk) as was_shown), "
	    "old as (select g.content_hash, count(*) as n from gone g where g.was_shown group by 1), "
	    "fresh as materialized (select t.content_hash, count(*) as n from %2$s t, span where "
	    "t.connection_id "
	    "= $2 and t.window_from = a and t.walk = $5::int8 group by 1), "
	    "sums as (select coalesce((select sum(n) from fresh), 0) as fresh, coalesce((select sum(n) from "
	    "old), 0) as old, coalesce((select sum(least(f.n, o.n)) from fresh f join old o using "
	    "(content_hash)), 0) as same, (select count(*) from gone g, sync_tasks k where k.task_id = $1 "
	    "and not "
	    "g.was_shown and g.synced_at >= k.started_at) as unseen), "
	    "dropped as (delete from walk_windows w using span where w.connection_id = $2 and w.resource = "
	    "'%1$s' "
	    "and w.window_from > a and w.window_from < b), "
	    "flipped as (insert into walk_windows as w (connection_id, resource, window_from, window_to, "
	    "walk, "
	    "records) select $2, '%1$s', a, b, $5::int8, sums.fresh from span, sums on conflict "
	    "(connection_id, "
	    "resource, window_from) do update set window_to = excluded.window_to, walk = excluded.walk, "
	    "records = "
	    "excluded.records, walked_at = now()) "
	    "update sync_tasks t set records_inserted = t.records_inserted - s.same - s.unseen, "
	    "records_unchanged = "
	    "t.records_unchanged + s.same, records_deleted = t.records_deleted + s.old - s.same from sums s "
	    "where "
	    "t.task_id = $1",
	    r->name, r->table);
}

static void statement_set(struct pg_statement *st, const char *verb, const char *table, char *sql)
{
	*st = (struct pg_statement){.name = mem_printf("%s_%s", verb, table), .sql = sql};
}

static void table_init(struct table *t, const struct resource *resource, size_t index)
{
	struct buf list = BUF(SQL_MAX);
	const char *name = resource->table;

	t->resource = resource;
	t->index = index;
	t->layout = row_layout_new(resource);
	resource_column_list(resource, &list);
	AUTO(mem_free_ptr) char *columns = text_take(&list);
	t->copy = mem_printf("copy %s (%s) from stdin (format binary)", name, columns);
	t->copy_stage = mem_printf("copy stage_%s (%s) from stdin (format binary)", name, columns);
	statement_set(&t->stage, "stage", name, compose_stage(name, columns));
	statement_set(&t->probe, "probe", name, compose_probe(name));
	statement_set(&t->merge, "merge", name, compose_merge(t->layout, name, columns));
	statement_set(&t->erase, "erase", name, compose_erase(name));
	statement_set(&t->newer, "newer", name, compose_newer(name));
	if (resource->window.replace)
		statement_set(&t->replace, "replace", name, compose_replace(resource));
	if (resource->parent_resource)
		statement_set(&t->parent, "parent", name, compose_parent(resource));
	size_t npaths;
	const char *const *paths = row_layout_paths(t->layout, &npaths);
	t->record_plan = slice_plan_new("", paths, npaths, NULL, 0);
	statement_set(&t->empty, "empty", name, mem_printf("delete from stage_%s", name));
}

static void statement_done(struct pg_statement *st)
{
	free((char *)(uintptr_t)st->name);
	free((char *)(uintptr_t)st->sql);
}

static void table_done(struct table *t)
{
	free(t->copy);
	free(t->copy_stage);
	statement_done(&t->stage);
	statement_done(&t->probe);
	statement_done(&t->merge);
	statement_done(&t->erase);
	statement_done(&t->empty);
	statement_done(&t->newer);
	statement_done(&t->parent);
	statement_done(&t->replace);
	slice_plan_free(t->record_plan);
	row_layout_free(t->layout);
}

struct tables *tables_new(const struct registry *registry)
{
	struct tables *t = mem_zalloc(sizeof *t);

	for (size_t i = 0; i < registry_count(registry); i++)
		t->n += registry_at(registry, i)->resources.n;
	t->at = mem_array(t->n, sizeof *t->at);
	size_t index = 0;
	for (size_t i = 0; i < registry_count(registry); i++) {
		const struct provider *p = registry_at(registry, i);

		for (size_t k = 0; k < p->resources.n; k++, index++)
			table_init(&t->at[index], &p->resources.at[k], index);
	}
	return t;
}

void tables_free(struct tables *t)
{
	if (!t)
		return;
	for (size_t i = 0; i < t->n; i++)
		table_done(&t->at[i]);
	free(t->at);
	free(t);
}

size_t tables_count(const struct tables *t)
{
	return t->n;
}

struct table *tables_find(struct tables *t, const struct resource *resource)
{
	for (size_t i = 0; i < t->n; i++) {
		if (t->at[i].resource == resource)
			return &t->at[i];
	}
	return NULL;
}

static enum rc table_check(struct table *t, struct pg_blocking *db, struct err *err)
{
	struct buf list = BUF(SQL_MAX);

	resource_column_list(t->resource, &list);
	AUTO(mem_free_ptr) char *columns = text_take(&list);
	AUTO(mem_free_ptr)
	char *sql = mem_printf(
	    "select %s, synced_at, deleted_at from %s limit 0", columns, t->resource->table);
	enum rc rc = pg_blocking_run(db, sql, err);
	if (rc == RC_OK)
		return table_read_limits(t, db, err);
	if (rc == RC_LOST)
		return rc;
	err_prefix(err, "table %s of %s.%s does not fit its declaration (run `syncctl migrate up`?)",
	    t->resource->table, t->resource->provider->name, t->resource->name);
	return err->rc = RC_INVALID;
}

enum rc tables_check(struct tables *t, const char *conninfo, struct err *err)
{
	struct pg_blocking *db = pg_blocking_open(conninfo, "sync-worker start", err);
	enum rc rc = db ? RC_OK : err->rc;

	for (size_t i = 0; i < t->n && rc == RC_OK; i++)
		rc = table_check(&t->at[i], db, err);
	pg_blocking_close(db);
	return rc;
}
