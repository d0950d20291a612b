// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "routes.h"
#include "statements.h"

#define SYNC_STATES "queued|running|completed|failed|cancelled"
#define PAGE_DEFAULT "50"
#define PAGE_MAX 200      /* items of a page, each with its tasks summed */
#define NAME_MAX_BYTES 63 /* of a resource */
#define REASON_MAX_BYTES 200

#define TENANT                                                                                               \
	{                                                                                                    \
		.name = "tenant_id", .from = PARAM_MADE, .type = PARAM_TENANT                                \
	}
#define LIMIT                                                                                                \
	{                                                                                                    \
		.name = "limit", .from = PARAM_QUERY, .type = PARAM_INT, .fallback = PAGE_DEFAULT, .min = 1, \
		.max = PAGE_MAX                                                                              \
	}
#define SYNC_ID                                                                                              \
	{                                                                                                    \
		.name = "sync_id", .from = PARAM_PATH, .type = PARAM_UUID, .required = true                  \
	}

static const struct route_param accept_params[] = {
    {.name = "tenant_id", .from = PARAM_BODY, .type = PARAM_OWN_TENANT},
    {.name = "sync_id", .from = PARAM_MADE, .type = PARAM_NEW_ID},
    TENANT,
    {.name = "connection_id", .from = PARAM_BODY, .type = PARAM_UUID, .required = true},
    {.name = "provider", .from = PARAM_BODY, .type = PARAM_PROVIDER, .required = true},
    {.name = "resources", .from = PARAM_BODY, .type = PARAM_RESOURCES},
    {.name = "mode",
        .from = PARAM_BODY,
        .type = PARAM_ENUM,
        .allowed = "full|incremental",
        .fallback = "incremental"},
    {.name = "traceparent", .from = PARAM_HEADER, .type = PARAM_TRACEPARENT},
    {.name = "direct", .from = PARAM_MADE, .type = PARAM_DIRECT},
};

static const struct route_param list_params[] = {
    TENANT,
    LIMIT,
    {.name = "cursor", .from = PARAM_QUERY, .type = PARAM_CURSOR},
    {.name = "state", .from = PARAM_QUERY, .type = PARAM_ENUM, .allowed = SYNC_STATES},
    {.name = "provider", .from = PARAM_QUERY, .type = PARAM_PROVIDER},
    {.name = "connection_id", .from = PARAM_QUERY, .type = PARAM_UUID},
};

static const struct route_param one_sync_params[] = {SYNC_ID, TENANT};

static const struct route_param dead_list_params[] = {
    TENANT,
    LIMIT,
    {.name = "cursor", .from = PARAM_QUERY, .type = PARAM_CURSOR},
    {.name = "connection_id", .from = PARAM_QUERY, .type = PARAM_UUID},
    {.name = "provider", .from = PARAM_QUERY, .type = PARAM_PROVIDER},
    {.name = "resource", .from = PARAM_QUERY, .type = PARAM_TEXT, .min = 1, .max = NAME_MAX_BYTES},
    {.name = "reason", .from = PARAM_QUERY, .type = PARAM_TEXT, .min = 1, .max = REASON_MAX_BYTES},
};

static const struct route_param one_dead_params[] = {
    {.name = "dead_record_id", .from = PARAM_PATH, .type = PARAM_UUID, .required = true}, TENANT};

static const struct route_param replay_params[] = {
    {.name = "sync_id", .from = PARAM_MADE, .type = PARAM_NEW_ID},
    TENANT,
    {.name = "connection_id", .from = PARAM_BODY, .type = PARAM_UUID, .required = true},
    {.name = "resource",
        .from = PARAM_BODY,
        .type = PARAM_TEXT,
        .required = true,
        .min = 1,
        .max = NAME_MAX_BYTES},
    {.name = "ids", .from = PARAM_BODY, .type = PARAM_IDS},
    {.name = "traceparent", .from = PARAM_HEADER, .type = PARAM_TRACEPARENT},
};

#define PARAMS(list) .params = (list), .nparams = ARRAY_SIZE(list)

static const struct route table[] = {
    {"POST", "/v1/syncs", ROUTE_SERVICE, ROUTE_WRITE, &sql_syncs_accept, PARAMS(accept_params)},
    {"GET", "/v1/syncs", ROUTE_SERVICE, ROUTE_READ, &sql_syncs_list, PARAMS(list_params)},
    {"GET", "/v1/syncs/{sync_id}", ROUTE_SERVICE, ROUTE_READ, &sql_syncs_get, PARAMS(one_sync_params)},
    {"POST", "/v1/syncs/{sync_id}/cancel", ROUTE_SERVICE, ROUTE_WRITE, &sql_syncs_cancel,
        PARAMS(one_sync_params)},
    {"GET", "/v1/dead-records", ROUTE_SERVICE, ROUTE_READ, &sql_dead_records_list, PARAMS(dead_list_params)},
    {"GET", "/v1/dead-records/{dead_record_id}", ROUTE_SERVICE, ROUTE_READ, &sql_dead_records_get,
        PARAMS(one_dead_params)},
    {"POST", "/v1/dead-records/replay", ROUTE_SERVICE, ROUTE_WRITE, &sql_dead_records_replay,
        PARAMS(replay_params)},
    {"GET", "/v1/providers", ROUTE_SERVICE, ROUTE_PROVIDERS, NULL, NULL, 0},
};

const struct routes *routes_all(void)
{
	static const struct routes all = {table, ARRAY_SIZE(table)};

	return &all;
}
