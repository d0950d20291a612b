// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "sync/schema.h"

#include "base/version.h"
#include "io/pg_blocking.h"

static const struct pg_statement exists = {
    .name = "schema_exists", .sql = "select to_regclass('schema_migrations') is not null"};
static const struct pg_statement applied = {.name = "schema_applied",
    .sql = "select count(*) filter (where version between 1 and $1), "
           "max(string_to_array(min_binary, '.')::int[]) > string_to_array($2, '.')::int[], "
           "array_to_string(max(string_to_array(min_binary, '.')::int[]), '.') from schema_migrations"};

static enum rc check(struct pg_blocking *db, struct err *err)
{
	AUTO(pg_blocking_free_ptr) struct pg_result *there = NULL;
	AUTO(pg_blocking_free_ptr) struct pg_result *versions = NULL;
	struct pg_args args = PG_ARGS;

	enum rc rc = pg_blocking_query(db, &exists, NULL, &there, err);
	if (rc != RC_OK)
		return rc;
	if (!pg_bool(there, 0, 0))
		return err_set(
		    err, RC_INVALID, "the database has no schema of the fleet: run `syncctl migrate up`");
	pg_arg_i64(&args, SCHEMA_VERSION);
	pg_arg_text(&args, str_of(version_text()));
	rc = pg_blocking_query(db, &applied, &args, &versions, err);
	pg_args_done(&args);
	if (rc != RC_OK)
		return rc;
	if (pg_i64(versions, 0, 0) < SCHEMA_VERSION)
		return err_set(err, RC_INVALID,
		    "the database is at an older schema version (%d needed): run `syncctl migrate up`",
		    SCHEMA_VERSION);
	if (pg_bool(versions, 0, 1))
		return err_set(err, RC_INVALID,
		    "the database's schema wants binaries of version %.*s or newer, this is %s: install "
		    "them, or see "
		    "`syncctl migrate status`",
		    STR_ARG(pg_str(versions, 0, 2)), version_text());
	return RC_OK;
}

enum rc schema_check(const char *conninfo, struct err *err)
{
	struct pg_blocking *db = pg_blocking_open(conninfo, "sync-fleet schema check", err);

	if (!db)
		return err->rc;
	enum rc rc = check(db, err);
	pg_blocking_close(db);
	return rc;
}
