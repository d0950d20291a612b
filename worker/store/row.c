// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "row.h"

#include "row_cell.h"
#include "row_redact.h"
#include "sync/declaration.h"

#include <xxhash.h>

#define ROW_OWN_COLUMNS 7 /* connection_id, tenant_id, id, window_from, walk, payload, content_hash */
#define ROW_OWN_BYTES 104 /* of a tuple's head, owners, place, lengths and hash */

struct row_layout {
	const struct resource *resource;
	const char **paths; /* the id's parts, then the columns' */
	const char **columns;
	struct cell_column *cells;       /* one for each declared column */
	size_t ncolumns;                 /* of a tuple */
	struct row_redaction *redaction; /* NULL when nothing is kept back */
};

static void layout_columns(struct row_layout *layout, const struct resource *resource)
{
	const char **at = layout->columns = mem_array(resource->columns.n + ROW_OWN_COLUMNS, sizeof *at);

	*at++ = "connection_id";
	*at++ = "tenant_id";
	*at++ = "id";
	if (resource->identity == IDENTITY_POSITION) {
		*at++ = "window_from";
		*at++ = "walk";
	}
	for (size_t i = 0; i < resource->columns.n; i++)
		*at++ = resource->columns.at[i].name;
	if (resource->keep_payload)
		*at++ = "payload";
	*at++ = "content_hash";
	layout->ncolumns = (size_t)(at - layout->columns);
}

static void layout_cells(struct row_layout *layout, const struct resource *resource)
{
	layout->cells = mem_array(resource->columns.n + 1, sizeof *layout->cells);
	for (size_t i = 0; i < resource->columns.n; i++) {
		const struct column *column = &resource->columns.at[i];

		layout->cells[i].declared = column;
		layout->cells[i].said_twice = mem_printf("the field %s is there twice", column->path);
	}
}

struct row_layout *row_layout_new(const struct resource *resource)
{
	struct row_layout *layout = mem_zalloc(sizeof *layout);
	size_t n = 0;

	layout->resource = resource;
	layout->paths = mem_array(resource->id.n + resource->columns.n + 1, sizeof *layout->paths);
	for (size_t i = 0; i < resource->id.n; i++)
		layout->paths[n++] = resource->id.at[i];
	for (size_t i = 0; i < resource->columns.n; i++)
		layout->paths[n++] = resource->columns.at[i].path;
	layout_columns(layout, resource);
	layout_cells(layout, resource);
	if (resource->redact.n)
		layout->redaction = row_redaction_new(
		    (const char *const *)resource->redact.at, resource->redact.n);
	return layout;
}

void row_layout_free(struct row_layout *layout)
{
	if (!layout)
		return;
	row_redaction_free(layout->redaction);
	free(layout->paths);
	free(layout->columns);
	for (size_t i = 0; i < layout->resource->columns.n; i++)
		free(layout->cells[i].said_twice);
	free(layout->cells);
	free(layout);
}

void row_layout_narrow(struct row_layout *layout, struct str column, const struct row_limit *limit)
{
	for (size_t i = 0; i < layout->resource->columns.n; i++) {
		struct cell_column *cell = &layout->cells[i];

		if (!str_is(column, cell->declared->name))
			continue;
		cell->max_length = limit->max_length;
		cell->precision = limit->precision;
		cell->scale = limit->scale;
	}
}

const char *const *row_layout_paths(const struct row_layout *layout, size_t *ret_n)
{
	*ret_n = layout->resource->id.n + layout->resource->columns.n;
	return layout->paths;
}

const char *const *row_layout_columns(const struct row_layout *layout, size_t *ret_n)
{
	*ret_n = layout->ncolumns;
	return layout->columns;
}

/* A tuple never takes more than this. */
static size_t row_bound(const struct row_writer *writer, struct str raw, const struct slice *fields)
{
	const struct row_layout *layout = writer->layout;
	const struct resource *resource = layout->resource;
	size_t n = resource->id.n + resource->columns.n;
	size_t growth = layout->redaction ? row_redaction_growth(layout->redaction) : 0;
	size_t bound = ROW_OWN_BYTES + writer->id.n + raw.n + growth;

	for (size_t i = 0; i < n; i++)
		bound += fields[i].n + CELL_FIXED_MAX + growth;
	return bound;
}

static char *put_owner(char *to, const struct uuid *id)
{
	to = cell_put32(to, sizeof *id);
	memcpy(to, id, sizeof *id);
	return to + sizeof *id;
}

static bool fault_set(struct row_fault *fault, const char *column, const char *reason)
{
	*fault = (struct row_fault){.column = column, .reason = reason};
	return false;
}

static bool put_id_part(struct slice part, char **to, struct row_fault *fault)
{
	size_t n = part.n;

	if (part.repeated)
		return fault_set(fault, "id", "its field is there twice");
	if (part.kind <= SLICE_NULL || !n)
		return fault_set(fault, "id", "missing");
	if (part.kind != SLICE_STRING && part.kind != SLICE_NUMBER)
		return fault_set(fault, "id", "wrong type");
	if (!part.escaped)
		memcpy(*to, part.p, n);
	else if (slice_unescape_to(part, *to, &n) != RC_OK)
		return fault_set(fault, "id", "holds \\u0000, which PostgreSQL cannot store");
	*to += n;
	return true;
}

