// SPDX-License-Identifier: Apache-2.0
/*
 * Nanoseconds per record of a page of 150 records of about 0.9 KB, ten fields asked for: our slicer, the
 * slicer with the row encoder behind it, and json-c's tree with the same ten look-ups. Rounds alternate, the
 * best of each counts.
 */
#include "base/base.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/slice.h"
#include "row.h"
#include "sync/declaration.h"

#include <json-c/json.h>

#define RECORDS 150
#define ROUNDS 200
#define PAGE_MAX (1 << 20)
#define OUT_MAX (1 << 22)

static struct column columns[] = {
    {.name = "name", .path = "name", .type = COLUMN_TEXT},
    {.name = "email", .path = "email", .type = COLUMN_TEXT},
    {.name = "status", .path = "status", .type = COLUMN_TEXT},
    {.name = "amount", .path = "amount", .type = COLUMN_NUMERIC},
    {.name = "created_at", .path = "created_at", .type = COLUMN_TIMESTAMP},
    {.name = "updated_at", .path = "updated_at", .type = COLUMN_TIMESTAMP},
    {.name = "address", .path = "address", .type = COLUMN_JSON},
    {.name = "tags", .path = "tags", .type = COLUMN_JSON},
    {.name = "notes", .path = "notes", .type = COLUMN_TEXT},
};

static const char *id_paths[] = {"id"};
static const char *const envelope[] = {"next_cursor"};

struct work {
	const struct slice_plan *plan;
	struct row_writer writer;
	struct buf body;
	uint64_t sum; /* keeps the work from being optimised away */
};

static void add_record(struct buf *body, unsigned i)
{
	buf_printf(body,
	    "%s{\"id\":\"a00000-%09u\",\"name\":\"birch kestrel "
	    "%05u\",\"email\":\"birch.kestrel.%05u@customers.example.com\","
	    "\"status\":\"active\",\"amount\":%u.%02u,\"created_at\":\"2024-07-%02uT09:%02u:41Z\","
	    "\"updated_at\":\"2026-03-%02uT17:%02u:07.%03uZ\",\"address\":{\"line1\":\"%u Prairie Street\","
	    "\"line2\":\"Building C, Floor 7, Suite "
	    "412\",\"city\":\"Reykjavik\",\"state\":\"QT\",\"postal_code\":\"%05u-0412\","
	    "\"country\":\"PT\",\"latitude\":38.%06u,\"longitude\":-9.%06u,\"verified\":true},"
	    "\"tags\":[\"segment-harbor\",\"region-delta\",\"source-umber\"],\"notes\":\"",
	    i ? "," : "", i, i, i, i * 37, i % 100, i % 28 + 1, i % 60, i % 28 + 1, i % 60, i % 1000, i + 10,
	    i * 11, i * 977, i * 1409);
	for (unsigned n = 0; n < 40; n++)
		buf_add_text(body, (i + n) % 3 ? "renewal in " : "a contract ");
	buf_add_text(body, "\"}");
}

static void add_page(struct buf *body)
{
	buf_add_text(body, "{\"data\":[");
	for (unsigned i = 0; i < RECORDS; i++)
		add_record(body, i);
	buf_add_text(body, "],\"next_cursor\":\"150\"}");
}

static enum rc count_record(void *user, struct str raw, const struct slice *fields)
{
	struct work *work = user;

	work->sum += raw.n + fields[0].n;
	return RC_OK;
}

static enum rc encode_record(void *user, struct str raw, const struct slice *fields)
{
	struct work *work = user;
	struct row_mark mark;
	struct row_fault fault;

	if (row_encode(&work->writer, raw, fields, &mark, &fault) != RC_OK)
		abort();
	work->sum += (uint64_t)mark.hash;
	return RC_OK;
}

static void run_page(struct work *work, slice_record_fn *fn)
{
	struct slice cursor;

	if (slice_page(work->plan, buf_str(&work->body), &cursor, fn, work, NULL) != RC_OK)
		abort();
}

static void run_slices(struct work *work)
{
	run_page(work, count_record);
}

static void run_rows(struct work *work)
{
	buf_clear(work->writer.out);
	run_page(work, encode_record);
}

static void run_json_c(struct work *work)
{
	struct json_tokener *tokener = json_tokener_new();
	struct json_object *page = json_tokener_parse_ex(tokener, work->body.p, (int)work->body.n);
	struct json_object *data;

	if (!json_object_object_get_ex(page, "data", &data))
		abort();
	for (size_t i = 0; i < json_object_array_length(data); i++) {
		struct json_object *record = json_object_array_get_idx(data, i);
		struct json_object *value;

		for (size_t c = 0; c < ARRAY_SIZE(columns); c++)
			work->sum += json_object_object_get_ex(record, columns[c].path, &value) ? 1 : 0;
	}
	json_object_put(page);
	json_tokener_free(tokener);
}

struct contender {
	const char *name;
	void (*run)(struct work *work);
	int64_t best_us;
};

static void run_rounds(struct contender *contenders, size_t n, struct work *work)
{
	for (int round = 0; round < ROUNDS; round++) {
		for (size_t i = 0; i < n; i++) {
			int64_t start = clock_mono_us();

			for (int k = 0; k < 4; k++)
				contenders[i].run(work);
			int64_t took = clock_mono_us() - start;
			if (!round || took < contenders[i].best_us)
				contenders[i].best_us = took;
		}
	}
}

static void print_table(const struct contender *contenders, size_t n, size_t page_bytes)
{
	printf("page of %d records, %zu bytes each\n", RECORDS, page_bytes / RECORDS);
	printf("%-28s %12s %8s\n", "", "ns/record", "MB/s");
	for (size_t i = 0; i < n; i++) {
		double us = (double)contenders[i].best_us / 4;

		printf(
		    "%-28s %12.0f %8.0f\n", contenders[i].name, us * 1000 / RECORDS, (double)page_bytes / us);
	}
}

int main(void)
{
	struct contender contenders[] = {
	    {.name = "slicer", .run = run_slices},
	    {.name = "slicer and row encoder", .run = run_rows},
	    {.name = "json-c tree and look-ups", .run = run_json_c},
	};
	struct resource resource = {.id = {.at = id_paths, .n = 1},
	    .columns = {.at = columns, .n = ARRAY_SIZE(columns)},
	    .keep_payload = true};
	struct row_layout *layout = row_layout_new(&resource);
	size_t npaths;
	const char *const *paths = row_layout_paths(layout, &npaths);
	struct slice_plan *plan = slice_plan_new("data", paths, npaths, envelope, ARRAY_SIZE(envelope));
	struct buf out = BUF(OUT_MAX);
	struct work work = {.plan = plan, .writer = {.layout = layout, .out = &out}, .body = BUF(PAGE_MAX)};

	add_page(&work.body);
	run_rounds(contenders, ARRAY_SIZE(contenders), &work);
	print_table(contenders, ARRAY_SIZE(contenders), work.body.n);
	buf_done(&work.body);
	buf_done(&out);
	slice_plan_free(plan);
	row_layout_free(layout);
	return work.sum == 0;
}
