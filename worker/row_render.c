// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "row.h"

#include "base/clock.h"
#include "base/jsonw.h"
#include "numeric.h"
#include "sync/declaration.h"

#define US_PER_DAY INT64_C(86400000000)
#define PG_EPOCH_US INT64_C(946684800000000) /* 2000-01-01, from where PostgreSQL counts */
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

static void write_cell(struct jsonw *w, const struct column *column, struct str cell)
{
	const char *name = column->name;

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
		jsonw_time(w, name, (int64_t)number_of(cell) + PG_EPOCH_US);
		return;
	case COLUMN_DATE:
		write_date(w, name, cell);
		return;
	case COLUMN_UUID:
		write_uuid(w, name, cell);
		return;
	case COLUMN_JSON:
		jsonw_raw(w, name, (struct str){cell.p + 1, cell.n - 1}); /* behind jsonb's version */
		return;
	}
}

void row_render(const struct resource *resource, struct str tuple, struct buf *out)
{
	struct str rest = {tuple.p + sizeof(uint16_t), tuple.n - sizeof(uint16_t)};
	struct jsonw w = JSONW(out);

	(void)take_cell(&rest); /* connection_id */
	(void)take_cell(&rest); /* tenant_id */
	struct str id = take_cell(&rest);
	if (resource->keep_payload) {
		for (size_t i = 0; i < resource->columns.n; i++)
			(void)take_cell(&rest);
		struct str payload = take_cell(&rest);
		buf_add(out, payload.p + 1, payload.n - 1);
		return;
	}
	jsonw_object(&w, NULL);
	jsonw_str(&w, "id", id);
	for (size_t i = 0; i < resource->columns.n; i++)
		write_cell(&w, &resource->columns.at[i], take_cell(&rest));
	jsonw_object_end(&w);
}
