// SPDX-License-Identifier: Apache-2.0
#pragma once
/* The SQL of one resource's table, composed once from its declaration (identifiers were checked when it was
 * read). */
#include "base/base.h"
#include "io/pg.h"
#include "sync/declaration.h"
#include "row.h"

struct table {
	const struct resource *resource;
	struct row_layout *layout;
	char *copy;                /* COPY straight into the table */
	char *copy_stage;          /* COPY into the session's temporary stage */
	struct pg_statement stage; /* makes the stage */
	struct pg_statement
	    probe; /* ($1 connections, $2 ids, $3 hashes): ordinals of rows that differ from the table */
	struct pg_statement merge; /* stage to table; per connection: inserted, touched */
	struct pg_statement erase; /* what the provider's feed says is deleted */
	struct pg_statement empty; /* empties the stage */
	struct pg_statement
	    replace; /* of records whose place is their identity: what was read takes the place of
	                what was there ($1 task, $2 connection, $3 from, $4 to, $5 walk) */
	struct pg_statement parent; /* of a child: where its walk begins, or goes on with the next parent; as
	                               bearings.sql, and $3 is the parent before, $4 whether only those that
	                               were written since the last walk count */
	struct pg_statement
	    newer; /* ($1 connection, $2 ids, $3 microseconds): ordinals of rows written or deleted since */
	struct slice_plan *record_plan; /* of records without an envelope */
	bool policed;                   /* PostgreSQL does not let this worker's role COPY straight into it */
	unsigned probe_pause;           /* batches that go without a probe: most rows differed last time */
	size_t index;                   /* of this table among all, for a session's set of stages */
};

struct pg_blocking;
struct tables;

/* Learns what the table's columns hold, beyond what was declared, and how it may be filled. */
enum rc table_read_limits(struct table *t, struct pg_blocking *db, struct err *err) MUST_USE;

/* One table for each resource of the registry, which must outlive it. */
struct tables *tables_new(const struct registry *registry);
void tables_free(struct tables *t);
size_t tables_count(const struct tables *t);
struct table *tables_find(struct tables *t, const struct resource *resource);
/* Checks at start that every table has the columns its declaration names: RC_INVALID says which does not.
 * Learns their limits. */
enum rc tables_check(struct tables *t, const char *conninfo, struct err *err) MUST_USE;
