// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "table.h"

#include "io/pg_blocking.h"
#include "statements.h"

/* pg_attribute.atttypmod of varchar(n), char(n) and numeric(p, s): see utils/adt/numeric.c. */
#define TYPMOD_HEAD 4
#define NUMERIC_SCALE_SIGN 0x400 /* a scale is eleven bits, with a sign */
#define NUMERIC_SCALE_MASK 0x7ff

static struct row_limit limit_of(struct str type, int64_t typmod)
{
	int modifier = (int)typmod - TYPMOD_HEAD;

	if (!str_is(type, "numeric"))
		return (struct row_limit){.max_length = modifier};
	return (struct row_limit){.precision = modifier >> 16,
	    .scale = ((modifier & NUMERIC_SCALE_MASK) ^ NUMERIC_SCALE_SIGN) - NUMERIC_SCALE_SIGN};
}

static enum rc read_policed(
    struct table *t, const struct pg_args *table, struct pg_blocking *db, struct err *err)
{
	AUTO(pg_blocking_free_ptr) struct pg_result *r = NULL;
	enum rc rc = pg_blocking_query(db, &sql_table_policed, table, &r, err);

	if (rc == RC_OK)
		t->policed = pg_bool(r, 0, 0);
	return rc;
}

enum rc table_read_limits(struct table *t, struct pg_blocking *db, struct err *err)
{
	struct pg_args args = PG_ARGS;
	AUTO(pg_blocking_free_ptr) struct pg_result *r = NULL;

	pg_arg_text(&args, str_of(t->resource->table));
	enum rc rc = pg_blocking_query(db, &sql_table_limits, &args, &r, err);
	if (rc == RC_OK)
		rc = read_policed(t, &args, db, err);
	pg_args_done(&args);
	for (int i = 0; rc == RC_OK && i < pg_rows(r); i++) {
		struct row_limit limit = limit_of(pg_str(r, i, 1), pg_i64(r, i, 2));

		row_layout_narrow(t->layout, pg_str(r, i, 0), &limit);
	}
	return rc;
}
