// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "row.h"
#include "row_cell.h"

#include "base/clock.h"
#include "base/jsonw.h"
#include "numeric.h"
#include "sync/declaration.h"

#define DATE_LEN 10
#define NUMBER_MAX (256u << 10) /* digits of the longest numeric */
#define NULL_LENGTH UINT32_MAX

static uint64_t number_of(struct str cell)
{
	uint64_t v = 0;

	for (size_t i = 0; i < cell.n; i++)
		v = v << 8 | (uint8_t)cell.p[i];
	return v;
}

/* Takes a column off the front; p NULL for NULL. */
static struct str take_cell(struct str *rest)
{
	assert(rest->n >= sizeof(uint32_t));
	uint32_t n = (uint32_t)number_of((struct str){rest->p, sizeof n});
	struct str cell = {rest->p + sizeof n, n == NULL_LENGTH ? 0 : n};

	assert(cell.n <= rest->n - sizeof n);
	*rest = (struct str){cell.p + cell.n, rest->n - sizeof n - cell.n};
	return n == NULL_LENGTH ? (struct str){NULL, 0} : cell;
}

static void write_numeric(struct jsonw *w, const char *name, struct str cell)
{
	AUTO(buf_done) struct buf text = BUF(NUMBER_MAX);

	numeric_print(cell, &text);
	jsonw_raw(w, name, buf_str(&text));
}

static void write_double(struct jsonw *w, const char *name, struct str cell)
{
	uint64_t bits = number_of(cell);
	double value;

	memcpy(&value, &bits, sizeof value);
	jsonw_double(w, name, value);
}

static void write_date(struct jsonw *w, const char *name, struct str cell)
{
	char text[CLOCK_TEXT_LEN + 1];

	clock_format((int32_t)number_of(cell) * US_PER_DAY + PG_EPOCH_US, text);
	jsonw_str(w, name, (struct str){text, DATE_LEN});
}

static void write_uuid(struct jsonw *w, const char *name, struct str cell)
{
	struct uuid id;

	assert(cell.n == sizeof id);
	memcpy(&id, cell.p, sizeof id);
	jsonw_uuid(w, name, &id);
}

/* An instant as the provider counts it: in tens of a power, so that nothing is rounded. */
static void write_instant(struct jsonw *w, const char *name, enum time_format format, int64_t unix_us)
{
	char text[CLOCK_TEXT_LEN + 1];

	if (format != TIME_EPOCH_S && format != TIME_EPOCH_MS) {
		jsonw_time(w, name, unix_us);
		return;
	}
	snprintf(text, sizeof text, "%" PRId64 "e-%d", unix_us, format == TIME_EPOCH_S ? 6 : 3);
	jsonw_raw(w, name, str_of(text));
}

static void write_day(struct jsonw *w, const char *name, enum time_format format, struct str cell)
{
	if (format == TIME_EPOCH_S || format == TIME_EPOCH_MS)
		write_instant(w, name, format, (int32_t)number_of(cell) * US_PER_DAY + PG_EPOCH_US);
	else
		write_date(w, name, cell);
}

static void write_cell(struct jsonw *w, const char *name, const struct column *column, struct str cell)
{
	if (!cell.p) {
		jsonw_null(w, name);
		return;
	}
	switch (column->type) {
	case COLUMN_TEXT:
		jsonw_str(w, name, cell);
		return;
	case COLUMN_INTEGER:
		jsonw_int(w, name, (int64_t)number_of(cell));
		return;
	case COLUMN_NUMERIC:
		write_numeric(w, name, cell);
		return;
	case COLUMN_DOUBLE:
		write_double(w, name, cell);
		return;
	case COLUMN_BOOLEAN:
		jsonw_bool(w, name, number_of(cell));
		return;
	case COLUMN_TIMESTAMP:
		write_instant(w, name, column->time, (int64_t)number_of(cell) + PG_EPOCH_US);
		return;
	case COLUMN_DATE:
		write_day(w, name, column->time, cell);
		return;
	case COLUMN_UUID:
		write_uuid(w, name, cell);
		return;
	case COLUMN_JSON:
		jsonw_raw(w, name, (struct str){cell.p + 1, cell.n - 1}); /* behind jsonb's version */
		return;
	}
}

