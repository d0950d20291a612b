// SPDX-License-Identifier: Apache-2.0
#pragma once
/* Reads binary COPY tuples back, by PostgreSQL's documentation and not by our encoder. For tests only. */
#include "base/base.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/uuid.h"
#include "sync/column.h"

#include <endian.h>
#include <setjmp.h>
#include <cmocka.h>

static inline uint64_t tuple_be(const char *p, size_t n)
{
	uint64_t v = 0;

	for (size_t i = 0; i < n; i++)
		v = v << 8 | (uint8_t)p[i];
	return v;
}

/* Takes one column off the front; a NULL column has p NULL. */
static inline struct str tuple_take(struct str *rest)
{
	assert_true(rest->n >= 4);
	int32_t n = (int32_t)tuple_be(rest->p, 4);
	rest->p += 4;
	rest->n -= 4;
	if (n == -1)
		return (struct str){NULL, 0};
	assert_true(n >= 0 && (size_t)n <= rest->n);
	struct str value = {rest->p, (size_t)n};
	rest->p += n;
	rest->n -= (size_t)n;
	return value;
}

/* As numeric_out does: groups of four digits around the point, cut to the display scale. */
static inline void tuple_add_numeric(struct buf *out, struct str v)
{
	assert_true(v.n >= 8 && v.n % 2 == 0);
	int ngroups = (int)tuple_be(v.p, 2);
	int weight = (int16_t)tuple_be(v.p + 2, 2);
	unsigned sign = (unsigned)tuple_be(v.p + 4, 2);
	int scale = (int)tuple_be(v.p + 6, 2);

	assert_int_equal(v.n, 8 + 2 * ngroups);
	assert_true(sign == 0 || sign == 0x4000);
	if (sign)
		buf_add_char(out, '-');
	struct buf digits = BUF(1 << 20);
	for (int g = 0; g <= MAX(weight, 0) + scale / 4 + 1; g++) {
		int at = g - MAX(weight, 0) + weight; /* which stored group stands at this place */
		int group = at >= 0 && at < ngroups ? (int)tuple_be(v.p + 8 + 2 * (size_t)at, 2) : 0;

		assert_true(group < 10000);
		buf_printf(&digits, "%04d", group);
	}
	size_t point = 4 * ((size_t)MAX(weight, 0) + 1);
	size_t from = 0;
	while (from + 1 < point && digits.p[from] == '0')
		from++;
	buf_add(out, digits.p + from, point - from);
	if (scale)
		buf_add_char(out, '.');
	buf_add(out, digits.p + point, (size_t)scale);
	buf_done(&digits);
}

/* The first `n` characters of an instant's text. */
static inline void tuple_add_instant(struct buf *out, int64_t us, size_t n)
{
	char text[CLOCK_TEXT_LEN + 1];

	clock_format(us + INT64_C(946684800000000), text);
	buf_add(out, text, n);
}

static inline void tuple_add_uuid(struct buf *out, struct str v)
{
	char text[UUID_TEXT_LEN + 1];
	struct uuid id;

	assert_int_equal(v.n, sizeof id);
	memcpy(&id, v.p, sizeof id);
	uuid_format(&id, text);
	buf_add_text(out, text);
}

static inline void tuple_add_double(struct buf *out, struct str v)
{
	double value;

	assert_int_equal(v.n, 8);
	uint64_t bits = tuple_be(v.p, 8);
	memcpy(&value, &bits, sizeof value);
	buf_printf(out, "%.17g", value);
}

/* A column's value as text. */
static inline void tuple_add_value(struct buf *out, enum column_type type, struct str v)
{
	if (!v.p) {
		buf_add_text(out, "NULL");
		return;
	}
	switch (type) {
	case COLUMN_TEXT:
		buf_add_str(out, v);
		break;
	case COLUMN_INTEGER:
		assert_int_equal(v.n, 8);
		buf_printf(out, "%" PRId64, (int64_t)tuple_be(v.p, 8));
		break;
	case COLUMN_NUMERIC:
		tuple_add_numeric(out, v);
		break;
	case COLUMN_DOUBLE:
		tuple_add_double(out, v);
		break;
	case COLUMN_BOOLEAN:
		assert_int_equal(v.n, 1);
		buf_add_char(out, v.p[0] ? 't' : 'f');
		break;
	case COLUMN_TIMESTAMP:
		assert_int_equal(v.n, 8);
		tuple_add_instant(out, (int64_t)tuple_be(v.p, 8), CLOCK_TEXT_LEN);
		break;
	case COLUMN_DATE:
		assert_int_equal(v.n, 4);
		tuple_add_instant(out, (int64_t)(int32_t)tuple_be(v.p, 4) * INT64_C(86400000000), 10);
		break;
	case COLUMN_UUID:
		tuple_add_uuid(out, v);
		break;
	case COLUMN_JSON:
		assert_true(v.n > 1 && v.p[0] == 1);
		buf_add(out, v.p + 1, v.n - 1);
		break;
	}
}
