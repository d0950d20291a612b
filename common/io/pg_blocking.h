// SPDX-License-Identifier: Apache-2.0
#pragma once
/*
 * A PostgreSQL session that waits for each answer: command-line tools and start-up only, never on the loop.
 * Parameters and results are those of pg.h.
 */
#include "base/base.h"
#include "io/pg.h"

struct pg_blocking;

/* RC_INVALID when libpq cannot read it; the error does not repeat the text, which may hold a password. */
enum rc pg_conninfo_check(const char *conninfo, struct err *err) MUST_USE;

/* Waits at most 10 s for each address unless `conninfo` names another connect_timeout. NULL on failure. */
struct pg_blocking *pg_blocking_open(const char *conninfo, const char *application, struct err *err) MUST_USE;
/* Closes; an open transaction is rolled back. Accepts NULL. */
void pg_blocking_close(struct pg_blocking *db);

/* Several statements without parameters. */
enum rc pg_blocking_run(struct pg_blocking *db, const char *sql, struct err *err) MUST_USE;
/* One statement; `args` and `ret` may be NULL. The caller frees *ret with pg_blocking_free. */
enum rc pg_blocking_query(struct pg_blocking *db, const struct pg_statement *st, const struct pg_args *args,
    struct pg_result **ret, struct err *err) MUST_USE;

void pg_blocking_free(struct pg_result *r);
/* For AUTO(pg_blocking_free_ptr) struct pg_result *r = NULL; */
void pg_blocking_free_ptr(struct pg_result **r);