/* The id without its length. */
static bool put_id(
    const struct row_writer *writer, const struct slice *fields, char **to, struct row_fault *fault)
{
	size_t nparts = writer->layout->resource->id.n;
	const char *start = *to;

	if (!nparts) {
		memcpy(*to, writer->id.p ? writer->id.p : "", writer->id.n);
		*to += writer->id.n;
	}
	for (size_t i = 0; i < nparts; i++) {
		if (i)
			*(*to)++ = '/';
		if (!put_id_part(fields[i], to, fault))
			return false;
	}
	if (*to == start)
		return fault_set(fault, "id", "missing");
	if (*to - start > ROW_ID_MAX)
		return fault_set(fault, "id", "too long");
	return true;
}

/* The declared columns and the payload: what the hash is taken over. */
static bool put_data(const struct row_layout *layout, struct str raw, const struct slice *fields, char **to,
    struct row_fault *fault)
{
	const struct resource *resource = layout->resource;
	const char *reason = NULL;

	fields += resource->id.n;
	for (size_t i = 0; i < resource->columns.n; i++) {
		char *next = cell_put(&layout->cells[i], fields[i], layout->redaction, *to, &reason);

		if (!next)
			return fault_set(fault, resource->columns.at[i].name, reason);
		*to = next;
	}
	if (!resource->keep_payload)
		return true;
	char *next = cell_put_json(raw, layout->redaction, *to, &reason);
	if (!next)
		return fault_set(fault, "payload", reason);
	*to = next;
	return true;
}

static char *put_head(const struct row_writer *writer, char *to)
{
	uint16_t count = htobe16((uint16_t)writer->layout->ncolumns);

	memcpy(to, &count, sizeof count);
	to = put_owner(to + sizeof count, &writer->connection_id);
	return put_owner(to, &writer->tenant_id);
}

static char *put_place(const struct row_writer *writer, char *to)
{
	if (writer->layout->resource->identity != IDENTITY_POSITION)
		return to;
	to = cell_put64(cell_put32(to, 8), (uint64_t)(writer->window_us - PG_EPOCH_US));
	return cell_put64(cell_put32(to, 8), (uint64_t)writer->walk);
}

enum rc row_encode(const struct row_writer *writer, struct str raw, const struct slice *fields,
    struct row_mark *ret, struct row_fault *fault)
{
	const struct row_layout *layout = writer->layout;
	struct buf *out = writer->out;
	struct row_mark mark = {.at = out->n};

	if (layout->redaction && row_redaction_find(layout->redaction, raw) != RC_OK) {
		fault_set(fault, "payload", "not JSON");
		return RC_INVALID;
	}
	size_t bound = row_bound(writer, raw, fields);
	if (bound > out->max - out->n)
		return RC_LIMIT;
	char *start = buf_reserve(out, bound);
	if (!start)
		return RC_LIMIT;
	char *id = put_head(writer, start) + 4;
	char *at = id;
	bool known = put_id(writer, fields, &at, fault);
	mark.id_at = mark.at + (size_t)(id - start);
	mark.id_n = known ? (size_t)(at - id) : 0;
	char *data = at = put_place(writer, at); /* the hash is of what the provider said */
	if (!known || !put_data(layout, raw, fields, &at, fault)) {
		*start = '\0';
		fault->id = known ? (struct str){id, mark.id_n} : (struct str){NULL, 0};
		return RC_INVALID;
	}
	cell_put32(id - 4, (uint32_t)mark.id_n);
	mark.hash = (int64_t)XXH3_64bits(data, (size_t)(at - data));
	at = cell_put64(cell_put32(at, 8), (uint64_t)mark.hash);
	mark.n = (size_t)(at - start);
	assert(mark.n <= bound);
	*at = '\0';
	out->n += mark.n;
	*ret = mark;
	return RC_OK;
}

size_t row_id_parts(const struct row_layout *layout)
{
	return layout->resource->id.n;
}

enum rc row_id(
    const struct row_layout *layout, const struct slice *parts, struct buf *out, struct row_fault *fault)
{
	const struct row_writer writer = {.layout = layout};
	size_t bound = 0;

	for (size_t i = 0; i < layout->resource->id.n; i++)
		bound += parts[i].n + 1;
	char *to = buf_reserve(out, bound);
	if (!to)
		return RC_LIMIT;
	char *end = to;
	bool good = put_id(&writer, parts, &end, fault);
	if (good)
		out->n += (size_t)(end - to);
	out->p[out->n] = '\0';
	return good ? RC_OK : RC_INVALID;
}

enum rc row_redact(const struct row_layout *layout, struct str raw, struct buf *out)
{
	if (!layout->redaction) {
		buf_add_str(out, raw);
		return buf_ok(out) ? RC_OK : RC_LIMIT;
	}
	enum rc rc = row_redaction_find(layout->redaction, raw);
	if (rc != RC_OK)
		return rc;
	char *to = buf_reserve(out, raw.n + row_redaction_growth(layout->redaction));
	if (!to)
		return RC_LIMIT;
	out->n += (size_t)(row_redaction_copy(layout->redaction, raw, to) - to);
	out->p[out->n] = '\0';
	return RC_OK;
}
