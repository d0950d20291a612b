// SPDX-License-Identifier: Apache-2.0
#pragma once
/* The statements of producer/sql/ that syncctl uses; the build embeds them by the files' names. */
#include "io/pg.h"

extern const struct pg_statement sql_ctl_open;
extern const struct pg_statement sql_ctl_get_syncs;
extern const struct pg_statement sql_ctl_get_tasks;
extern const struct pg_statement sql_ctl_get_connections;
extern const struct pg_statement sql_ctl_get_workers;
extern const struct pg_statement sql_ctl_get_providers;
extern const struct pg_statement sql_ctl_get_breakers;
extern const struct pg_statement sql_ctl_get_dlq;
extern const struct pg_statement sql_ctl_get_dlq_groups;
extern const struct pg_statement sql_ctl_get_webhooks;
extern const struct pg_statement sql_ctl_get_schedules;
extern const struct pg_statement sql_ctl_get_keys;
extern const struct pg_statement sql_ctl_get_tenants;
extern const struct pg_statement sql_ctl_get_records;
extern const struct pg_statement sql_ctl_get_deletions;
extern const struct pg_statement sql_ctl_describe_sync;
extern const struct pg_statement sql_ctl_describe_task;
extern const struct pg_statement sql_ctl_describe_connection;
extern const struct pg_statement sql_ctl_describe_provider;
extern const struct pg_statement sql_ctl_describe_record;
extern const struct pg_statement sql_ctl_sync_tenant;
extern const struct pg_statement sql_ctl_task_sync;
extern const struct pg_statement sql_syncs_get;
extern const struct pg_statement sql_ctl_cancel;
extern const struct pg_statement sql_ctl_connection_of;
extern const struct pg_statement sql_ctl_sync;
extern const struct pg_statement sql_ctl_retry;
extern const struct pg_statement sql_ctl_pause_provider;
extern const struct pg_statement sql_ctl_pause_connection;
extern const struct pg_statement sql_ctl_resume_provider;
extern const struct pg_statement sql_ctl_resume_connection;
extern const struct pg_statement sql_ctl_drain;
extern const struct pg_statement sql_ctl_undrain;
extern const struct pg_statement sql_ctl_dlq_count;
extern const struct pg_statement sql_ctl_dlq_replay;
extern const struct pg_statement sql_ctl_dlq_discard;
extern const struct pg_statement sql_ctl_breaker_close;
extern const struct pg_statement sql_ctl_tenant_create;
extern const struct pg_statement sql_ctl_tenant_find;
extern const struct pg_statement sql_ctl_key_create;
extern const struct pg_statement sql_ctl_key_revoke;
extern const struct pg_statement sql_ctl_connection_create;
extern const struct pg_statement sql_ctl_deletions_accept;
extern const struct pg_statement sql_ctl_records_replay;
extern const struct pg_statement sql_ctl_secrets_status;
extern const struct pg_statement sql_ctl_secrets_stale;
extern const struct pg_statement sql_ctl_secret_store;
extern const struct pg_statement sql_ctl_migrations_table;
extern const struct pg_statement sql_ctl_migrations_applied;
extern const struct pg_statement sql_ctl_migration_record;
