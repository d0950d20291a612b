// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "ctl.h"

#include "base/jsonw.h"

#define COLUMNS_MAX 12
#define CELL_MAX (64u << 20) /* of an escaped record */

/* Cells come from users and providers: what could move the cursor is escaped. */
static struct str cell_text(struct str cell, struct buf *scratch)
{
	buf_clear(scratch);
	if (cell.p)
		json_escape(scratch, cell);
	else
		buf_add_char(scratch, '-');
	return buf_str(scratch);
}

/* `width` -1: the last of its row. */
static void print_cell(struct str text, int width)
{
	if (width < 0)
		printf("%.*s\n", STR_ARG(text));
	else
		printf("%-*.*s  ", width, STR_ARG(text));
}

static void print_table(const char *const *columns, size_t ncolumns, const struct str *cells, size_t nrows)
{
	int width[COLUMNS_MAX];
	struct buf scratch = BUF(CELL_MAX);

	for (size_t c = 0; c < ncolumns; c++) {
		width[c] = (int)strlen(columns[c]);
		for (size_t r = 0; r < nrows; r++)
			width[c] = MAX(width[c], (int)cell_text(cells[r * ncolumns + c], &scratch).n);
	}
	for (size_t c = 0; c < ncolumns; c++)
		print_cell(str_of(columns[c]), c + 1 < ncolumns ? width[c] : -1);
	for (size_t r = 0; r < nrows; r++) {
		for (size_t c = 0; c < ncolumns; c++)
			print_cell(
			    cell_text(cells[r * ncolumns + c], &scratch), c + 1 < ncolumns ? width[c] : -1);
	}
	buf_done(&scratch);
}

static void print_json(const char *const *columns, size_t ncolumns, const struct str *cells, size_t nrows)
{
	struct buf line = BUF(2 * (size_t)CELL_MAX);

	for (size_t r = 0; r < nrows; r++) {
		struct jsonw w = JSONW(&line);

		buf_clear(&line);
		jsonw_object(&w, NULL);
		for (size_t c = 0; c < ncolumns; c++) {
			struct str cell = cells[r * ncolumns + c];

			if (cell.p)
				jsonw_str(&w, columns[c], cell);
			else
				jsonw_null(&w, columns[c]);
		}
		jsonw_object_end(&w);
		puts(buf_text(&line));
	}
	buf_done(&line);
}

void ctl_print(
    const struct ctl *ctl, const char *const *columns, size_t ncolumns, const struct str *cells, size_t nrows)
{
	assert(ncolumns <= COLUMNS_MAX);
	if (ctl->o.output == CTL_JSON)
		print_json(columns, ncolumns, cells, nrows);
	else
		print_table(columns, ncolumns, cells, nrows);
}

void ctl_print_result(
    const struct ctl *ctl, const char *const *columns, size_t ncolumns, const struct pg_result *r)
{
	size_t nrows = (size_t)pg_rows(r);
	struct str *cells = mem_array(nrows * ncolumns, sizeof *cells);

	for (size_t i = 0; i < nrows * ncolumns; i++) {
		int row = (int)(i / ncolumns);
		int col = (int)(i % ncolumns);

		if (!pg_is_null(r, row, col))
			cells[i] = pg_str(r, row, col);
	}
	ctl_print(ctl, columns, ncolumns, cells, nrows);
	free(cells);
}
