// SPDX-License-Identifier: Apache-2.0
/*
 * Any page through the row encoder: no bad access, every tuple well-formed and hashed as promised, no trace
 * of a refused record. The first byte says whether payload is kept and secrets are redacted.
 */
#include "base/base.h"
#include "row.h"

#include "base/utf8.h"
#include "sync/declaration.h"

#include <endian.h>
#include <xxhash.h>

#define OUT_MAX (1 << 22)
#define LAYOUTS 4

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct column columns[] = {
    {.name = "t", .path = "t", .type = COLUMN_TEXT, .max_length = 20},
    {.name = "t2", .path = "o.t", .type = COLUMN_TEXT},
    {.name = "i", .path = "i", .type = COLUMN_INTEGER},
    {.name = "n", .path = "n", .type = COLUMN_NUMERIC},
    {.name = "n2", .path = "i", .type = COLUMN_NUMERIC},
    {.name = "d", .path = "d", .type = COLUMN_DOUBLE},
    {.name = "b", .path = "b", .type = COLUMN_BOOLEAN},
    {.name = "s", .path = "s", .type = COLUMN_TIMESTAMP, .time = TIME_RFC3339},
    {.name = "s2", .path = "s2", .type = COLUMN_TIMESTAMP, .time = TIME_NAIVE_UTC},
    {.name = "e", .path = "e", .type = COLUMN_TIMESTAMP, .time = TIME_EPOCH_S},
    {.name = "m", .path = "m", .type = COLUMN_TIMESTAMP, .time = TIME_EPOCH_MS},
    {.name = "y", .path = "y", .type = COLUMN_DATE},
    {.name = "y2", .path = "e", .type = COLUMN_DATE, .time = TIME_EPOCH_S},
    {.name = "u", .path = "u", .type = COLUMN_UUID},
    {.name = "o", .path = "o", .type = COLUMN_JSON},
    {.name = "whole", .path = "", .type = COLUMN_JSON},
};
static const char *ids[] = {"id", "k.id"};
static const char *secrets[] = {"o.secret", "o", "t"};

struct subject {
	struct resource resource;
	struct row_layout *layout;
	struct slice_plan *plan;
};

static struct subject *subject_get(size_t i)
{
	static struct subject subjects[LAYOUTS];
	struct subject *s = &subjects[i % LAYOUTS];
	size_t n;

	if (s->layout)
		return s;
	s->resource = (struct resource){.keep_payload = i & 1,
	    .id = {.at = ids, .n = 1 + (i & 1)},
	    .columns = {.at = columns, .n = ARRAY_SIZE(columns)},
	    .redact = {.at = secrets, .n = i & 2 ? ARRAY_SIZE(secrets) : 0}};
	s->layout = row_layout_new(&s->resource);
	const char *const *paths = row_layout_paths(s->layout, &n);
	s->plan = slice_plan_new("", paths, n, NULL, 0);
	return s;
}

#define CHECK(condition)                                                                                     \
	do {                                                                                                 \
		if (!(condition)) {                                                                          \
			fprintf(stderr, "line %d: %s\n", __LINE__, #condition);                              \
			abort();                                                                             \
		}                                                                                            \
	} while (0)

static int32_t take_length(struct str *rest)
{
	uint32_t n;

	CHECK(rest->n >= sizeof n);
	memcpy(&n, rest->p, sizeof n);
	n = be32toh(n);
	CHECK(n == UINT32_MAX || n <= rest->n - sizeof n);
	rest->p += sizeof n;
	rest->n -= sizeof n;
	return (int32_t)n;
}

static struct str take_column(struct str *rest)
{
	int32_t n = take_length(rest);

	if (n < 0)
		return (struct str){NULL, 0};
	struct str value = {rest->p, (size_t)n};
	rest->p += n;
	rest->n -= (size_t)n;
	return value;
}

/* What PostgreSQL's receive functions insist on. */
static void check_column(enum column_type type, struct str v)
{
	static const size_t widths[] = {[COLUMN_INTEGER] = 8,
	    [COLUMN_DOUBLE] = 8,
	    [COLUMN_BOOLEAN] = 1,
	    [COLUMN_TIMESTAMP] = 8,
	    [COLUMN_DATE] = 4,
	    [COLUMN_UUID] = 16,
	    [COLUMN_JSON] = 0};

	if (!v.p)
		return;
	if (type == COLUMN_TEXT)
		CHECK(utf8_valid(v) && !memchr(v.p, '\0', v.n));
	else if (type == COLUMN_JSON)
		CHECK(v.n > 1 && v.p[0] == 1 && utf8_valid(v));
	else if (type == COLUMN_NUMERIC)
		CHECK(v.n >= 8 && v.n == 8 + 2 * (size_t)((uint8_t)v.p[0] << 8 | (uint8_t)v.p[1]));
	else
		CHECK(v.n == widths[type]);
}

static void check_tuple(const struct subject *s, const struct buf *out, const struct row_mark *mark)
{
	struct str rest = {out->p + mark->at + 2, mark->n - 2};
	size_t ndata = s->resource.columns.n;

	CHECK(mark->at + mark->n == out->n);
	CHECK(take_column(&rest).n == 16 && take_column(&rest).n == 16);
	struct str id = take_column(&rest);
	CHECK(id.p == out->p + mark->id_at && id.n == mark->id_n && id.n > 0 && utf8_valid(id));
	const char *data = rest.p;
	for (size_t i = 0; i < ndata; i++)
		check_column(columns[i].type, take_column(&rest));
	if (s->resource.keep_payload)
		check_column(COLUMN_JSON, take_column(&rest));
	CHECK((int64_t)XXH3_64bits(data, (size_t)(rest.p - data)) == mark->hash);
	CHECK(take_column(&rest).n == 8 && rest.n == 0);
}

struct reading {
	const struct subject *subject;
	struct buf out;
};

static enum rc check_record(void *user, struct str raw, const struct slice *fields)
{
	struct reading *r = user;
	struct row_writer writer = {.layout = r->subject->layout, .out = &r->out};
	struct row_mark mark;
	struct row_fault fault = {0};
	size_t before = r->out.n;
	enum rc rc = row_encode(&writer, raw, fields, &mark, &fault);

	if (rc == RC_OK) {
		check_tuple(r->subject, &r->out, &mark);
		return RC_OK;
	}
	CHECK(r->out.n == before && buf_ok(&r->out));
	CHECK(rc == RC_LIMIT || (fault.column && fault.reason));
	return RC_OK;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size < 1)
		return 0;
	struct reading reading = {.subject = subject_get(data[0] % LAYOUTS), .out = BUF(OUT_MAX)};
	struct str body = {(const char *)data + 1, size - 1};
	enum rc rc = slice_page(reading.subject->plan, body, NULL, check_record, &reading, NULL);

	CHECK(rc == RC_OK || rc == RC_INVALID);
	buf_done(&reading.out);
	return 0;
}
