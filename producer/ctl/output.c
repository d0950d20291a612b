// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "output.h"

#include "base/clock.h"
#include "base/jsonw.h"

#define COLUMNS_MAX 24
#define CELL_MAX (64u << 20) /* of an escaped record */

enum kind { TEXT, NUMBER, BOOL, JSON, TIME };

struct table {
	const char *columns[COLUMNS_MAX];
	enum kind kinds[COLUMNS_MAX];
	size_t ncolumns;
	const struct str *cells;
	size_t nrows;
};

/* ---- times ---- */

/* "2026-11-21 15:03:07.25+00", as a session in UTC with ISO dates writes it. */
static bool parse_time(struct str cell, int64_t *ret_us)
{
	char text[48];

	if (cell.n < 11 || cell.n >= sizeof text || cell.p[cell.n - 3] != '+')
		return false;
	memcpy(text, cell.p, cell.n - 3);
	text[cell.n - 3] = '\0';
	text[10] = 'T';
	return clock_parse(str_of(text), true, ret_us);
}

void ctl_add_distance(const struct ctl *ctl, int64_t unix_us, struct buf *out)
{
	int64_t s = (clock_unix_us() + ctl->ahead_us - unix_us) / US_PER_S;
	int64_t size = s < 0 ? -s : s;
	int64_t units[] = {size, size / 60, size / 3600, size / 86400};
	int unit = size < 120 ? 0 : size < INT64_C(7200) ? 1 : size < INT64_C(172800) ? 2 : 3;

	buf_printf(
	    out, "%s%" PRId64 "%c%s", s < 0 ? "in " : "", units[unit], "smhd"[unit], s < 0 ? "" : " ago");
}

/* ---- tables ---- */

void ctl_add_shown(struct str text, struct buf *out)
{
	struct buf escaped = BUF(CELL_MAX);

	json_escape(&escaped, text);
	for (size_t i = 0; i < escaped.n; i++) {
		bool quote = escaped.p[i] == '\\' && escaped.p[i + 1] == '"';

		if (escaped.p[i] == '\\' && !quote)
			buf_add_char(out, escaped.p[i++]);
		else if (quote)
			i++;
		buf_add_char(out, escaped.p[i]);
	}
	buf_done(&escaped);
}

/* A list of names without its brackets and quotes. */
static void add_list(struct str json, struct buf *out)
{
	struct buf names = BUF(CELL_MAX);

	for (size_t i = 0; i < json.n; i++) {
		if (!strchr("[]\"", json.p[i]))
			buf_add_char(&names, json.p[i]);
	}
	ctl_add_shown(buf_str(&names), out);
	buf_done(&names);
}

static struct str cell_text(const struct ctl *ctl, enum kind kind, struct str cell, struct buf *scratch)
{
	int64_t us;

	buf_clear(scratch);
	if (!cell.p)
		buf_add_char(scratch, '-');
	else if (kind == BOOL)
		buf_add_text(scratch, str_is(cell, "t") ? "yes" : "no");
	else if (kind == TIME && parse_time(cell, &us))
		ctl_add_distance(ctl, us, scratch);
	else if (kind == JSON && cell.n && cell.p[0] == '[')
		add_list(cell, scratch);
	else
		ctl_add_shown(cell, scratch);
	return buf_str(scratch);
}

/* `width` -1: the last of its row. */
static void print_cell(const struct ctl *ctl, struct str text, int width)
{
	if (width < 0)
		fprintf(ctl->out, "%.*s\n", STR_ARG(text));
	else
		fprintf(ctl->out, "%-*.*s  ", width, STR_ARG(text));
}

