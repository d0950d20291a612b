// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "row_cell.h"

#include "base/clock.h"
#include "base/utf8.h"
#include "base/uuid.h"
#include "numeric.h"
#include "row_redact.h"

#define PG_EPOCH_DAYS 10957
#define PG_TIMESTAMP_MIN                                                                                     \
	INT64_C(-211813488000000000) /* MIN_TIMESTAMP and END_TIMESTAMP of datatype/timestamp.h */
#define PG_TIMESTAMP_END INT64_C(9223371331200000000)
#define JSONB_VERSION 1
#define TOKEN_MAX 128 /* of a number, time, uuid or boolean that is written with escapes */
#define DATE_LEN 10   /* 2026-04-04 */

static const char wrong_type[] = "wrong type";
static const char holds_nul[] = "holds \\u0000, which PostgreSQL cannot store";
static const char out_of_range[] = "number out of range";
static const char bad_time[] = "not a time of the declared format";

struct cell {
	const struct column *column;
	const struct cell_column *table;
	struct slice value;
	const struct row_redaction *redaction;
	const char *reason;
};

static char *cell_fail(struct cell *cell, const char *reason)
{
	cell->reason = reason;
	return NULL;
}

/* The text of a string or number; `scratch` holds it when it had escapes. False when it is neither, or too
 * long. */
static bool cell_token(const struct cell *cell, char scratch[TOKEN_MAX], struct str *ret)
{
	*ret = slice_str(cell->value);
	if (cell->value.kind == SLICE_NUMBER)
		return true;
	if (cell->value.kind != SLICE_STRING || (cell->value.escaped && ret->n > TOKEN_MAX))
		return false;
	if (!cell->value.escaped)
		return true;
	ret->p = scratch;
	return slice_unescape_to(cell->value, scratch, &ret->n) == RC_OK;
}

static bool longer_than(struct str text, int max)
{
	return max > 0 && text.n > (size_t)max && utf8_count(text) > (size_t)max;
}

static char *put_text(struct cell *cell, char *to)
{
	const struct slice value = cell->value;
	size_t n = value.n;
	char *text = to + 4;

	if (value.kind >= SLICE_ARRAY)
		return cell_fail(cell, wrong_type);
	if (!value.escaped)
		memcpy(text, value.p, n);
	else if (slice_unescape_to(value, text, &n) != RC_OK)
		return cell_fail(cell, holds_nul);
	if (longer_than((struct str){text, n}, cell->column->max_length))
		return cell_fail(cell, "longer than max_length");
	if (longer_than((struct str){text, n}, cell->table->max_length))
		return cell_fail(cell, "longer than its column");
	cell_put32(to, (uint32_t)n);
	return text + n;
}

static char *put_fixed64(char *to, uint64_t v)
{
	return cell_put64(cell_put32(to, 8), v);
}

static char *put_integer(struct cell *cell, char *to)
{
	char scratch[TOKEN_MAX];
	struct decimal decimal;
	struct str text;
	int64_t value;

	if (!cell_token(cell, scratch, &text) || !decimal_parse(text, &decimal))
		return cell_fail(cell, wrong_type);
	switch (decimal_to_i64(&decimal, 0, &value)) {
	case DECIMAL_FITS:
		return put_fixed64(to, (uint64_t)value);
	case DECIMAL_FRACTION:
		return cell_fail(cell, "not a whole number");
	case DECIMAL_RANGE:
		break;
	}
	return cell_fail(cell, out_of_range);
}

static char *put_numeric(struct cell *cell, char *to)
{
	char scratch[TOKEN_MAX];
	struct decimal decimal;
	struct str text;
	size_t n;

	if (!cell_token(cell, scratch, &text) || !decimal_parse(text, &decimal))
		return cell_fail(cell, wrong_type);
	if (cell->table->precision && !decimal_within(&decimal, cell->table->precision, cell->table->scale))
		return cell_fail(cell, "more digits than its column has");
	if (numeric_encode(&decimal, to + 4, &n) != DECIMAL_FITS)
		return cell_fail(cell, out_of_range);
	cell_put32(to, (uint32_t)n);
	return to + 4 + n;
}

static char *put_double(struct cell *cell, char *to)
{
	char scratch[TOKEN_MAX];
	struct decimal decimal;
	struct str text;
	double value;
	uint64_t bits;

	if (!cell_token(cell, scratch, &text) || !decimal_parse(text, &decimal))
		return cell_fail(cell, wrong_type);
	if (decimal_to_double(&decimal, text, &value) != DECIMAL_FITS)
		return cell_fail(cell, out_of_range);
	memcpy(&bits, &value, sizeof bits);
	return put_fixed64(to, bits);
}

static char *put_boolean(struct cell *cell, char *to)
{
	char scratch[TOKEN_MAX];
	struct str text;
	bool value = cell->value.kind == SLICE_TRUE;

	if (cell->value.kind != SLICE_TRUE && cell->value.kind != SLICE_FALSE) {
		if (cell->value.kind != SLICE_STRING || !cell_token(cell, scratch, &text))
			return cell_fail(cell, wrong_type);
		value = str_eq_nocase(text, STR("true"));
		if (!value && !str_eq_nocase(text, STR("false")))
			return cell_fail(cell, wrong_type);
	}
	to = cell_put32(to, 1);
	*to = value ? 1 : 0;
	return to + 1;
}