/* ---- a record of its columns ---- */

/* One value and what is left of its path. */
struct leaf {
	struct str path;
	const struct column *column; /* NULL: a part of the id */
	struct str cell;
	bool done;
};

#define KEY_MAX 256

static void write_leaf(struct jsonw *w, const char *key, const struct leaf *leaf)
{
	if (leaf->column)
		write_cell(w, key, leaf->column, leaf->cell);
	else
		jsonw_str(w, key, leaf->cell);
}

/* The leaf whose path ends with this key, or NULL: what lies below it is a part of it. */
static const struct leaf *leaf_at(const struct leaf *leaf, size_t n, struct str key)
{
	for (size_t i = 0; i < n; i++) {
		if (!leaf[i].done && str_eq(leaf[i].path, key))
			return &leaf[i];
	}
	return NULL;
}

static void write_object(struct jsonw *w, struct leaf *leaf, size_t n);

/* All leaves below one key. */
static void write_below(struct jsonw *w, const char *key, const struct leaf *leaf, size_t n)
{
	struct leaf *below = mem_array(n, sizeof *below);
	size_t found = 0;

	for (size_t i = 0; i < n; i++) {
		struct str rest = leaf[i].path;

		if (leaf[i].done || !str_is(str_cut(&rest, '.'), key))
			continue;
		below[found] = leaf[i];
		below[found++].path = rest;
	}
	jsonw_object(w, key);
	write_object(w, below, found);
	jsonw_object_end(w);
	free(below);
}

/* As deep as a path has keys, which a declaration bounds. */
static void write_object(struct jsonw *w, struct leaf *leaf, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct str rest = leaf[i].path;
		char key[KEY_MAX];

		if (leaf[i].done)
			continue;
		struct str first = str_cut(&rest, '.');
		snprintf(key, sizeof key, "%.*s", STR_ARG(first));
		const struct leaf *whole = leaf_at(leaf, n, first);
		if (whole)
			write_leaf(w, key, whole);
		else
			write_below(w, key, leaf, n);
		for (size_t k = i; k < n; k++) {
			rest = leaf[k].path;
			leaf[k].done = leaf[k].done || str_is(str_cut(&rest, '.'), key);
		}
	}
}

/* The parts of an id were joined by '/'; the last takes what is left. */
static size_t id_leaves(const struct resource *resource, struct str id, struct leaf *leaf)
{
	for (size_t i = 0; i < resource->id.n; i++) {
		leaf[i].path = str_of(resource->id.at[i]);
		leaf[i].cell = i + 1 < resource->id.n ? str_cut(&id, '/') : id;
	}
	return resource->id.n;
}

void row_render(const struct resource *resource, struct str tuple, struct buf *out)
{
	struct str rest = {tuple.p + sizeof(uint16_t), tuple.n - sizeof(uint16_t)};
	struct jsonw w = JSONW(out);

	(void)take_cell(&rest); /* connection_id */
	(void)take_cell(&rest); /* tenant_id */
	struct str id = take_cell(&rest);
	if (resource->identity == IDENTITY_POSITION) {
		(void)take_cell(&rest); /* window_from */
		(void)take_cell(&rest); /* walk */
	}
	struct leaf *leaf = mem_array(resource->id.n + resource->columns.n + 1, sizeof *leaf);
	size_t n = id_leaves(resource, id, leaf);
	for (size_t i = 0; i < resource->columns.n; i++, n++) {
		const struct column *column = &resource->columns.at[i];

		leaf[n] = (struct leaf){
		    .path = str_of(column->path), .column = column, .cell = take_cell(&rest)};
	}
	if (resource->keep_payload) {
		struct str payload = take_cell(&rest);

		buf_add(out, payload.p + 1, payload.n - 1);
	} else {
		jsonw_object(&w, NULL);
		write_object(&w, leaf, n);
		jsonw_object_end(&w);
	}
	free(leaf);
}
