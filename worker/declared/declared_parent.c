// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "base/json.h"
#include "declared_page.h"

struct parent_fields {
	json_object *keys;
	size_t n;
	struct buf *text; /* of each field: the parent's, as JSON writes it; empty: the record's own */
	struct slice *filled;
};

static void take(struct parent_fields *given, size_t at, const char *path)
{
	struct str name = path_parent_key(path);
	json_object *v = NULL;
	if (!name.p)
		return;
	AUTO(mem_free_ptr) char *key = mem_strndup(name.p, name.n);
	buf_init(&given->text[at], CURSOR_TEXT_MAX);
	if (json_object_object_get_ex(given->keys, key, &v) && v)
		buf_add_text(
		    &given->text[at], json_object_to_json_string_ext(v, JSON_C_TO_STRING_NOSLASHESCAPE));
	else
		buf_add_text(&given->text[at], "null");
}

/* As if it were in the record. */
static struct slice slice_of(const struct buf *text)
{
	if (text->p[0] != '"')
		return (struct slice){.p = text->p, .n = (uint32_t)text->n, .kind = SLICE_NULL};
	return (struct slice){.p = text->p + 1,
	    .n = (uint32_t)text->n - 2,
	    .kind = SLICE_STRING,
	    .escaped = memchr(text->p, '\\', text->n) != NULL};
}

struct parent_fields *parent_fields_new(const struct reading *r)
{
	const struct resource *res = r->resource;
	const struct texts *id = r->list->id;
	bool deleted = r->position->phase == PHASE_DELETED;
	size_t columns = deleted ? 0 : res->columns.n;
	if (!res->takes_keys)
		return NULL;
	struct parent_fields *given = mem_zalloc(sizeof *given);
	given->n = id->n + (deleted ? res->deletion.time != NULL : columns + (res->deletion.field != NULL));
	given->text = mem_array(given->n + 1, sizeof *given->text);
	given->filled = mem_array(given->n + 1, sizeof *given->filled);
	if (json_parse(buf_str(&r->position->parent_keys), CURSOR_TEXT_MAX, 2, &given->keys, NULL))
		given->keys = json_object_new_object();
	for (size_t i = 0; i < id->n; i++)
		take(given, i, id->at[i]);
	for (size_t i = 0; i < columns; i++)
		take(given, id->n + i, res->columns.at[i].path);
	return given;
}

void parent_fields_free(struct parent_fields *given)
{
	if (!given)
		return;
	json_object_put(given->keys);
	for (size_t i = 0; i < given->n; i++)
		buf_done(&given->text[i]);
	free(given->text);
	free(given->filled);
	free(given);
}

const struct slice *parent_fields_put(struct parent_fields *given, const struct slice *fields)
{
	for (size_t i = 0; i < given->n; i++)
		given->filled[i] = given->text[i].n ? slice_of(&given->text[i]) : fields[i];
	return given->filled;
}
