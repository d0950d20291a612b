// SPDX-License-Identifier: Apache-2.0
#pragma once
/* Encodes records of a resource and reads the tuple back as text. For tests only. */
#include "base/base.h"
#include "row.h"

#include "sync/declaration.h"
#include "tuple.h"

#include <xxhash.h>

#define OUT_MAX (1 << 20)

static const struct uuid connection = {{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16}};
static const struct uuid tenant = {{0xf0, 0xf1, 0xf2, 0xf3}};

static const char *one_id[] = {"id"};

/* A resource, its layout and plan, and one encoded record. */
struct fixture {
	struct resource resource;
	struct row_layout *layout;
	struct row_writer writer;
	struct buf out;
	struct row_mark mark;
	struct row_fault fault;
	enum rc rc;
};

static inline void fixture_init(struct fixture *f, struct column *columns, size_t ncolumns)
{
	*f = (struct fixture){.out = BUF(OUT_MAX)};
	f->resource.id.at = one_id;
	f->resource.id.n = 1;
	f->resource.columns.at = columns;
	f->resource.columns.n = ncolumns;
}

static inline void fixture_done(struct fixture *f)
{
	row_layout_free(f->layout);
	buf_done(&f->out);
}

static inline enum rc encode_record(void *user, struct str raw, const struct slice *fields)
{
	struct fixture *f = user;

	f->rc = row_encode(&f->writer, raw, fields, &f->mark, &f->fault);
	return RC_OK;
}

/* Encodes the records of a bare array; the last one's outcome stays in the fixture. */
static inline enum rc encode(struct fixture *f, const char *page)
{
	struct err err;
	size_t n;

	if (!f->layout)
		f->layout = row_layout_new(&f->resource);
	f->writer.layout = f->layout;
	f->writer.connection_id = connection;
	f->writer.tenant_id = tenant;
	f->writer.out = &f->out;
	f->fault = (struct row_fault){0};
	const char *const *paths = row_layout_paths(f->layout, &n);
	struct slice_plan *plan = slice_plan_new("", paths, n, NULL, 0);
	if (slice_page(plan, str_of(page), NULL, encode_record, f, &err) != RC_OK)
		fail_msg("%s: %s", page, err.text);
	slice_plan_free(plan);
	return f->rc;
}

/* The tuple at the mark as text: id, columns, payload, each behind a bar; checks owners and hash on the way.
 */
static inline void tuple_text(const struct fixture *f, struct buf *text)
{
	struct str rest = {f->out.p + f->mark.at, f->mark.n};
	size_t ncolumns;

	row_layout_columns(f->layout, &ncolumns);
	assert_int_equal(tuple_be(rest.p, 2), ncolumns);
	rest = (struct str){rest.p + 2, rest.n - 2};
	struct str owner = tuple_take(&rest);
	assert_true(owner.n == 16 && memcmp(owner.p, &connection, 16) == 0);
	owner = tuple_take(&rest);
	assert_true(owner.n == 16 && memcmp(owner.p, &tenant, 16) == 0);
	struct str id = tuple_take(&rest);
	assert_ptr_equal(id.p, f->out.p + f->mark.id_at);
	assert_int_equal(id.n, f->mark.id_n);
	buf_add_str(text, id);
	if (f->resource.identity == IDENTITY_POSITION) {
		buf_add_char(text, '@');
		tuple_add_value(text, COLUMN_TIMESTAMP, tuple_take(&rest));
		buf_printf(text, "#%" PRIu64, tuple_be(tuple_take(&rest).p, 8));
	}
	const char *data = rest.p;
	for (size_t i = 0; i < f->resource.columns.n; i++) {
		buf_add_char(text, '|');
		tuple_add_value(text, f->resource.columns.at[i].type, tuple_take(&rest));
	}
	if (f->resource.keep_payload) {
		buf_add_char(text, '|');
		tuple_add_value(text, COLUMN_JSON, tuple_take(&rest));
	}
	assert_int_equal(f->mark.hash, (int64_t)XXH3_64bits(data, (size_t)(rest.p - data)));
	struct str hash = tuple_take(&rest);
	assert_int_equal(hash.n, 8);
	assert_int_equal((int64_t)tuple_be(hash.p, 8), f->mark.hash);
	assert_int_equal(rest.n, 0);
}

static inline void expect_tuple(const struct fixture *f, const char *expected)
{
	struct buf text = BUF(OUT_MAX);

	if (f->rc != RC_OK)
		fail_msg("%s: %s: %s", expected, f->fault.column, f->fault.reason);
	tuple_text(f, &text);
	assert_string_equal(buf_text(&text), expected);
	buf_done(&text);
}