static void print_table(const struct ctl *ctl, const struct table *t)
{
	int width[COLUMNS_MAX];
	struct buf scratch = BUF(CELL_MAX);

	for (size_t c = 0; c < t->ncolumns; c++) {
		width[c] = ctl->o.no_headers ? 1 : (int)strlen(t->columns[c]);
		for (size_t r = 0; r < t->nrows; r++) {
			struct str cell = t->cells[r * t->ncolumns + c];

			width[c] = MAX(width[c], (int)cell_text(ctl, t->kinds[c], cell, &scratch).n);
		}
	}
	if (t->ncolumns)
		width[t->ncolumns - 1] = -1;
	for (size_t c = 0; c < t->ncolumns && !ctl->o.no_headers; c++)
		print_cell(ctl, str_of(t->columns[c]), width[c]);
	for (size_t i = 0; i < t->nrows * t->ncolumns; i++) {
		size_t c = i % t->ncolumns;

		print_cell(ctl, cell_text(ctl, t->kinds[c], t->cells[i], &scratch), width[c]);
	}
	buf_done(&scratch);
}

/* ---- JSON ---- */

static void add_value(struct jsonw *w, const char *key, enum kind kind, struct str cell)
{
	int64_t us;

	if (!cell.p)
		jsonw_null(w, key);
	else if (kind == NUMBER || kind == JSON)
		jsonw_raw(w, key, cell);
	else if (kind == BOOL)
		jsonw_bool(w, key, str_is(cell, "t"));
	else if (kind == TIME && parse_time(cell, &us))
		jsonw_time(w, key, us);
	else
		jsonw_str(w, key, cell);
}

static void print_json(const struct ctl *ctl, const struct table *t)
{
	struct buf line = BUF(2 * (size_t)CELL_MAX);

	for (size_t r = 0; r < t->nrows; r++) {
		struct jsonw w = JSONW(&line);

		buf_clear(&line);
		jsonw_object(&w, NULL);
		for (size_t c = 0; c < t->ncolumns; c++)
			add_value(&w, t->columns[c], t->kinds[c], t->cells[r * t->ncolumns + c]);
		jsonw_object_end(&w);
		fprintf(ctl->out, "%s\n", buf_text(&line));
	}
	buf_done(&line);
}

static void print(const struct ctl *ctl, const struct table *t)
{
	if (ctl->o.output == CTL_JSON)
		print_json(ctl, t);
	else
		print_table(ctl, t);
}

/* ---- both ---- */

void ctl_print(
    const struct ctl *ctl, const char *const *columns, size_t ncolumns, const struct str *cells, size_t nrows)
{
	struct table t = {.ncolumns = ncolumns, .cells = cells, .nrows = nrows};

	assert(ncolumns <= COLUMNS_MAX);
	memcpy(t.columns, columns, ncolumns * sizeof *columns);
	print(ctl, &t);
}

void ctl_print_numbers(
    const struct ctl *ctl, const char *const *columns, size_t ncolumns, const struct str *cells)
{
	struct table t = {.ncolumns = ncolumns, .cells = cells, .nrows = 1};

	assert(ncolumns <= COLUMNS_MAX);
	for (size_t c = 0; c < ncolumns; c++) {
		t.columns[c] = columns[c];
		t.kinds[c] = NUMBER;
	}
	print(ctl, &t);
}

static enum kind kind_of(unsigned type)
{
	switch (type) {
	case PG_BOOL:
		return BOOL;
	case PG_INT4:
	case PG_INT8:
	case PG_FLOAT8:
	case PG_READ_NUMERIC:
		return NUMBER;
	case PG_READ_JSON:
	case PG_JSONB:
		return JSON;
	case PG_TIMESTAMPTZ:
		return TIME;
	default:
		return TEXT;
	}
}

void ctl_print_result(const struct ctl *ctl, const struct pg_result *r)
{
	struct table t = {.ncolumns = (size_t)pg_columns(r), .nrows = (size_t)pg_rows(r)};
	struct str *cells = mem_array(t.nrows * t.ncolumns, sizeof *cells);

	assert(t.ncolumns <= COLUMNS_MAX);
	for (size_t c = 0; c < t.ncolumns; c++) {
		t.columns[c] = pg_column_name(r, (int)c);
		t.kinds[c] = kind_of(pg_column_type(r, (int)c));
	}
	for (size_t i = 0; i < t.nrows * t.ncolumns; i++) {
		int row = (int)(i / t.ncolumns);
		int col = (int)(i % t.ncolumns);

		if (!pg_is_null(r, row, col))
			cells[i] = pg_str(r, row, col);
	}
	t.cells = cells;
	print(ctl, &t);
	free(cells);
}
