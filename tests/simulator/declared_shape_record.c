// SPDX-License-Identifier: Apache-2.0
/* Values of each type as providers write them: numbers and flags as texts at times, nulls, absent members. */
#include "base/base.h"
#include "base/clock.h"
#include "declared_shape_private.h"

#include <xxhash.h>

#define OFFSET_S INT64_C(19800) /* +05:30 */
#define ID_TEXT_MAX 128
#define KEY_TEXT_MAX 1024u
#define ID_FIRST 1000000

/* ---- which values a record has ---- */

static struct leaf *leaf_at(struct shape_resource *r, const char *path)
{
	for (size_t i = 0; i < r->nleaves; i++)
		if (strcmp(r->leaves[i].path, path) == 0)
			return &r->leaves[i];
	r->leaves[r->nleaves] = (struct leaf){.path = path, .id_part = -1};
	return &r->leaves[r->nleaves++];
}

static char *json_key(const char *path)
{
	const char *dot = strrchr(path, '.');
	return mem_printf("\"%s\": \"", dot ? dot + 1 : path);
}

void shape_leaves_init(struct shape_resource *r)
{
	const struct resource *d = r->declared;
	r->leaves = mem_array(d->id.n + d->columns.n + d->redact.n + 1, sizeof *r->leaves);
	for (size_t i = 0; i < d->id.n; i++)
		leaf_at(r, d->id.at[i])->id_part = (int)i;
	for (size_t i = 0; i < d->columns.n; i++) {
		struct leaf *leaf = leaf_at(r, d->columns.at[i].path);
		bool watermark = (int)i == d->watermark_column;
		if (!leaf->column || watermark) /* of two columns with one path the stricter is not known */
			leaf->column = &d->columns.at[i];
		leaf->watermark |= watermark;
		if (!r->text_key && leaf->column->type == COLUMN_TEXT && leaf->id_part < 0 &&
		    !path_parent_key(leaf->path).p)
			r->text_key = json_key(leaf->path);
	}
	for (size_t i = 0; i < d->redact.n; i++)
		leaf_at(r, d->redact.at[i])->secret = true;
	size_t key = (size_t)MAX(d->key_field, 0);
	if (d->key_field >= 0)
		leaf_at(r, key < d->id.n ? d->id.at[key] : d->columns.at[key - d->id.n].path)->is_key = true;
	for (size_t i = 0; i < d->id.n && !r->id_key; i++)
		if (!path_parent_key(d->id.at[i]).p)
			r->id_key = json_key(d->id.at[i]);
}

const char *shape_id_key(const struct shape *s, const char *resource)
{
	return shape_find(s, resource)->id_key;
}

const char *shape_text_key(const struct shape *s, const char *resource)
{
	return shape_find(s, resource)->text_key;
}

/* ---- values ---- */

static uint64_t dice_of(const struct leaf *leaf, const struct shape_facts *f)
{
	uint64_t seed = f->salt ^ (f->i << 8) ^ f->revision;
	return XXH3_64bits_withSeed(leaf->path, strlen(leaf->path), seed);
}

static json_object *text_value(uint64_t dice, int max_length)
{
	static const char *const words[] = {"Ångström & Söhne", "\"quoted\" \\ back/slash", "日本の記録",
	    "tab\there", "<b>plain</b>", "Zoë 🦉", "renewal", "O'Hara", "", "line\nbreak"};
	const char *word = words[dice % ARRAY_SIZE(words)];
	if (max_length && max_length < 32) {
		char letters[32] = "";
		for (int i = 0; i < max_length; i++)
			letters[i] = (char)('A' + (dice >> (i % 32)) % 26);
		return json_object_new_string(letters);
	}
	AUTO(mem_free_ptr)
	char *text = word[0] ? mem_printf("%s %u", word, (unsigned)(dice >> 40) % 10000) : mem_strdup("");
	return json_object_new_string(text);
}

static json_object *formatted(const char *fmt, ...) PRINTF_LIKE(1, 2);

static json_object *formatted(const char *fmt, ...)
{
	char text[ID_TEXT_MAX];
	va_list args;
	va_start(args, fmt);
	vsnprintf(text, sizeof text, fmt, args);
	va_end(args);
	return json_object_new_string(text);
}

static json_object *time_value(const struct column *c, uint64_t dice, int64_t s)
{
	char text[CLOCK_TEXT_LEN + 1];
	switch (c->time) {
	case TIME_EPOCH_S:
		return dice % 2 ? json_object_new_int64(s) : formatted("%" PRId64, s);
	case TIME_EPOCH_MS:
		return dice % 2 ? json_object_new_int64(s * 1000) : formatted("%" PRId64, s * 1000);
	case TIME_RFC3339:
	case TIME_NAIVE_UTC:
		break;
	}
	if (dice % 3 == 0) { /* the same instant with an offset */
		clock_format((s + OFFSET_S) * US_PER_S, text);
		return formatted("%.19s+05:30", text);
	}
	clock_format(s * US_PER_S, text);
	return formatted("%.19s%s", text, c->time == TIME_NAIVE_UTC ? "" : "Z");
}

