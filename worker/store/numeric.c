// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "numeric.h"

#include <endian.h>
#include <math.h>

#define NUMERIC_WEIGHT_MAX INT64_C(131071) /* power of ten of the first digit */
#define NUMERIC_SCALE_MAX 16383            /* NUMERIC_DSCALE_MASK */
#define NUMERIC_NEGATIVE 0x4000
#define EXACT_DIGITS 15 /* integers that a double holds exactly */
#define EXACT_POWER 22  /* powers of ten that a double holds exactly */

static bool is_digit(char c)
{
	return (uint8_t)(c - '0') <= 9;
}

static const char *skip_digits(const char *p, const char *end)
{
	while (p < end && is_digit(*p))
		p++;
	return p;
}

/* The exponent behind its 'e'; false when there are no digits or text follows them. */
static bool parse_exponent(const char *p, const char *end, int32_t *ret)
{
	bool negative = p < end && *p == '-';
	int32_t value = 0;

	if (p < end && (*p == '+' || *p == '-'))
		p++;
	if (p == end)
		return false;
	for (; p < end; p++) {
		if (!is_digit(*p))
			return false;
		value = MIN(value * 10 + (*p - '0'), DECIMAL_EXPONENT_MAX);
	}
	*ret = negative ? -value : value;
	return true;
}

bool decimal_parse(struct str text, struct decimal *ret)
{
	const char *end = text.p + text.n;
	struct decimal d = {.negative = text.n && text.p[0] == '-'};

	d.digits = text.p + d.negative;
	const char *p = skip_digits(d.digits, end);
	d.ninteger = (uint32_t)(p - d.digits);
	if (!d.ninteger)
		return false;
	if (p < end && *p == '.') {
		const char *fraction = p + 1;

		p = skip_digits(fraction, end);
		d.nfraction = (uint32_t)(p - fraction);
		if (!d.nfraction)
			return false;
	}
	if (p < end && (*p | 0x20) == 'e') {
		if (!parse_exponent(p + 1, end, &d.exponent))
			return false;
		p = end;
	}
	if (p != end)
		return false;
	*ret = d;
	return true;
}

static unsigned digit_at(const struct decimal *d, size_t i)
{
	return (unsigned)(d->digits[i < d->ninteger ? i : i + 1] - '0');
}

static size_t digit_count(const struct decimal *d)
{
	return (size_t)d->ninteger + d->nfraction;
}

/* The power of ten of digit `i`. */
static int64_t digit_power(const struct decimal *d, size_t i)
{
	return (int64_t)d->ninteger - 1 - (int64_t)i + d->exponent;
}

/* The first digit that is not zero; the count of digits when all are. */
static size_t first_digit(const struct decimal *d)
{
	size_t i = 0;

	while (i < digit_count(d) && digit_at(d, i) == 0)
		i++;
	return i;
}

/* The last digit that is not zero, of a number that is not zero. */
static size_t last_digit(const struct decimal *d)
{
	size_t i = digit_count(d) - 1;

	while (digit_at(d, i) == 0)
		i--;
	return i;
}

bool decimal_within(const struct decimal *d, int precision, int scale)
{
	size_t first = first_digit(d);

	return first == digit_count(d) ||
	       (digit_power(d, first) < precision - scale && digit_power(d, last_digit(d)) >= -scale);
}

enum decimal_fit decimal_to_i64(const struct decimal *d, int shift, int64_t *ret)
{
	size_t first = first_digit(d);
	int64_t value = 0;

	if (first == digit_count(d)) {
		*ret = 0;
		return DECIMAL_FITS;
	}
	size_t last = last_digit(d);
	int64_t power = digit_power(d, first) + shift;
	if (power > 18)
		return DECIMAL_RANGE;
	/* Downwards, since the smallest integer has no positive counterpart. */
	for (size_t i = first; power >= 0; i++, power--) {
		int64_t digit = i <= last ? digit_at(d, i) : 0;

		if (__builtin_mul_overflow(value, 10, &value) || __builtin_sub_overflow(value, digit, &value))
			return DECIMAL_RANGE;
	}
	if (!d->negative && value == INT64_MIN)
		return DECIMAL_RANGE;
	*ret = d->negative ? value : -value;
	return digit_power(d, last) + shift < 0 ? DECIMAL_FRACTION : DECIMAL_FITS;
}

static double parse_slowly(struct str text)
{
	char *copy = mem_strndup(text.p, text.n);
	double value = strtod(copy, NULL);

	free(copy);
	return value;
}

