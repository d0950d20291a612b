// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "rows.h"

#include "base/clock.h"

#define ROWS_BYTES_MAX (256u << 20) /* a page's tuples; its body is bounded by http.body_max_bytes */
#define CURSOR_MAX 65536
#define SECONDS_MAX INT64_C(253402300800) /* the year 10000: PostgreSQL's timestamps end later */
#define MARKS_FIRST 16
#define POOL_MAX 128              /* pages kept for reuse */
#define POOL_BYTES_MAX (1u << 20) /* larger buffers are given back to the system */

static struct rows *pool;
static size_t pool_n;

struct rows *rows_new(struct task *task)
{
	struct rows *r = pool;

	if (r) {
		pool = r->next;
		pool_n--;
	} else {
		r = mem_zalloc(sizeof *r);
		buf_init(&r->bytes, ROWS_BYTES_MAX);
		buf_init(&r->cursor, CURSOR_MAX);
	}
	r->task = task;
	r->next = NULL;
	return r;
}

void bad_record_done(struct bad_record *bad)
{
	buf_done(&bad->id);
	free(bad->column);
	free(bad->reason);
	buf_done(&bad->raw);
}

static void bearing_free(struct bearing *b)
{
	if (!b)
		return;
	free(b->parent);
	free(b->token);
	free(b);
}

void rows_set_bearing(struct rows *r, struct str parent, struct str token, int64_t touched_us)
{
	bearing_free(r->bearing);
	r->bearing = mem_zalloc(sizeof *r->bearing);
	r->bearing->parent = mem_strndup(parent.p ? parent.p : "", parent.n);
	r->bearing->token = token.n ? mem_strndup(token.p, token.n) : NULL;
	r->bearing->touched_us = touched_us;
}

static void clear(struct rows *r)
{
	for (size_t i = 0; i < r->nbad; i++)
		bad_record_done(&r->bad[i]);
	free(r->bad);
	free(r->gone);
	free(r->replayed);
	bearing_free(r->bearing);
	*r = (struct rows){.bytes = r->bytes, .cursor = r->cursor, .mark = r->mark, .cap = r->cap};
	buf_clear(&r->bytes);
	buf_clear(&r->cursor);
}

static void release(struct rows *r)
{
	buf_done(&r->bytes);
	buf_done(&r->cursor);
	free(r->mark);
	free(r);
}

void rows_free(struct rows *r)
{
	if (!r)
		return;
	clear(r);
	if (pool_n == POOL_MAX || r->bytes.cap > POOL_BYTES_MAX) {
		release(r);
		return;
	}
	r->next = pool;
	pool = r;
	pool_n++;
}

void rows_drain_pool(void)
{
	while (pool) {
		struct rows *r = pool;

		pool = r->next;
		release(r);
	}
	pool_n = 0;
}

static struct bad_record *add_bad(struct rows *r, struct str id, const char *column, const char *reason)
{
	r->bad = mem_realloc(r->bad, (r->nbad + 1) * sizeof *r->bad);
	struct bad_record *bad = &r->bad[r->nbad++];
	*bad = (struct bad_record){
	    .id = BUF(ROW_ID_MAX),
	    .column = column ? mem_strdup(column) : NULL,
	    .reason = mem_strdup(reason),
	    .raw = BUF(ROWS_BYTES_MAX),
	    .at = r->n,
	};
	buf_add_str(&bad->id, id);
	return bad;
}

/* Takes the tuple behind the last one back; its id stays readable until the next is written. */
static struct str drop_tuple(struct rows *r)
{
	const struct row_mark *m = &r->mark[r->n];

	r->bytes.n = m->at;
	return rows_id(r, r->n);
}

static void add_fault(
    struct rows *r, const struct row_writer *writer, struct str raw, const struct row_fault *fault)
{
	struct bad_record *bad = add_bad(r, fault->id, fault->column, fault->reason);

	if (row_redact(writer->layout, raw, &bad->raw) != RC_OK)
		buf_clear(&bad->raw);
}

enum rc rows_add(struct rows *r, const struct row_writer *writer, struct str raw, const struct slice *fields)
{
	struct row_fault fault;

	if (r->n == r->cap) {
		r->cap = r->cap ? 2 * r->cap : MARKS_FIRST;
		r->mark = mem_realloc(r->mark, r->cap * sizeof *r->mark);
	}
	enum rc rc = row_encode(writer, raw, fields, &r->mark[r->n], &fault);
	if (rc == RC_OK && writer->max_bytes && raw.n > writer->max_bytes) {
		fault = (struct row_fault){.reason = "longer than record.max_bytes", .id = drop_tuple(r)};
		rc = RC_INVALID;
	}
	if (rc == RC_OK)
		r->n++;
	if (rc != RC_INVALID)
		return rc;
	add_fault(r, writer, raw, &fault);
	return RC_OK;
}

/* Feeds write times with a zone, or as seconds; without either the deletion is as old as our knowledge of it.
 */
static int64_t deletion_time(const struct slice *s)
{
	int64_t v;

	if (s->kind == SLICE_STRING && clock_parse(slice_str(*s), true, &v))
		return v;
	if (s->kind == SLICE_NUMBER && str_to_i64(slice_str(*s), &v) && v > 0 && v < SECONDS_MAX)
		return v * 1000000;
	return 0;
}

/* Appends the record's id to the page's bytes; RC_INVALID: it has none, and is noted as bad. */
static enum rc add_id(struct rows *r, const struct row_writer *writer, const struct record *rec)
{
	struct row_fault fault;
	enum rc rc = row_id(writer->layout, rec->fields, &r->bytes, &fault);

	if (rc == RC_INVALID)
		add_fault(r, writer, rec->raw, &fault);
	return rc;
}

enum rc rows_add_gone(struct rows *r, const struct row_writer *writer, const struct record *rec)
{
	struct gone_record gone = {.id_at = r->bytes.n, .at = r->n, .fed = rec->kind == RECORD_FED};

	enum rc rc = add_id(r, writer, rec);
	if (rc)
		return rc == RC_INVALID ? RC_OK : rc;
	gone.id_n = r->bytes.n - gone.id_at;
	if (gone.fed)
		gone.deleted_us = deletion_time(&rec->fields[row_id_parts(writer->layout)]);
	r->gone = mem_realloc(r->gone, (r->ngone + 1) * sizeof *r->gone);
	r->gone[r->ngone++] = gone;
	return RC_OK;
}

enum rc rows_add_refused(struct rows *r, const struct row_writer *writer, const struct record *rec)
{
	size_t at = r->bytes.n;

	enum rc rc = add_id(r, writer, rec);
	if (rc)
		return rc == RC_INVALID ? RC_OK : rc;
	struct str id = {r->bytes.p + at, r->bytes.n - at};
	add_fault(r, writer, rec->raw, &(struct row_fault){.reason = rec->reason, .id = id});
	r->bytes.n = at;
	return RC_OK;
}

void rows_add_bad(struct rows *r, struct str id, const char *reason, struct str raw)
{
	buf_add_str(&add_bad(r, id, NULL, reason)->raw, raw);
}

void rows_reject(struct rows *r, const struct resource *resource, size_t i, const char *reason)
{
	const struct row_mark *m = &r->mark[i];
	struct bad_record *bad = add_bad(r, rows_id(r, i), NULL, reason);

	row_render(resource, (struct str){r->bytes.p + m->at, m->n}, &bad->raw);
	memmove(&r->mark[i], &r->mark[i + 1], (r->n - i - 1) * sizeof *r->mark);
	r->n--;
}
