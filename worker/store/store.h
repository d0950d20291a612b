// SPDX-License-Identifier: Apache-2.0
#pragma once
/*
 * Writes pages. A few lanes, each a PostgreSQL session, carry one transaction at a time: whatever pages
 * gathered while it was busy. A task's pages are committed in order: those behind the ones in a transaction
 * wait for its end. See load.c for what a transaction does.
 */
#include "base/base.h"

struct rows;
struct store;
struct worker;

struct store *store_new(struct worker *w);
/* Pages that are not committed are dropped: their tasks' rows have not moved. Accepts NULL. */
void store_free(struct store *s);

/* Takes the page. Its task hears of it by task_stored, task_lost or task_refused. */
void store_add(struct store *s, struct rows *rows);
/* Pages that are not committed. */
size_t store_pending(const struct store *s);
bool store_is_up(const struct store *s);
/* Committed since the start: transactions, rows. */
void store_counts(const struct store *s, uint64_t *ret_transactions, uint64_t *ret_rows);
