// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "row.h"
#include "rows.h"

#include "numeric.h"
#include "sync/declaration.h"

#include <setjmp.h>
#include <cmocka.h>

#define OUT_MAX (1 << 20)

static const char *id_path[] = {"id"};

/* Encodes the page's records into `rows`, and lists what could not be encoded there too. */
struct fixture {
	struct resource resource;
	struct row_writer writer;
	struct row_layout *layout;
	struct rows *rows;
};

static enum rc on_record(void *user, struct str raw, const struct slice *fields)
{
	struct fixture *f = user;

	return rows_add(f->rows, &f->writer, raw, fields);
}

static void encode(struct fixture *f, const char *page)
{
	struct err err;
	size_t n;

	f->resource.id.at = id_path;
	f->resource.id.n = 1;
	f->layout = row_layout_new(&f->resource);
	f->rows = rows_new(NULL);
	f->writer.layout = f->layout;
	f->writer.out = &f->rows->bytes;
	const char *const *paths = row_layout_paths(f->layout, &n);
	struct slice_plan *plan = slice_plan_new("", paths, n, NULL, 0);
	assert_int_equal(slice_page(plan, str_of(page), NULL, on_record, f, &err), RC_OK);
	slice_plan_free(plan);
}

static void fixture_done(struct fixture *f)
{
	rows_free(f->rows);
	rows_drain_pool();
	row_layout_free(f->layout);
}

static void test_columns_of_every_type(void **state)
{
	struct column columns[] = {
	    {.name = "t", .path = "t", .type = COLUMN_TEXT},
	    {.name = "i", .path = "i", .type = COLUMN_INTEGER},
	    {.name = "n", .path = "n", .type = COLUMN_NUMERIC},
	    {.name = "d", .path = "d", .type = COLUMN_DOUBLE},
	    {.name = "b", .path = "b", .type = COLUMN_BOOLEAN},
	    {.name = "at", .path = "at", .type = COLUMN_TIMESTAMP},
	    {.name = "day", .path = "day", .type = COLUMN_DATE},
	    {.name = "u", .path = "u", .type = COLUMN_UUID},
	    {.name = "j", .path = "j", .type = COLUMN_JSON},
	    {.name = "none", .path = "none", .type = COLUMN_TEXT},
	};
	struct fixture f = {.resource.columns = {columns, ARRAY_SIZE(columns)}};
	AUTO(buf_done) struct buf out = BUF(OUT_MAX);

	(void)state;
	encode(&f, "[{\"id\":\"a\\\"1\",\"t\":\"caf\\u00e9 "
	           "\\\"x\\\"\",\"i\":-7,\"n\":\"-12345.0670\",\"d\":0.25,\"b\":true,"
	           "\"at\":\"1999-12-31T23:59:59.5Z\",\"day\":\"1969-07-20\","
	           "\"u\":\"01A1FD59-0D64-717E-A7F5-49EE78102007\",\"j\":{\"x\":[1, null]}}]");
	row_render(&f.resource, (struct str){f.rows->bytes.p + f.rows->mark[0].at, f.rows->mark[0].n}, &out);
	assert_string_equal(buf_text(&out),
	    "{\"id\":\"a\\\"1\",\"t\":\"caf\xc3\xa9 "
	    "\\\"x\\\"\",\"i\":-7,\"n\":-12345.0670,\"d\":0.25,\"b\":true,"
	    "\"at\":\"1999-12-31T23:59:59.500000Z\",\"day\":\"1969-07-20\","
	    "\"u\":\"01a1fd59-0d64-717e-a7f5-49ee78102007\",\"j\":{\"x\":[1, null]},\"none\":null}");
	fixture_done(&f);
}