static json_object *uuid_value(uint64_t high, uint64_t low)
{
	return formatted("%08" PRIx64 "-%04" PRIx64 "-4%03" PRIx64 "-8%03" PRIx64 "-%012" PRIx64,
	    high >> 32 & 0xffffffff, high >> 16 & 0xffff, high & 0xfff, low >> 52 & 0xfff,
	    low & 0xffffffffffff);
}

static json_object *document_value(uint64_t dice)
{
	json_object *o = dice % 2 ? json_object_new_array() : json_object_new_object();
	if (dice % 2)
		json_object_array_add(o, formatted("tag-%u", (unsigned)(dice >> 32) % 100));
	else
		json_object_object_add(o, "code", formatted("%u", (unsigned)(dice >> 32) % 100));
	return o;
}

static json_object *number_value(uint64_t dice, bool whole)
{
	int64_t n = (int64_t)(dice >> 20) % 1000000 - 500000;
	if (whole)
		return dice % 4 ? json_object_new_int64(n) : formatted("%" PRId64, n);
	unsigned cents = (unsigned)(dice >> 8) % 100;
	AUTO(mem_free_ptr) char *text = mem_printf("%" PRId64 ".%02u", n, cents);
	return dice % 4 ? json_object_new_double_s((double)n, text) : json_object_new_string(text);
}

const char *shape_parent(const struct shape *s, const char *resource)
{
	const struct parent *parent = &shape_find(s, resource)->declared->parent;
	return parent->setting ? "" : parent->resource;
}

/* The column that a key of the parent's is; NULL: an element of a setting. */
static const char *key_column(const struct resource *d, const char *key)
{
	for (size_t i = 0; i < d->parent.keys.n; i++)
		if (strcmp(d->parent.keys.at[i].name, key) == 0)
			return d->parent.keys.at[i].column;
	return NULL;
}

void shape_parent_key(const struct shape *s, const char *resource, const char *key,
    const struct shape_facts *f, struct buf *ret)
{
	const struct resource *d = shape_find(s, resource)->declared;
	const char *column = key_column(d, key);
	if (!d->parent_resource) {
		buf_printf(ret, "conform-%" PRIu64, f->parent);
		return;
	}
	const struct shape_resource *parent = shape_find(s, d->parent_resource->name);
	if (column && strcmp(column, "id") == 0)
		shape_id(s, d->parent_resource->name, f->of_parent, ret);
	for (size_t i = 0; column && i < parent->nleaves; i++) {
		const struct leaf *leaf = &parent->leaves[i];
		if (!leaf->column || strcmp(leaf->column->name, column) != 0)
			continue;
		json_object *value = shape_value(parent, leaf, f->of_parent);
		buf_add_text(ret, json_object_get_string(value));
		json_object_put(value);
	}
}

bool shape_windows(const struct shape *s, const char *resource, int64_t *ret_step_s, int64_t *ret_back_s)
{
	const struct window *w = &shape_find(s, resource)->declared->window;
	*ret_step_s = w->step_s;
	*ret_back_s = w->back_s;
	return w->step_s != 0;
}

/* The parent's, where the declaration takes a value from it; NULL: the record's own. */
static json_object *given_value(const struct shape *s, const struct shape_resource *r,
    const struct leaf *leaf, const struct shape_facts *f)
{
	struct str name = path_parent_key(leaf->path);
	AUTO(buf_done) struct buf text = BUF(KEY_TEXT_MAX);
	if (!name.p)
		return NULL;
	AUTO(mem_free_ptr) char *key = mem_strndup(name.p, name.n);
	shape_parent_key(s, r->declared->name, key, f, &text);
	return json_object_new_string(buf_text(&text));
}

static json_object *typed_value(const struct leaf *leaf, uint64_t dice, const struct shape_facts *f)
{
	const struct column *c = leaf->column;
	int64_t s = leaf->watermark ? f->updated_s : f->created_s - (int64_t)(dice % 1000000);
	char text[CLOCK_TEXT_LEN + 1];
	switch (c->type) {
	case COLUMN_TEXT:
		return text_value(dice, c->max_length);
	case COLUMN_INTEGER:
		return number_value(dice, true);
	case COLUMN_NUMERIC:
	case COLUMN_DOUBLE:
		return number_value(dice, false);
	case COLUMN_BOOLEAN:
		return dice % 5 ? json_object_new_boolean((dice >> 9 & 1) != 0)
		                : json_object_new_string("true");
	case COLUMN_TIMESTAMP:
		return time_value(c, dice, s);
	case COLUMN_DATE:
		clock_format(s * US_PER_S, text);
		return formatted("%.10s", text);
	case COLUMN_UUID:
		return uuid_value(dice, dice * 31);
	case COLUMN_JSON:
		return document_value(dice);
	}
	return NULL;
}

