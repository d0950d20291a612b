// SPDX-License-Identifier: Apache-2.0
#pragma once
/*
 * syncctl: the operator's command line. main.c picks a command from its table and opens what it needs; each
 * command is one function that works, prints its rows on stdout and returns why not.
 */
#include "base/base.h"
#include "base/buf.h"
#include "base/uuid.h"
#include "io/pg_blocking.h"

struct ctl_options {
	const char *database_url;
	const char *kafka_bootstrap;
	const char *kafka_properties;
	const char *kafka_topic_prefix;
	const char *providers_dir;
	const char *crypto_keys;
	int output;
	const char *migrations;
	const char *tenant;
	const char *name;
	const char *rights;
	const char *connection;
	const char *resource;
	const char *provider;
	const char *external_id;
	const char *settings;
	const char *access_token_file;
	const char *refresh_token_file;
	const char *client_id;
	const char *client_secret_file;
	int64_t expires_in;
	int64_t partitions;
	int64_t replicas;
	const char *ids;
	int64_t limit;
};

/* In the order of the option's allowed values. */
enum ctl_output { CTL_TABLE, CTL_JSON };

struct ctl {
	struct ctl_options o;
	struct pg_blocking *db; /* NULL for commands without a database */
	char **args;            /* behind the command's words */
	int nargs;
	bool attention; /* done, but the exit code is 1: `migrate status` found something to do */
};

struct ctl_command {
	const char *name;  /* "keys create" */
	const char *args;  /* "ID", "[FILE]" or "" */
	const char *flags; /* its own flags, "tenant! name": ! marks those that must be given */
	const char *help;
	bool database;
	enum rc (*run)(struct ctl *ctl, struct err *err);
};

/* ---- commands ---- */

enum rc ctl_migrate_up(struct ctl *ctl, struct err *err);
enum rc ctl_migrate_status(struct ctl *ctl, struct err *err);
enum rc ctl_tenants_create(struct ctl *ctl, struct err *err);
enum rc ctl_tenants_list(struct ctl *ctl, struct err *err);
enum rc ctl_keys_create(struct ctl *ctl, struct err *err);
enum rc ctl_keys_list(struct ctl *ctl, struct err *err);
enum rc ctl_keys_revoke(struct ctl *ctl, struct err *err);
enum rc ctl_connections_create(struct ctl *ctl, struct err *err);
enum rc ctl_connections_import(struct ctl *ctl, struct err *err);
enum rc ctl_connections_list(struct ctl *ctl, struct err *err);
enum rc ctl_deletions_list(struct ctl *ctl, struct err *err);
enum rc ctl_deletions_accept(struct ctl *ctl, struct err *err);
enum rc ctl_records_list(struct ctl *ctl, struct err *err);
enum rc ctl_records_show(struct ctl *ctl, struct err *err);
enum rc ctl_records_replay(struct ctl *ctl, struct err *err);
enum rc ctl_breakers_list(struct ctl *ctl, struct err *err);
enum rc ctl_breakers_close(struct ctl *ctl, struct err *err);
enum rc ctl_secrets_rotate(struct ctl *ctl, struct err *err);
enum rc ctl_secrets_status(struct ctl *ctl, struct err *err);
enum rc ctl_topics_create(struct ctl *ctl, struct err *err);
enum rc ctl_probe(struct ctl *ctl, struct err *err);

/* ---- what commands share ---- */

/* Rows on stdout: an aligned table, or one JSON object a line with all values as texts. Cells with p NULL are
 * null. */
void ctl_print(const struct ctl *ctl, const char *const *columns, size_t ncolumns, const struct str *cells,
    size_t nrows);
void ctl_print_result(
    const struct ctl *ctl, const char *const *columns, size_t ncolumns, const struct pg_result *r);

/* Runs a list whose only parameter is --tenant, or null for all. */
enum rc ctl_print_list(struct ctl *ctl, const struct pg_statement *st, const char *const *columns,
    size_t ncolumns, struct err *err) MUST_USE;

/* Appends the file, or stdin for "-", and drops one newline at its end. RC_LIMIT: longer than the buffer
 * allows. */
enum rc ctl_read_file(const char *path, struct buf *out, struct err *err) MUST_USE;
/* The folder that was asked for, else `local` when it exists, else share/sync-fleet/`installed` beside our
 * bin. */
void ctl_find_folder(const char *asked, const char *local, const char *installed, struct buf *ret);

enum rc ctl_tenant_find(struct ctl *ctl, struct str name, struct uuid *ret, struct err *err) MUST_USE;

/* ---- statements (producer/sql/ctl_*.sql) ---- */

extern const struct pg_statement sql_ctl_tenants_list;
extern const struct pg_statement sql_ctl_tenant_create;
extern const struct pg_statement sql_ctl_tenant_find;
extern const struct pg_statement sql_ctl_keys_list;
extern const struct pg_statement sql_ctl_key_create;
extern const struct pg_statement sql_ctl_key_revoke;
extern const struct pg_statement sql_ctl_connections_list;
extern const struct pg_statement sql_ctl_connection_create;
extern const struct pg_statement sql_ctl_deletions_list;
extern const struct pg_statement sql_ctl_deletions_accept;
extern const struct pg_statement sql_ctl_records_list;
extern const struct pg_statement sql_ctl_records_show;
extern const struct pg_statement sql_ctl_records_replay;
extern const struct pg_statement sql_ctl_breakers_list;
extern const struct pg_statement sql_ctl_breaker_close;
extern const struct pg_statement sql_ctl_secrets_status;
extern const struct pg_statement sql_ctl_secrets_stale;
extern const struct pg_statement sql_ctl_secret_store;
extern const struct pg_statement sql_ctl_migrations_table;
extern const struct pg_statement sql_ctl_migrations_applied;
extern const struct pg_statement sql_ctl_migration_record;
