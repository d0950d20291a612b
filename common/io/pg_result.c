// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "io/pg.h"

#include <libpq-fe.h>

static const PGresult *native(const struct pg_result *r)
{
	return (const PGresult *)r;
}

int pg_rows(const struct pg_result *r)
{
	return PQntuples(native(r));
}

int pg_columns(const struct pg_result *r)
{
	return PQnfields(native(r));
}

const char *pg_column_name(const struct pg_result *r, int col)
{
	return PQfname(native(r), col);
}

unsigned pg_column_type(const struct pg_result *r, int col)
{
	return PQftype(native(r), col);
}

int64_t pg_affected(const struct pg_result *r)
{
	int64_t n = 0;

	/* libpq takes it as non-const for historical reasons only. */
	str_to_i64(str_of(PQcmdTuples((PGresult *)(uintptr_t)r)), &n);
	return n;
}

bool pg_is_null(const struct pg_result *r, int row, int col)
{
	return PQgetisnull(native(r), row, col);
}

struct str pg_str(const struct pg_result *r, int row, int col)
{
	return (struct str){PQgetvalue(native(r), row, col), (size_t)PQgetlength(native(r), row, col)};
}

int64_t pg_i64(const struct pg_result *r, int row, int col)
{
	int64_t v = 0;

	str_to_i64(pg_str(r, row, col), &v);
	return v;
}

bool pg_bool(const struct pg_result *r, int row, int col)
{
	return str_is(pg_str(r, row, col), "t");
}

bool pg_uuid(const struct pg_result *r, int row, int col, struct uuid *ret)
{
	return !pg_is_null(r, row, col) && uuid_parse(pg_str(r, row, col), ret);
}

bool pg_bytea(const struct pg_result *r, int row, int col, struct buf *ret)
{
	size_t n = 0;
	unsigned char *bytes = PQunescapeBytea((const unsigned char *)pg_str(r, row, col).p, &n);

	if (!bytes)
		return false;
	buf_add(ret, bytes, n);
	PQfreemem(bytes);
	return buf_ok(ret);
}

bool pg_error_passes(const struct err *err)
{
	static const char *const classes[] = {"40", "55", "57", "53", "58", "08"};

	for (size_t i = 0; i < ARRAY_SIZE(classes); i++) {
		if (strncmp(err->sqlstate, classes[i], 2) == 0)
			return true;
	}
	return err->rc == RC_LOST;
}
