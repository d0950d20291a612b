// SPDX-License-Identifier: Apache-2.0
#pragma once
/*
 * Data on ctl->out. Tables are for people: aligned, times as distances from now, nothing in them that could
 * move a cursor. JSON is for programs: one object a line, numbers as numbers, times as ISO 8601.
 */
#include "ctl.h"

/* Rows of texts. Cells with p NULL are null. */
void ctl_print(const struct ctl *ctl, const char *const *columns, size_t ncolumns, const struct str *cells,
    size_t nrows);
/* One row of numbers. */
void ctl_print_numbers(
    const struct ctl *ctl, const char *const *columns, size_t ncolumns, const struct str *cells);
/* A result with its own column names and types; times must be timestamptz. */
void ctl_print_result(const struct ctl *ctl, const struct pg_result *r);
/* An object: name and value by line, lists of objects as tables. */
void ctl_print_document(const struct ctl *ctl, json_object *document);

/* Text of users and providers: what could move a cursor is escaped. */
void ctl_add_shown(struct str text, struct buf *out);
/* "3m ago", "in 20s"; of `unix_us` as the database's clock sees it. */
void ctl_add_distance(const struct ctl *ctl, int64_t unix_us, struct buf *out);
