// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "load_internal.h"

#include "repeats.h"

#define PROBE_PAUSE 8 /* batches without a probe after one that found most rows different */

void load_free_groups(struct load *b)
{
	while (b->groups) {
		struct group *g = b->groups;

		b->groups = g->next;
		free(g->pieces);
		free(g);
	}
}

static struct group *group_of(struct load *b, struct table *table)
{
	for (struct group *g = b->groups; g; g = g->next) {
		if (g->table == table)
			return g;
	}
	struct group *g = mem_zalloc(sizeof *g);
	g->load = b;
	g->table = table;
	g->straight = true;
	g->next = b->groups;
	b->groups = g;
	return g;
}

/* Groups the rows of the living entries by table, and returns how many entries those are. */
static size_t make_groups(struct load *b)
{
	size_t n = 0;

	load_free_groups(b);
	for (struct entry *e = b->entries; e; e = e->hh.next) {
		if (e->fate != ENTRY_ALIVE)
			continue;
		n++;
		if (e->rows == 0)
			continue;
		if (e->pages > 1)
			repeats_drop_across(e->first, e->last);
		struct group *g = group_of(b, e->task->table);
		g->rows += e->rows;
		g->straight = g->straight && e->task->first_load;
	}
	b->group = b->groups;
	return n;
}

static void group_next(struct load *b)
{
	b->group = b->group->next;
	load_write_groups(b);
}

static void merged(void *user, const struct pg_result *res, const struct err *err)
{
	struct load *b = user;

	if (err) {
		load_fail(b, err);
		return;
	}
	for (int i = 0; i < pg_rows(res); i++) {
		struct entry_key key = {.table = b->group->table};
		struct entry *e;

		if (!pg_uuid(res, i, 0, &key.connection_id))
			continue;
		HASH_FIND(hh, b->entries, &key, sizeof key, e);
		if (!e)
			continue;
		e->inserted = pg_i64(res, i, 1);
		e->updated = pg_i64(res, i, 2) - e->inserted;
	}
	group_next(b);
}

static int64_t entry_tuples(const struct entry *e)
{
	size_t n = 0;

	for (const struct rows *r = e->first; r; r = rows_next(r, e->last))
		n += r->n;
	return (int64_t)n;
}

static void copied(void *user, const struct pg_result *res, const struct err *err)
{
	struct load *b = user;

	(void)res;
	if (err) {
		load_fail(b, err);
		return;
	}
	if (!b->group->straight) {
		pg_query(b->lane.pg, &b->group->table->merge, NULL, merged, b);
		return;
	}
	for (struct entry *e = b->entries; e; e = e->hh.next) {
		if (e->key.table == b->group->table && e->fate == ENTRY_ALIVE)
			e->inserted = entry_tuples(e);
	}
	group_next(b);
}

/* A page's tuples lie behind each other, but for those that were rejected. */
static void add_piece(struct group *g, const struct rows *r, size_t i)
{
	struct str tuple = {r->bytes.p + r->mark[i].at, r->mark[i].n};
	struct str *to = &g->pieces[g->npieces];

	if (g->npieces && to[-1].p + to[-1].n == tuple.p) {
		to[-1].n += tuple.n;
		return;
	}
	*to = tuple;
	g->npieces++;
}

/* `r` or the first page behind it that belongs to the group. */
static struct rows *group_page(const struct group *g, struct rows *r)
{
	while (r && (r->task->table != g->table || !load_page_alive(g->load, r)))
		r = r->next;
	return r;
}

/* All rows of the group, or those whose ordinal (from 1, ascending) the probe returned. */
static void group_pieces(struct group *g, const struct pg_result *differing)
{
	int64_t ordinal = 0;
	int at = 0;

	g->pieces = mem_array(differing ? (size_t)pg_rows(differing) : g->rows, sizeof *g->pieces);
	for (struct rows *r = group_page(g, g->load->pages); r; r = group_page(g, r->next)) {
		for (size_t i = 0; i < r->n; i++) {
			ordinal++;
			if (!differing)
				add_piece(g, r, i);
			else if (at < pg_rows(differing) && pg_i64(differing, at, 0) == ordinal)
				add_piece(g, r, i), at++;
		}
	}
}

static void probed(void *user, const struct pg_result *res, const struct err *err)
{
	struct group *g = user;

	if (err || g->load->alive < g->load->asked)
		return;
	if ((size_t)pg_rows(res) > g->rows / 2)
		g->table->probe_pause = PROBE_PAUSE;
	group_pieces(g, res);
}

static void group_probe(struct group *g)
{
	struct load *b = g->load;
	struct pg_args *a = &b->args;

	pg_args_clear(a);
	pg_array_begin(a, PG_UUID);
	for (struct rows *r = group_page(g, b->pages); r; r = group_page(g, r->next)) {
		for (size_t i = 0; i < r->n; i++)
			pg_array_uuid(a, &r->task->connection_id);
	}
	pg_array_end(a);
	pg_array_begin(a, PG_TEXT);
	for (struct rows *r = group_page(g, b->pages); r; r = group_page(g, r->next)) {
		for (size_t i = 0; i < r->n; i++)
			pg_array_text(a, rows_id(r, i));
	}
	pg_array_end(a);
	pg_array_begin(a, PG_INT8);
	for (struct rows *r = group_page(g, b->pages); r; r = group_page(g, r->next)) {
		for (size_t i = 0; i < r->n; i++)
			pg_array_i64(a, r->mark[i].hash);
	}
	pg_array_end(a);
	pg_exec(b->lane.pg, &g->table->probe, a, probed, g);
}

static void asked(void *user, const struct pg_result *res, const struct err *err)
{
	struct load *b = user;

	(void)res;
	if (err)
		load_fail(b, err);
	else if (b->alive == 0)
		load_abandon(b);
	else if (b->alive < b->asked)
		load_ask(b);
	else
		load_write_groups(b);
}

void load_ask(struct load *b)
{
	b->asked = make_groups(b);
	for (struct group *g = b->groups; g; g = g->next) {
		if (!g->straight && g->table->probe_pause == 0)
			group_probe(g);
		else if (g->table->probe_pause)
			g->table->probe_pause--;
	}
	pg_sync(b->lane.pg, asked, b);
}

void load_write_groups(struct load *b)
{
	struct group *g = b->group;

	if (!g) {
		load_commit(b);
		return;
	}
	if (!g->pieces)
		group_pieces(g, NULL);
	if (g->npieces == 0)
		group_next(b);
	else
		pg_copy(b->lane.pg, g->straight ? g->table->copy : g->table->copy_stage, g->pieces,
		    g->npieces, copied, b);
}