/* A number of seconds or milliseconds; what is finer than a microsecond is dropped. */
static bool epoch_to_us(struct str text, enum time_format format, int64_t *ret)
{
	struct decimal decimal;

	return decimal_parse(text, &decimal) &&
	       decimal_to_i64(&decimal, format == TIME_EPOCH_S ? 6 : 3, ret) != DECIMAL_RANGE;
}

/* Microseconds from PostgreSQL's epoch, in the range that a timestamp has. */
static bool cell_instant(const struct cell *cell, int64_t *ret)
{
	enum time_format format = cell->column->time;
	char scratch[TOKEN_MAX];
	struct str text;
	int64_t us;
	bool ok;

	if (!cell_token(cell, scratch, &text))
		return false;
	if (format == TIME_EPOCH_S || format == TIME_EPOCH_MS)
		ok = epoch_to_us(text, format, &us);
	else
		ok = clock_parse(text, format == TIME_NAIVE_UTC, &us);
	if (!ok || __builtin_sub_overflow(us, PG_EPOCH_US, &us) || us < PG_TIMESTAMP_MIN ||
	    us >= PG_TIMESTAMP_END)
		return false;
	*ret = us;
	return true;
}

static char *put_timestamp(struct cell *cell, char *to)
{
	int64_t us;

	if (!cell_instant(cell, &us))
		return cell_fail(cell, bad_time);
	return put_fixed64(to, (uint64_t)us);
}

/* The day as it is written: a time and zone behind it do not move it. */
static bool cell_day(const struct cell *cell, int64_t *ret)
{
	enum time_format format = cell->column->time;
	char scratch[TOKEN_MAX];
	struct str text;
	int64_t us;

	if (format == TIME_EPOCH_S || format == TIME_EPOCH_MS) {
		if (!cell_instant(cell, &us))
			return false;
		*ret = us / US_PER_DAY - (us % US_PER_DAY < 0);
		return true;
	}
	if (!cell_token(cell, scratch, &text) || !clock_parse(text, true, &us))
		return false;
	text.n = MIN(text.n, DATE_LEN);
	if (!clock_parse(text, true, &us))
		return false;
	*ret = us / US_PER_DAY - PG_EPOCH_DAYS;
	return true;
}

static char *put_date(struct cell *cell, char *to)
{
	int64_t day;

	if (!cell_day(cell, &day))
		return cell_fail(cell, bad_time);
	return cell_put32(cell_put32(to, 4), (uint32_t)day);
}

static char *put_uuid(struct cell *cell, char *to)
{
	char scratch[TOKEN_MAX];
	struct uuid id;
	struct str text;

	if (!cell_token(cell, scratch, &text) || !uuid_parse(text, &id))
		return cell_fail(cell, "not a uuid");
	to = cell_put32(to, sizeof id);
	memcpy(to, &id, sizeof id);
	return to + sizeof id;
}

/* jsonb refuses the escape \u0000 wherever it stands. */
static bool has_nul_escape(struct str text)
{
	const char *p = text.p;
	const char *end = text.p + text.n;

	while ((p = memchr(p, '\\', (size_t)(end - p)))) {
		if (end - p >= 6 && memcmp(p, "\\u0000", 6) == 0)
			return true;
		p += 2;
	}
	return false;
}

char *cell_put_json(struct str text, const struct row_redaction *redaction, char *to, const char **ret_reason)
{
	char *body = to + 4;
	char *end;

	*body++ = JSONB_VERSION;
	if (redaction) {
		end = row_redaction_copy(redaction, text, body);
	} else {
		memcpy(body, text.p, text.n);
		end = body + text.n;
	}
	if (has_nul_escape((struct str){body, (size_t)(end - body)})) {
		*ret_reason = holds_nul;
		return NULL;
	}
	cell_put32(to, (uint32_t)(end - to - 4));
	return end;
}

static char *put_json(struct cell *cell, char *to)
{
	return cell_put_json(slice_text(cell->value), cell->redaction, to, &cell->reason);
}

static char *(*const encoders[])(struct cell *cell, char *to) = {
    [COLUMN_TEXT] = put_text,
    [COLUMN_INTEGER] = put_integer,
    [COLUMN_NUMERIC] = put_numeric,
    [COLUMN_DOUBLE] = put_double,
    [COLUMN_BOOLEAN] = put_boolean,
    [COLUMN_TIMESTAMP] = put_timestamp,
    [COLUMN_DATE] = put_date,
    [COLUMN_UUID] = put_uuid,
    [COLUMN_JSON] = put_json,
};

static bool is_null(const struct cell *cell)
{
	enum column_type type = cell->column->type;
	const struct slice value = cell->value;

	if (value.kind <= SLICE_NULL)
		return true;
	if (value.kind == SLICE_STRING && !value.n && type != COLUMN_TEXT && type != COLUMN_JSON)
		return true;
	return cell->redaction && row_redaction_covers(cell->redaction, slice_text(value));
}

char *cell_put(const struct cell_column *table, struct slice value, const struct row_redaction *redaction,
    char *to, const char **ret_reason)
{
	const struct column *column = table->declared;
	struct cell cell = {.column = column, .table = table, .value = value, .redaction = redaction};

	if (value.repeated) {
		*ret_reason = table->said_twice;
		return NULL;
	}

	if (is_null(&cell)) {
		if (!column->required)
			return cell_put_null(to);
		*ret_reason = "required, but missing";
		return NULL;
	}
	char *end = encoders[column->type](&cell, to);
	if (!end)
		*ret_reason = cell.reason;
	return end;
}
