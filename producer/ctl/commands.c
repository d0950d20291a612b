// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "ctl.h"
#include "ctl_sql.h"

/*
 * What several nouns share is a verb before them (get, describe, pause ...); what only one noun knows stands
 * behind it (keys revoke). Help, completion and the check of arguments and flags follow from the rows.
 */

/* clang-format off */
#define GET(noun, st) \
	.name = "get " noun, .statement = &(st), .run = ctl_get, .more = "watch timeout"
#define DESCRIBE(noun, arg, st, fn) \
	.name = "describe " noun, .args = (arg), .statement = &(st), .run = (fn)
#define ACT(text, arg, st) \
	.name = (text), .args = (arg), .statement = &(st), .run = ctl_act
/* clang-format on */

#define LETTERS "connection provider resource class fingerprint"
#define FILTERS "tenant provider state connection resource limit"

static const struct ctl_command commands[] = {
    {GET("syncs", sql_ctl_get_syncs), .flags = FILTERS, .help = "list syncs, the newest first",
        .example = "syncctl get syncs --state=failed --limit=10"},
    {GET("tasks", sql_ctl_get_tasks), .flags = FILTERS, .help = "list tasks, the newest first",
        .example = "syncctl get tasks --provider=zoho --state=waiting --watch"},
    {GET("connections", sql_ctl_get_connections), .flags = "tenant provider state limit",
        .help = "list connections", .example = "syncctl get connections --state=reauthorize"},
    {GET("workers", sql_ctl_get_workers), .help = "list workers", .example = "syncctl get workers --watch"},
    {GET("providers", sql_ctl_get_providers), .help = "list providers with what they wait for",
        .example = "syncctl get providers"},
    {GET("schedules", sql_ctl_get_schedules), .flags = "tenant provider connection limit",
        .help = "list schedules with their next tick", .example = "syncctl get schedules --tenant=acme"},
    {GET("webhooks", sql_ctl_get_webhooks), .flags = "tenant",
        .help = "list webhooks and what is still to be delivered",
        .example = "syncctl get webhooks --tenant=acme"},
    {GET("dlq", sql_ctl_get_dlq), .flags = LETTERS " limit",
        .help = "list open dead letters, the newest first; describe task shows one with its evidence",
        .example = "syncctl get dlq --provider=zoho --class=permanent"},
    {GET("dlq-groups", sql_ctl_get_dlq_groups), .flags = "connection provider resource class limit",
        .help = "count open dead letters that differ in numbers and ids only, the most first",
        .example = "syncctl get dlq-groups"},
    {GET("breakers", sql_ctl_get_breakers), .help = "list the breakers of providers that fail or have failed",
        .example = "syncctl get breakers"},
    {GET("records", sql_ctl_get_records), .flags = "tenant connection provider resource limit",
        .help = "list records in quarantine, the newest first",
        .example = "syncctl get records --resource=contacts"},
    {GET("deletions", sql_ctl_get_deletions), .flags = "tenant",
        .help = "list deletions that the guard holds back", .example = "syncctl get deletions"},
    {GET("keys", sql_ctl_get_keys), .flags = "tenant", .help = "list service keys",
        .example = "syncctl get keys --tenant=acme"},
    {GET("tenants", sql_ctl_get_tenants), .help = "list tenants", .example = "syncctl get tenants"},

    {DESCRIBE("sync", "SYNC", sql_ctl_describe_sync, ctl_describe_sync),
        .help = "show a sync, its tasks, what it waits for, evidence",
        .example = "syncctl describe sync 019a2b3c-0000-7000-8000-000000000000"},
    {DESCRIBE("task", "TASK", sql_ctl_describe_task, ctl_describe_task),
        .help = "show a task, what it waits for, its worker, the evidence of its failure",
        .example = "syncctl describe task 019a2b3c-0000-7000-8000-000000000000"},
    {DESCRIBE("connection", "CONNECTION", sql_ctl_describe_connection, ctl_describe),
        .help = "show a connection, its resources and last syncs",
        .example = "syncctl describe connection 019a2b3c-0000-7000-8000-000000000000"},
    {DESCRIBE("provider", "PROVIDER", sql_ctl_describe_provider, ctl_describe),
        .help = "show a provider, its breaker, limits, tasks and last failures",
        .example = "syncctl describe provider zoho"},
    {DESCRIBE("record", "RECORD", sql_ctl_describe_record, ctl_describe),
        .help = "show a record in quarantine with its text",
        .example = "syncctl describe record 019a2b3c-0000-7000-8000-000000000000"},

    {.name = "watch",
        .args = "SYNC",
        .more = "timeout",
        .help = "show a sync's progress until it ends; exits 0 when it is completed, 5 after --timeout",
        .example = "syncctl watch 019a2b3c-0000-7000-8000-000000000000 --timeout=600",
        .run = ctl_watch},
    {.name = "sync",
        .more = "connection! resource mode priority wait timeout",
        .help = "ask for a sync; --resource takes several with commas between, without it all are synced",
        .example =
            "syncctl sync --connection=019a2b3c-0000-7000-8000-000000000000 --resource=contacts --wait",
        .run = ctl_sync},
    {ACT("cancel", "SYNC", sql_ctl_cancel), .help = "cancel a sync",
        .example = "syncctl cancel 019a2b3c-0000-7000-8000-000000000000"},
    {ACT("retry", "SYNC", sql_ctl_retry),
        .help = "ask again for those resources of a failed sync that have failed",
        .example = "syncctl retry 019a2b3c-0000-7000-8000-000000000000"},
    {ACT("pause provider", "PROVIDER", sql_ctl_pause_provider), .flags = "reason",
        .help = "dispatch nothing of a provider; requests are accepted and wait",
        .example = "syncctl pause provider zoho --reason='maintenance until 6'"},
    {ACT("pause connection", "CONNECTION", sql_ctl_pause_connection), .flags = "reason",
        .help = "dispatch nothing of a connection; requests are accepted and wait",
        .example = "syncctl pause connection 019a2b3c-0000-7000-8000-000000000000 --reason=INC-7"},
    {ACT("resume provider", "PROVIDER", sql_ctl_resume_provider),
        .help = "end a provider's pause, or its stop by the failure cap",
        .example = "syncctl resume provider zoho"},
    {ACT("resume connection", "CONNECTION", sql_ctl_resume_connection), .help = "end a connection's pause",
        .example = "syncctl resume connection 019a2b3c-0000-7000-8000-000000000000"},
    {ACT("drain", "WORKER", sql_ctl_drain), .flags = "reason",
        .help = "let a worker take no new tasks and give back those it has, but stay",
        .example = "syncctl drain 019a2b3c-0000-7000-8000-000000000000 --reason='new kernel'"},
    {ACT("undrain", "WORKER", sql_ctl_undrain), .help = "let a drained worker work again",
        .example = "syncctl undrain 019a2b3c-0000-7000-8000-000000000000"},

    {.name = "dlq replay",
        .more = "ids " LETTERS " all dry-run yes",
        .help = "ask again for what dead letters were to do, as syncs; a replayed letter is settled",
        .example = "syncctl dlq replay --provider=zoho --class=transient --dry-run",
        .run = ctl_dlq_replay},
    {.name = "dlq discard",
        .more = "reason! ids " LETTERS " all dry-run yes",
        .help = "settle dead letters without doing anything",
        .example =
            "syncctl dlq discard --fingerprint=9e107d9d372bb6826bd81d3542a419d6 --reason='account closed'",
        .run = ctl_dlq_discard},
    {ACT("breakers close", "PROVIDER", sql_ctl_breaker_close),
        .help = "close a provider's breaker; what waits for it goes on",
        .example = "syncctl breakers close zoho"},
    {.name = "records replay",
        .more = "connection! resource! ids",
        .help = "store a resource's quarantined records that fit by now; the workers do it, as a sync",
        .example =
            "syncctl records replay --connection=019a2b3c-0000-7000-8000-000000000000 --resource=leads",
        .run = ctl_records_replay},
    {.name = "deletions accept",
        .more = "connection! resource!",
        .help = "let the next complete walk delete what the guard holds back",
        .example =
            "syncctl deletions accept --connection=019a2b3c-0000-7000-8000-000000000000 --resource=leads",
        .run = ctl_deletions_accept},
    {.name = "connections create",
        .more = "tenant! provider! external-id! settings access-token-file refresh-token-file client-id "
                "client-secret-file expires-in",
        .help = "make a connection",
        .example = "syncctl connections create --tenant=acme --provider=zoho --external-id=4711 "
                   "--refresh-token-file=token",
        .run = ctl_connections_create},
    {.name = "connections import",
        .args = "FILE",
        .help = "make the connections of a JSON list, all or none (- is stdin); objects of tenant, provider, "
                "external_id, settings, access_token, refresh_token, client_id, client_secret, expires_in",
        .example = "syncctl connections import - < connections.json",
        .run = ctl_connections_import},
    {.name = "tenants create",
        .args = "NAME",
        .help = "make a tenant",
        .example = "syncctl tenants create acme",
        .run = ctl_tenants_create},
    {.name = "keys create",
        .more = "tenant! name! rights expires-in",
        .help = "make a service key; it is shown this once",
        .example = "syncctl keys create --tenant=acme --name=billing --rights=read,sync",
        .run = ctl_keys_create},
    {ACT("keys revoke", "KEY", sql_ctl_key_revoke), .help = "end a service key",
        .example = "syncctl keys revoke 019a2b3c-0000-7000-8000-000000000000"},
    {.name = "secrets rotate",
        .help =
            "seal the connections' secrets with the first of crypto.keys, while the fleet runs; then shows "
            "which keys are still in use",
        .example = "syncctl secrets rotate",
        .run = ctl_secrets_rotate},
    {.name = "secrets status",
        .help = "count the connections' secrets by the key that sealed them",
        .example = "syncctl secrets status",
        .run = ctl_secrets_status},

    {.name = "migrate up",
        .more = "migrations",
        .help = "apply the migrations that are missing",
        .example = "syncctl migrate up",
        .run = ctl_migrate_up},
    {.name = "migrate status",
        .more = "migrations",
        .help = "list migrations; exits 1 when one is pending",
        .example = "syncctl migrate status",
        .run = ctl_migrate_status},
    {.name = "topics create",
        .more = "partitions replicas",
        .help = "make the topics that are missing",
        .example = "syncctl topics create --partitions=24",
        .no_database = true,
        .run = ctl_topics_create},
    {.name = "config check",
        .args = "PROGRAM [FILE]",
        .help =
            "check the settings and declarations that sync-producer or sync-worker would start with; ends as "
            "its --check-config does (78: they are wrong)",
        .example = "syncctl config check sync-worker /etc/sync-fleet/worker.cfg",
        .no_database = true,
        .run = ctl_config_check},
    {.name = "probe",
        .args = "URL",
        .help = "ask a program's admin port; exits 1 unless it answers 200 (health checks)",
        .example = "syncctl probe http://127.0.0.1:9103/readyz",
        .no_database = true,
        .run = ctl_probe},
    {.name = "completion",
        .args = "SHELL",
        .help = "print the completion for bash, zsh or fish",
        .example = "source <(syncctl completion bash)",
        .no_database = true,
        .run = ctl_completion},
    {.name = "version",
        .help = "print the version, and the schema version that it wants",
        .example = "syncctl version",
        .no_database = true,
        .run = ctl_version},
};

const struct ctl_command *ctl_command(size_t i)
{
	return i < ARRAY_SIZE(commands) ? &commands[i] : NULL;
}