/* Few digits and a small power of ten are both exact doubles, so one operation rounds correctly (Clinger,
 * 1990). */
enum decimal_fit decimal_to_double(const struct decimal *d, struct str text, double *ret)
{
	static const double powers[EXACT_POWER + 1] = {1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10,
	    1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
	int64_t power = (int64_t)d->exponent - d->nfraction;
	size_t n = digit_count(d);
	double value = 0;

	if (n > EXACT_DIGITS || power < -EXACT_POWER || power > EXACT_POWER) {
		value = parse_slowly(text);
	} else {
		for (size_t i = 0; i < n; i++)
			value = value * 10 + digit_at(d, i);
		value = power < 0 ? value / powers[-power] : value * powers[power];
		value = d->negative ? -value : value;
	}
	if (isinf(value))
		return DECIMAL_RANGE;
	*ret = value;
	return DECIMAL_FITS;
}

static char *put_word(char *to, unsigned word)
{
	uint16_t be = htobe16((uint16_t)word);

	memcpy(to, &be, sizeof be);
	return to + sizeof be;
}

/* Digits `first` to `last` in groups of four, aligned at the decimal point. */
static char *put_groups(const struct decimal *d, size_t first, size_t last, char *to)
{
	static const unsigned powers[] = {1, 10, 100, 1000};
	unsigned group = 0;

	for (size_t i = first; i <= last; i++) {
		unsigned place = (unsigned)(digit_power(d, i) & 3);

		group = group * 10 + digit_at(d, i);
		if (place && i < last)
			continue;
		to = put_word(to, group * powers[place]);
		group = 0;
	}
	return to;
}

/* The group that a power of ten belongs to: rounded down also below the point. */
static int64_t group_of(int64_t power)
{
	return power >= 0 ? power / 4 : -((3 - power) / 4);
}

enum decimal_fit numeric_encode(const struct decimal *d, char *to, size_t *ret_n)
{
	size_t first = first_digit(d);
	int64_t scale = MAX((int64_t)d->nfraction - d->exponent, 0);
	char *at = to;

	if (first == digit_count(d)) {
		at = put_word(put_word(at, 0), 0);
		at = put_word(put_word(at, 0), (unsigned)MIN(scale, NUMERIC_SCALE_MAX));
		*ret_n = (size_t)(at - to);
		return DECIMAL_FITS;
	}
	size_t last = last_digit(d);
	int64_t weight = group_of(digit_power(d, first));
	int64_t lowest = group_of(digit_power(d, last));
	if (digit_power(d, first) > NUMERIC_WEIGHT_MAX || scale > NUMERIC_SCALE_MAX)
		return DECIMAL_RANGE;
	at = put_word(at, (unsigned)(weight - lowest + 1));
	at = put_word(at, (unsigned)weight);
	at = put_word(at, d->negative ? NUMERIC_NEGATIVE : 0);
	at = put_word(at, (unsigned)scale);
	at = put_groups(d, first, last, at);
	*ret_n = (size_t)(at - to);
	return DECIMAL_FITS;
}

static unsigned word_at(struct str numeric, size_t i)
{
	uint16_t be;

	assert(2 * i + sizeof be <= numeric.n);
	memcpy(&be, numeric.p + 2 * i, sizeof be);
	return be16toh(be);
}

void numeric_print(struct str numeric, struct buf *out)
{
	int ngroups = (int)word_at(numeric, 0);
	int weight = (int16_t)word_at(numeric, 1);
	size_t scale = word_at(numeric, 3);
	AUTO(buf_done) struct buf digits = BUF(NUMERIC_WEIGHT_MAX + NUMERIC_SCALE_MAX + 16);

	for (int power = MAX(weight, 0); power >= -(int)((scale + 3) / 4); power--) {
		int at = weight - power;

		buf_printf(&digits, "%04u", at >= 0 && at < ngroups ? word_at(numeric, 4 + (size_t)at) : 0);
	}
	size_t point = 4 * ((size_t)MAX(weight, 0) + 1);
	size_t from = 0;
	while (from + 1 < point && digits.p[from] == '0')
		from++;
	buf_add_text(out, word_at(numeric, 2) == NUMERIC_NEGATIVE ? "-" : "");
	buf_add(out, digits.p + from, point - from);
	buf_add_text(out, scale ? "." : "");
	buf_add(out, digits.p + point, scale);
}
