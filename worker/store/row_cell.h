// SPDX-License-Identifier: Apache-2.0
#pragma once
/* One value of a tuple: its length in four bytes (-1: NULL), then its binary form. Private to row*.c. */
#include "base/base.h"
#include "base/slice.h"
#include "sync/column.h"

#include <endian.h>

#define CELL_FIXED_MAX 32 /* what a cell takes besides the bytes of its text */

struct row_redaction;

/* A declared column and what its table's holds of it. */
struct cell_column {
	const struct column *declared;
	int max_length; /* characters of a varchar(n) or char(n); 0: any */
	int precision;  /* of a numeric(p, s); 0: any */
	int scale;
	char *said_twice; /* the reason why a record with two such fields is refused; owned */
};

#define PG_EPOCH_US INT64_C(946684800000000) /* 2000-01-01, from where PostgreSQL counts */

static inline char *cell_put32(char *to, uint32_t v)
{
	v = htobe32(v);
	memcpy(to, &v, sizeof v);
	return to + sizeof v;
}

static inline char *cell_put64(char *to, uint64_t v)
{
	v = htobe64(v);
	memcpy(to, &v, sizeof v);
	return to + sizeof v;
}

static inline char *cell_put_null(char *to)
{
	return cell_put32(to, UINT32_MAX);
}

/*
 * Writes a column's value, at most s.n + CELL_FIXED_MAX bytes; returns what follows it, or NULL with the
 * reason why the value cannot be stored. `redaction` may be NULL.
 */
char *cell_put(const struct cell_column *column, struct slice value, const struct row_redaction *redaction,
    char *to, const char **ret_reason);

/* A jsonb of the text as it is. */
char *cell_put_json(
    struct str text, const struct row_redaction *redaction, char *to, const char **ret_reason);