/* What is rendered is read back as the same tuple: a quarantined record can be replayed. */
static void test_what_is_rendered_reads_back(void **state)
{
	struct column columns[] = {
	    {.name = "owner_id", .path = "owner.id", .type = COLUMN_UUID},
	    {.name = "s", .path = "at.s", .type = COLUMN_TIMESTAMP, .time = TIME_EPOCH_S},
	    {.name = "owner_name", .path = "owner.name.first", .type = COLUMN_TEXT},
	    {.name = "ms", .path = "at.ms", .type = COLUMN_TIMESTAMP, .time = TIME_EPOCH_MS},
	    {.name = "naive", .path = "at.naive", .type = COLUMN_TIMESTAMP, .time = TIME_NAIVE_UTC},
	    {.name = "day", .path = "at.day", .type = COLUMN_DATE, .time = TIME_EPOCH_MS},
	    {.name = "whole", .path = "whole", .type = COLUMN_JSON},
	    {.name = "part", .path = "whole.part", .type = COLUMN_INTEGER},
	    {.name = "n", .path = "n", .type = COLUMN_NUMERIC},
	    {.name = "d", .path = "d", .type = COLUMN_DOUBLE},
	    {.name = "b", .path = "b", .type = COLUMN_BOOLEAN},
	    {.name = "none", .path = "none.at.all", .type = COLUMN_TEXT},
	};
	static const char page[] =
	    "[{\"id\":\"a\",\"owner\":{\"id\":\"01a1fd59-0d64-717e-a7f5-49ee78102007\",\"name\":{\"first\":"
	    "12.50}},"
	    "\"at\":{\"s\":-1.5,\"ms\":\"1700000000123\",\"naive\":\"2026-04-04T00:00:00\",\"day\":"
	    "946684800000},"
	    "\"whole\":{\"part\":7,\"x\":[]},\"n\":\"11.010\",\"d\":0.1,\"b\":\"false\"},{\"id\":\"b\"}]";
	struct fixture f = {.resource.columns = {columns, ARRAY_SIZE(columns)}};
	struct fixture again = f;
	AUTO(buf_done) struct buf out = BUF(OUT_MAX);

	(void)state;
	encode(&f, page);
	assert_int_equal(f.rows->n, 2);
	buf_add_char(&out, '[');
	for (size_t i = 0; i < f.rows->n; i++) {
		if (i)
			buf_add_char(&out, ',');
		row_render(
		    &f.resource, (struct str){f.rows->bytes.p + f.rows->mark[i].at, f.rows->mark[i].n}, &out);
	}
	buf_add_char(&out, ']');
	encode(&again, buf_text(&out));
	assert_int_equal(again.rows->nbad, 0);
	assert_int_equal(again.rows->bytes.n, f.rows->bytes.n);
	assert_memory_equal(again.rows->bytes.p, f.rows->bytes.p, f.rows->bytes.n);
	rows_free(again.rows);
	row_layout_free(again.layout);
	fixture_done(&f);
}

static void test_numerics_read_back(void **state)
{
	static const char *const texts[] = {"0", "0.00", "1", "-1", "10000", "9999", "0.1", "-0.0001",
	    "0.00001", "100000000", "123456789.987654321", "-99990000.00009999", "12300000000000000000000",
	    "0.5000"};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		AUTO(buf_done) struct buf out = BUF(OUT_MAX);
		struct decimal d;
		char binary[128];
		size_t n;

		assert_true(decimal_parse(str_of(texts[i]), &d));
		assert_int_equal(numeric_encode(&d, binary, &n), DECIMAL_FITS);
		numeric_print((struct str){binary, n}, &out);
		assert_string_equal(buf_text(&out), texts[i]);
	}
}

static void test_a_kept_payload_is_the_record(void **state)
{
	struct column columns[] = {{.name = "t", .path = "t", .type = COLUMN_TEXT}};
	const char *redact[] = {"secret.pin"};
	struct fixture f = {
	    .resource = {.keep_payload = true, .columns = {columns, 1}, .redact = {redact, 1}}};

	(void)state;
	encode(&f, "[{\"id\":1,\"t\":\"x\"},{\"id\":2,\"t\":null,\"secret\":{\"pin\":\"1234\"}},{\"id\":3}]");
	rows_reject(f.rows, &f.resource, 1, "too secret");
	assert_int_equal(f.rows->n, 2);
	assert_int_equal(f.rows->nbad, 1);
	assert_string_equal(buf_text(&f.rows->bad[0].id), "2");
	assert_string_equal(buf_text(&f.rows->bad[0].raw), "{\"id\":2,\"t\":null,\"secret\":{\"pin\":null}}");
	assert_string_equal(f.rows->bad[0].reason, "too secret");
	assert_null(f.rows->bad[0].column);
	fixture_done(&f);
}

static void test_a_refused_record_is_kept_redacted(void **state)
{
	struct column columns[] = {{.name = "t", .path = "t", .type = COLUMN_INTEGER}};
	const char *redact[] = {"pin"};
	struct fixture f = {
	    .resource = {.keep_payload = true, .columns = {columns, 1}, .redact = {redact, 1}}};

	(void)state;
	encode(&f, "[{\"id\":\"a\",\"t\":\"no number\",\"pin\":\"1234\"},{\"id\":null,\"t\":1}]");
	assert_int_equal(f.rows->nbad, 2);
	assert_string_equal(buf_text(&f.rows->bad[0].id), "a");
	assert_string_equal(f.rows->bad[0].column, "t");
	assert_string_equal(buf_text(&f.rows->bad[0].raw), "{\"id\":\"a\",\"t\":\"no number\",\"pin\":null}");
	assert_string_equal(buf_text(&f.rows->bad[1].id), "");
	assert_string_equal(f.rows->bad[1].column, "id");
	fixture_done(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_columns_of_every_type),
	    cmocka_unit_test(test_what_is_rendered_reads_back),
	    cmocka_unit_test(test_numerics_read_back),
	    cmocka_unit_test(test_a_kept_payload_is_the_record),
	    cmocka_unit_test(test_a_refused_record_is_kept_redacted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
