// SPDX-License-Identifier: Apache-2.0
#pragma once
/*
 * Finds the records of one page that the database refuses, by bisection: ranges of rows are written and
 * rolled back to a savepoint until the bad ones stand alone. Nothing is committed; the bad records move to
 * the page's quarantine.
 */
#include "base/base.h"
#include "io/pg.h"

struct rows;
struct sieve;
struct table;

/* `err`: the search itself failed (session lost, or an error that is not in the data). */
typedef void sieve_done(void *user, const struct err *err);

/* The page and the session belong to the search until `done`; the session holds no transaction. */
struct sieve *sieve_new(struct pg *pg, struct table *table, struct rows *rows, sieve_done *done, void *user);
/* Accepts NULL. */
void sieve_free(struct sieve *s);
