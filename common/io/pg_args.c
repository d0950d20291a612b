// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "io/pg.h"

#include <endian.h>

/* Array OIDs of the element types (pg_type.dat, typarray). */
static unsigned array_type(enum pg_type element)
{
	switch (element) {
	case PG_BOOL:
		return 1000;
	case PG_BYTEA:
		return 1001;
	case PG_INT4:
		return 1007;
	case PG_INT8:
		return 1016;
	case PG_TEXT:
		return 1009;
	case PG_FLOAT8:
		return 1022;
	case PG_TIMESTAMPTZ:
		return 1185;
	case PG_UUID:
		return 2951;
	case PG_JSONB:
		return 3807;
	}
	abort();
}

/* Offsets of array_recv's header fields: ndim, flags, element OID, length, lower bound. */
enum { ARRAY_FLAGS = 4, ARRAY_LENGTH = 12, ARRAY_HEADER = 20 };

static struct pg_arg *arg_next(struct pg_args *a, unsigned type, bool binary)
{
	assert(a->n < PG_ARGS_MAX);
	struct pg_arg *arg = &a->arg[a->n++];

	*arg = (struct pg_arg){.at = a->bytes.n, .type = type, .binary = binary};
	return arg;
}

static void arg_binary(struct pg_args *a, unsigned type, const void *p, size_t n)
{
	struct pg_arg *arg = arg_next(a, type, true);

	arg->len = (int)n;
	buf_add(&a->bytes, p, n);
}

void pg_args_clear(struct pg_args *a)
{
	buf_clear(&a->bytes);
	a->n = 0;
}

void pg_args_done(struct pg_args *a)
{
	buf_done(&a->bytes);
	a->n = 0;
}

struct str pg_arg_value(const struct pg_args *a, int i)
{
	const struct pg_arg *arg = &a->arg[i];

	assert(i < a->n);
	return arg->len < 0 ? (struct str){NULL, 0}
	                    : (struct str){buf_str(&a->bytes).p + arg->at, (size_t)arg->len};
}

void pg_arg_null(struct pg_args *a)
{
	arg_next(a, 0, false)->len = -1;
}

void pg_arg_text(struct pg_args *a, struct str s)
{
	struct pg_arg *arg = arg_next(a, 0, false);

	arg->len = (int)s.n;
	buf_add(&a->bytes, s.p, s.n);
	buf_add_char(&a->bytes, '\0'); /* libpq reads text parameters up to their NUL */
}

void pg_arg_i64(struct pg_args *a, int64_t v)
{
	uint64_t be = htobe64((uint64_t)v);

	arg_binary(a, PG_INT8, &be, sizeof be);
}

void pg_arg_bool(struct pg_args *a, bool v)
{
	char byte = v ? 1 : 0;

	arg_binary(a, PG_BOOL, &byte, 1);
}

void pg_arg_uuid(struct pg_args *a, const struct uuid *id)
{
	arg_binary(a, PG_UUID, id->b, sizeof id->b);
}

void pg_arg_bytea(struct pg_args *a, struct str s)
{
	arg_binary(a, PG_BYTEA, s.p, s.n);
}

static void patch_be32(struct pg_args *a, size_t at, uint32_t v)
{
	v = htobe32(v);
	memcpy(a->bytes.p + at, &v, sizeof v);
}

static uint32_t read_be32(const struct pg_args *a, size_t at)
{
	uint32_t v;

	memcpy(&v, a->bytes.p + at, sizeof v);
	return be32toh(v);
}

void pg_array_begin(struct pg_args *a, enum pg_type element)
{
	a->array_at = arg_next(a, array_type(element), true)->at;
	buf_add_be32(&a->bytes, 1);
	buf_add_be32(&a->bytes, 0);
	buf_add_be32(&a->bytes, element);
	buf_add_be32(&a->bytes, 0);
	buf_add_be32(&a->bytes, 1);
}

static void array_element(struct pg_args *a, const void *p, size_t n)
{
	patch_be32(a, a->array_at + ARRAY_LENGTH, read_be32(a, a->array_at + ARRAY_LENGTH) + 1);
	buf_add_be32(&a->bytes, (uint32_t)n);
	buf_add(&a->bytes, p, n);
}

void pg_array_i64(struct pg_args *a, int64_t v)
{
	uint64_t be = htobe64((uint64_t)v);

	array_element(a, &be, sizeof be);
}

void pg_array_text(struct pg_args *a, struct str s)
{
	array_element(a, s.p, s.n);
}

void pg_array_uuid(struct pg_args *a, const struct uuid *id)
{
	array_element(a, id->b, sizeof id->b);
}

void pg_array_bool(struct pg_args *a, bool v)
{
	char byte = v ? 1 : 0;

	array_element(a, &byte, 1);
}

void pg_array_jsonb(struct pg_args *a, struct str json)
{
	patch_be32(a, a->array_at + ARRAY_LENGTH, read_be32(a, a->array_at + ARRAY_LENGTH) + 1);
	buf_add_be32(&a->bytes, (uint32_t)json.n + 1);
	buf_add_char(&a->bytes, 1); /* jsonb_recv's version byte */
	buf_add(&a->bytes, json.p, json.n);
}

void pg_array_null(struct pg_args *a)
{
	patch_be32(a, a->array_at + ARRAY_FLAGS, 1);
	patch_be32(a, a->array_at + ARRAY_LENGTH, read_be32(a, a->array_at + ARRAY_LENGTH) + 1);
	buf_add_be32(&a->bytes, UINT32_MAX);
}

void pg_array_end(struct pg_args *a)
{
	struct pg_arg *arg = &a->arg[a->n - 1];

	if (read_be32(a, arg->at + ARRAY_LENGTH) == 0) { /* an empty array has no dimension */
		patch_be32(a, arg->at, 0);
		a->bytes.n = arg->at + ARRAY_LENGTH;
	}
	assert(a->bytes.n - arg->at <= INT32_MAX);
	arg->len = (int)(a->bytes.n - arg->at);
}

/* Of the i-th parameter; 0: NULL everywhere. What is sent untyped is text. */
static unsigned stacked_type(const struct pg_args *const *of, size_t n, int i)
{
	for (size_t k = 0; k < n; k++)
		if (of[k]->arg[i].len >= 0)
			return of[k]->arg[i].binary ? of[k]->arg[i].type : PG_TEXT;
	return 0;
}

static void stack(struct pg_args *a, const struct pg_args *const *of, size_t n, int i)
{
	unsigned type = stacked_type(of, n, i);

	if (!type) {
		pg_arg_null(a);
		return;
	}
	pg_array_begin(a, (enum pg_type)type);
	for (size_t k = 0; k < n; k++) {
		struct str value = pg_arg_value(of[k], i);

		if (of[k]->arg[i].len < 0)
			pg_array_null(a);
		else
			array_element(a, value.p, value.n);
	}
	pg_array_end(a);
}

void pg_args_stack(struct pg_args *a, const struct pg_args *const *of, size_t n)
{
	for (int i = 0; i < of[0]->n; i++)
		stack(a, of, n, i);
}
