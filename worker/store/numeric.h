// SPDX-License-Identifier: Apache-2.0
#pragma once
/* Decimal text to PostgreSQL's binary numbers, without passing a double. */
#include "base/base.h"
#include "base/buf.h"

/* A number in its own digits: the digits as an integer, times ten to the power of (exponent - nfraction). */
struct decimal {
	const char *digits; /* the integer part; the fraction's digits follow after one point */
	uint32_t ninteger;
	uint32_t nfraction;
	int32_t exponent; /* clamped to +-DECIMAL_EXPONENT_MAX */
	bool negative;
};

#define DECIMAL_EXPONENT_MAX 1000000 /* far outside of what any type holds */

enum decimal_fit {
	DECIMAL_FITS,
	DECIMAL_FRACTION, /* digits after the point were dropped */
	DECIMAL_RANGE,    /* too large, or too fine; nothing was returned */
};

/* JSON's number syntax, but leading zeros are allowed. The result points into `text`. */
bool decimal_parse(struct str text, struct decimal *ret);

/* Whether numeric(precision, scale) holds the value without rounding it; scale may be negative. */
bool decimal_within(const struct decimal *d, int precision, int scale);

/* The value times ten to the power of `shift`, cut to an integer. */
enum decimal_fit decimal_to_i64(const struct decimal *d, int shift, int64_t *ret);

/* Correctly rounded. DECIMAL_RANGE when it would be infinite. `text` is what was parsed. */
enum decimal_fit decimal_to_double(const struct decimal *d, struct str text, double *ret);

/*
 * Writes a numeric as numeric_recv (PostgreSQL, src/backend/utils/adt/numeric.c) reads it: four 16-bit words
 * (digits, weight, sign, display scale) and the digits to base 10,000. DECIMAL_RANGE beyond 131,072 digits
 * before or 16,383 after the point, which no numeric holds.
 */
enum decimal_fit numeric_encode(const struct decimal *d, char *to, size_t *ret_n);

/* Appends what numeric_encode wrote as decimal text. */
void numeric_print(struct str numeric, struct buf *out);
