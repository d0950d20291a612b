// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "bearings.h"

#include "base/json.h"
#include "base/jsonw.h"
#include "io/pg.h"
#include "statements.h"
#include "table.h"
#include "worker.h"

#define TEXT_MAX 65536
#define WAIT_MS 30000 /* the end of the parent's walk wakes those that wait; this is for when nobody does */

/* The columns of bearings.sql. */
enum bearings_column { NOW_US, PARENT, KEYS, TOKEN, SEEN, BEFORE, WAITS };

struct bearings_text {
	struct buf after; /* the parent before */
	struct buf parent;
	struct buf keys;
	struct buf token;
};

void bearings_free(struct bearings_text *text)
{
	if (!text)
		return;
	buf_done(&text->after);
	buf_done(&text->parent);
	buf_done(&text->keys);
	buf_done(&text->token);
	free(text);
}

bool bearings_are_due(struct task *t)
{
	if (!t->walk.resource->roams || t->walk.bearings.known)
		return false;
	if (!t->bearings)
		t->bearings = mem_zalloc(sizeof *t->bearings);
	struct buf *after = &t->bearings->after;
	buf_init(after, TEXT_MAX);
	buf_init(&t->bearings->parent, TEXT_MAX);
	buf_init(&t->bearings->keys, TEXT_MAX);
	buf_init(&t->bearings->token, TEXT_MAX);
	t->walk.cursor = buf_str(&t->cursor);
	return walk_wants_bearings(&t->walk, after);
}

void bearings_forget(struct task *t)
{
	if (!t->bearings)
		return;
	bearings_free(TAKE(t->bearings));
	t->walk.bearings = (struct bearings){0};
}

/* ---- elements of a setting ---- */

static struct json_object *element_at(struct json_object *list, size_t i)
{
	if (!json_object_is_type(list, json_type_array))
		return i == 0 ? list : NULL;
	return i < json_object_array_length(list) ? json_object_array_get_idx(list, i) : NULL;
}

/* An element's text for a key: a member of it, or itself. */
static const char *element_text(struct json_object *element, const struct parent_key *key)
{
	struct json_object *v = element;

	if (key->column && !json_object_object_get_ex(element, key->column, &v))
		return NULL;
	if (json_object_is_type(v, json_type_object) || json_object_is_type(v, json_type_array))
		return NULL;
	return json_object_get_string(v);
}

static void take_element(struct task *t, struct json_object *element)
{
	const struct parent *parent = &t->walk.resource->parent;
	struct bearings_text *text = t->bearings;
	struct jsonw w = JSONW(&text->keys);

	jsonw_object(&w, NULL);
	for (size_t i = 0; i < parent->keys.n; i++) {
		const char *value = element_text(element, &parent->keys.at[i]);

		if (value && i == 0)
			buf_add_text(&text->parent, value);
		if (value)
			jsonw_text(&w, parent->keys.at[i].name, value);
	}
	jsonw_object_end(&w);
}

/* The element behind the one that was walked last, which may be gone from the list: they go by their order.
 */
static enum rc next_element(struct task *t, struct err *err)
{
	const struct parent *parent = &t->walk.resource->parent;
	struct json_object *list = NULL;
	struct json_object *best = NULL;
	const char *after = buf_text(&t->bearings->after);
	const char *found = NULL;

	if (t->account.settings)
		json_object_object_get_ex(t->account.settings, parent->setting, &list);
	if (!element_at(list, 0))
		return err_set(err, RC_INVALID,
		    "%s.%s needs the setting \"%s\", which this connection does not have",
		    t->walk.provider->name, t->walk.resource->name, parent->setting);
	for (size_t i = 0; element_at(list, i); i++) {
		const char *id = element_text(element_at(list, i), &parent->keys.at[0]);

		if (!id || strcmp(id, after) <= 0 || (found && strcmp(id, found) >= 0))
			continue;
		found = id;
		best = element_at(list, i);
	}
	if (best)
		take_element(t, best);
	return RC_OK;
}

/* ---- reading ---- */

static void take_row(struct task *t, const struct pg_result *res)
{
	struct bearings_text *text = t->bearings;
	const struct parent *parent = &t->walk.resource->parent;

	if (!parent->setting) {
		buf_add_str(&text->parent, pg_str(res, 0, PARENT));
		buf_add_str(&text->keys, pg_str(res, 0, KEYS));
	}
	buf_add_str(&text->token, pg_str(res, 0, TOKEN));
	t->walk.bearings = (struct bearings){.known = true,
	    .over = resource_has_parent(t->walk.resource) && text->parent.n == 0,
	    .parent = buf_str(&text->parent),
	    .keys = buf_str(&text->keys),
	    .token = buf_str(&text->token),
	    .seen = pg_bool(res, 0, SEEN),
	    .before = pg_bool(res, 0, BEFORE),
	    .now_us = pg_i64(res, 0, NOW_US)};
}

static void was_read(void *user, const struct pg_result *res, const struct err *err)
{
	struct task *t = user;
	bool begins = t->cursor.n == 0;

	t->bearing = false;
	if (!err && begins && pg_bool(res, 0, WAITS)) {
		task_bearings_wait(t, WAIT_MS);
		return;
	}
	if (!err)
		take_row(t, res);
	task_bearings(t, err);
}

enum rc bearings_read(struct task *t, struct err *err)
{
	struct pg_args args = PG_ARGS;
	const struct resource *r = t->walk.resource;
	enum rc rc = r->parent.setting ? next_element(t, err) : RC_OK;

	if (rc)
		return rc;
	pg_arg_uuid(&args, &t->connection_id);
	pg_arg_text(&args, str_of(r->name));
	if (r->parent_resource) {
		pg_arg_text(&args, buf_str(&t->bearings->after));
		pg_arg_bool(&args, r->parent.changed_only && t->walk.incremental);
		pg_arg_uuid(&args, &t->task_id);
	} else {
		pg_arg_text(&args, buf_str(&t->bearings->parent));
	}
	t->bearing = true;
	pg_query(
	    t->worker->control, r->parent_resource ? &t->table->parent : &sql_bearings, &args, was_read, t);
	pg_args_done(&args);
	return RC_OK;
}

void bearings_wake(const struct task *t)
{
	struct pg_args args = PG_ARGS;

	pg_arg_uuid(&args, &t->connection_id);
	pg_query(t->worker->control, &sql_bearings_wake, &args, NULL, NULL);
	pg_args_done(&args);
}