/* The last part of an identity tells records apart, the others repeat; both are of the column's type. */
static json_object *id_value(
    const struct shape_resource *r, const struct leaf *leaf, const struct shape_facts *f)
{
	bool last = leaf->is_key || leaf->id_part + 1 == (int)r->declared->id.n;
	uint64_t i = last ? f->i : f->i % 3;
	const struct column *c = leaf->column;
	if (c && c->type == COLUMN_UUID)
		return uuid_value(i << 32 | (f->salt & 0xffffffff), f->salt);
	if (c && (c->type == COLUMN_INTEGER || c->type == COLUMN_NUMERIC))
		return json_object_new_int64(ID_FIRST + (int64_t)i);
	if (c && c->max_length && c->max_length < 10)
		return formatted("%0*" PRIu64, c->max_length, i);
	return formatted("r-%08" PRIu64, i);
}

int64_t shape_index(const struct shape *s, const char *resource, struct str key)
{
	const struct shape_resource *r = shape_find(s, resource);
	const struct leaf *leaf = r->leaves;
	int64_t n;
	while (leaf < r->leaves + r->nleaves && !leaf->is_key)
		leaf++;
	if (leaf == r->leaves + r->nleaves)
		return -1;
	const struct column *c = leaf->column;
	if (c && c->type == COLUMN_UUID)
		return key.n > 8 ? (int64_t)strtoull(key.p, NULL, 16) : -1;
	if (str_starts(key, STR("r-")))
		key = (struct str){key.p + 2, key.n - 2};
	if (!str_to_i64(key, &n))
		return -1;
	return c && (c->type == COLUMN_INTEGER || c->type == COLUMN_NUMERIC) ? n - ID_FIRST : n;
}

json_object *shape_value(const struct shape_resource *r, const struct leaf *leaf, const struct shape_facts *f)
{
	uint64_t dice = dice_of(leaf, f);
	if (leaf->id_part >= 0 || leaf->is_key)
		return id_value(r, leaf, f);
	if (!leaf->column)
		return json_object_new_string("conform-secret");
	if (!leaf->column->required && !leaf->watermark && dice >> 33 & 1 && dice % 8 == 0)
		return NULL;
	return typed_value(leaf, dice, f);
}

/* ---- records ---- */

static void write_out(json_object *root, struct buf *ret)
{
	buf_add_text(ret, json_object_to_json_string_ext(root, JSON_C_TO_STRING_SPACED));
	json_object_put(root);
}

/* A state that tells of deletion has to say something else. */
static void put_state(json_object *root, const struct resource *d)
{
	if (d->deletion.strategy == DELETION_FIELD && d->deletion.field)
		shape_put(root, d->deletion.field, json_object_new_string("conform-live"));
}

void shape_record(const struct shape *s, const char *resource, const struct shape_facts *f, struct buf *ret)
{
	const struct shape_resource *r = shape_find(s, resource);
	json_object *root = json_object_new_object();
	for (size_t i = 0; i < r->nleaves; i++) {
		const struct leaf *leaf = &r->leaves[i];
		json_object *given = given_value(s, r, leaf, f);
		if (given && f->told)
			shape_put(root, leaf->path, given);
		else
			json_object_put(given);
		if (given)
			continue;
		bool absent = leaf->id_part < 0 && !leaf->is_key && leaf->column && !leaf->column->required &&
		              !leaf->watermark && dice_of(leaf, f) % 16 == 1;
		if (!absent)
			shape_put(root, leaf->path, shape_value(r, leaf, f));
	}
	put_state(root, r->declared);
	write_out(root, ret);
}

void shape_id(const struct shape *s, const char *resource, const struct shape_facts *f, struct buf *ret)
{
	const struct shape_resource *r = shape_find(s, resource);
	for (size_t part = 0; part < r->declared->id.n; part++)
		for (size_t i = 0; i < r->nleaves; i++) {
			if (r->leaves[i].id_part != (int)part)
				continue;
			json_object *given = given_value(s, r, &r->leaves[i], f);
			json_object *value = given ? given : id_value(r, &r->leaves[i], f);
			buf_printf(ret, "%s%s", part ? "/" : "", json_object_get_string(value));
			json_object_put(value);
		}
}

void shape_deleted(const struct shape *s, const char *resource, const struct shape_facts *f, struct buf *ret)
{
	const struct shape_resource *r = shape_find(s, resource);
	const struct deletion *d = &r->declared->deletion;
	json_object *root = json_object_new_object();
	char text[CLOCK_TEXT_LEN + 1];
	for (size_t part = 0; part < d->id.n && part < r->declared->id.n; part++)
		for (size_t i = 0; i < r->nleaves; i++)
			if (r->leaves[i].id_part == (int)part)
				shape_put(root, d->id.at[part], id_value(r, &r->leaves[i], f));
	clock_format(f->deleted_s * US_PER_S, text);
	if (d->time && d->time[0])
		shape_put(root, d->time, formatted("%.19sZ", text));
	write_out(root, ret);
}
