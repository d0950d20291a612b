// SPDX-License-Identifier: Apache-2.0
#pragma once
/*
 * syncctl: the operator's command line. main.c finds a command in the table of commands.c and opens what it
 * needs; its function works, prints rows or a document on stdout and returns why not. Most commands are a
 * statement only: query.c binds arguments and flags to it in the order of the table's row.
 */
#include "base/base.h"
#include "base/buf.h"
#include "base/conf.h"
#include "base/json.h"
#include "base/uuid.h"
#include "io/pg_blocking.h"

/* How syncctl ends, beside process.h's. */
enum ctl_exit { CTL_NOT_FOUND = 3, CTL_CONFLICT = 4, CTL_TIMEOUT = 5 };

struct ctl_options {
	const char *database_url;
	const char *kafka_bootstrap;
	const char *kafka_properties;
	const char *kafka_topic_prefix;
	const char *providers_dir;
	const char *versions;
	const char *crypto_keys;
	int output;
	bool no_headers;
	bool watch;
	bool wait;
	bool all;
	bool dry_run;
	bool yes;
	int64_t timeout;
	const char *migrations;
	const char *tenant;
	const char *name;
	const char *rights;
	const char *connection;
	const char *resource;
	const char *provider;
	const char *state;
	int mode;
	int priority;
	const char *reason;
	const char *error_class;
	const char *fingerprint;
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

/* In the order of the options' allowed values. */
enum ctl_output { CTL_TABLE, CTL_JSON };

struct ctl {
	struct ctl_options o;
	const struct ctl_command *command;
	struct pg_blocking *db; /* NULL for commands without a database */
	FILE *out;              /* where data goes */
	int64_t ahead_us;       /* of the database's clock before ours */
	char **args;            /* behind the command's words */
	int nargs;
	int code; /* the exit code, when the error does not say it, or there is none */
};

struct ctl_command {
	const char *name;  /* "get syncs" */
	const char *args;  /* "SYNC", "PROGRAM [FILE]" or NULL; see ctl_is_id */
	const char *flags; /* "tenant! limit": the statement's parameters behind the args; ! must be given */
	const char *more;  /* further flags */
	const char *help;
	const char *example;
	const struct pg_statement *statement;
	bool no_database;
	enum rc (*run)(struct ctl *ctl, struct err *err);
};

/* ---- the tables ---- */

/* The i-th command, or NULL past the last one. */
const struct ctl_command *ctl_command(size_t i);
extern const struct conf_program ctl_program;
/* The option of that name, or NULL. */
const struct conf_option *ctl_option(struct str name);

/* Takes a word off a list like "tenant! name". */
bool ctl_next_flag(struct str *list, struct str *ret, bool *ret_required);
/* The flags of a command, one list after the other, until it returns NULL. */
const char *ctl_flags(const struct ctl_command *command, size_t i);
/* Whether an argument of that name ("SYNC") is a UUID. */
bool ctl_is_id(struct str arg);

/* ---- help ---- */

/* The command that the words begin with, or NULL; how many words are its name. */
const struct ctl_command *ctl_find(char **words, int n, int *ret_used);
/* Of one command, or with NULL of the program, of those only that begin with the words. */
void ctl_print_help(const struct ctl_command *command, char **words, int n);
/* Why these words are no command, and what may be meant. */
enum rc ctl_unknown(char **words, int n, struct err *err);
enum rc ctl_completion(struct ctl *ctl, struct err *err);

/* ---- commands ---- */

/* Statements that return rows: a table, again and again with --watch. */
enum rc ctl_get(struct ctl *ctl, struct err *err);
/* Statements that return one document, or no row. */
enum rc ctl_describe(struct ctl *ctl, struct err *err);
/* Statements that return the status and the body that a route would. */
enum rc ctl_act(struct ctl *ctl, struct err *err);

enum rc ctl_describe_sync(struct ctl *ctl, struct err *err);
enum rc ctl_describe_task(struct ctl *ctl, struct err *err);
enum rc ctl_watch(struct ctl *ctl, struct err *err);
enum rc ctl_sync(struct ctl *ctl, struct err *err);
enum rc ctl_dlq_replay(struct ctl *ctl, struct err *err);
enum rc ctl_dlq_discard(struct ctl *ctl, struct err *err);
enum rc ctl_config_check(struct ctl *ctl, struct err *err);
enum rc ctl_version(struct ctl *ctl, struct err *err);
enum rc ctl_migrate_up(struct ctl *ctl, struct err *err);
enum rc ctl_migrate_status(struct ctl *ctl, struct err *err);
enum rc ctl_tenants_create(struct ctl *ctl, struct err *err);
enum rc ctl_keys_create(struct ctl *ctl, struct err *err);
enum rc ctl_connections_create(struct ctl *ctl, struct err *err);
enum rc ctl_connections_import(struct ctl *ctl, struct err *err);
enum rc ctl_deletions_accept(struct ctl *ctl, struct err *err);
enum rc ctl_records_replay(struct ctl *ctl, struct err *err);
enum rc ctl_secrets_rotate(struct ctl *ctl, struct err *err);
enum rc ctl_secrets_status(struct ctl *ctl, struct err *err);
enum rc ctl_topics_create(struct ctl *ctl, struct err *err);
enum rc ctl_probe(struct ctl *ctl, struct err *err);

/* ---- what commands share ---- */

/* Runs the command's statement with arguments and flags. */
enum rc ctl_query(struct ctl *ctl, struct pg_result **ret, struct err *err) MUST_USE;
/* One UUID as the only parameter. */
enum rc ctl_query_id(struct ctl *ctl, const struct pg_statement *st, const struct uuid *id,
    struct pg_result **ret, struct err *err) MUST_USE;
/* A text, or null when it is empty. */
void ctl_arg_given(struct pg_args *args, const char *text);
/* A flag that is a list of UUIDs, or null when it is empty. */
enum rc ctl_arg_ids(struct pg_args *args, const char *list, struct err *err) MUST_USE;
/* Reads the refusal in a statement's (status, body): RC_OK when it is none. */
enum rc ctl_refused(struct ctl *ctl, int64_t status, struct str body, struct err *err) MUST_USE;
/* Fails because of how things are: exit code 4. */
enum rc ctl_conflict(struct ctl *ctl, struct err *err, const char *fmt, ...) PRINTF_LIKE(3, 4);

/* What GET /v1/syncs/{sync_id} answers; the caller owns *ret. */
enum rc ctl_sync_read(struct ctl *ctl, const struct uuid *id, json_object **ret, struct err *err) MUST_USE;
/* Shows a sync until it ends or --timeout has passed; sets the exit code. */
enum rc ctl_watch_sync(struct ctl *ctl, const struct uuid *id, struct err *err) MUST_USE;

/* Appends the file, or stdin for "-", and drops one newline at its end. RC_LIMIT: longer than the buffer
 * allows. */
enum rc ctl_read_file(const char *path, struct buf *out, struct err *err) MUST_USE;
/* The folder that was asked for, else `local` when it exists, else share/sync-fleet/`installed` beside our
 * bin. */
void ctl_find_folder(const char *asked, const char *local, const char *installed, struct buf *ret);

enum rc ctl_tenant_find(struct ctl *ctl, struct str name, struct uuid *ret, struct err *err) MUST_USE;
