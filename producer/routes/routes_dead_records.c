// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "route_rows.h"

static const struct route_param list_params[] = {
    TENANT,
    LIMIT,
    CURSOR,
    {.name = "connection_id", .from = PARAM_QUERY, .type = PARAM_UUID},
    {.name = "provider", .from = PARAM_QUERY, .type = PARAM_PROVIDER},
    {.name = "resource", .from = PARAM_QUERY, .type = PARAM_TEXT, .min = 1, .max = NAME_MAX_BYTES},
    {.name = "reason", .from = PARAM_QUERY, .type = PARAM_TEXT, .min = 1, .max = REASON_MAX_BYTES},
    IF_NONE_MATCH,
};

static const struct route_param one_params[] = {PATH_ID("dead_record_id"), TENANT};

static const struct route_param replay_params[] = {
    NEW_ID("sync_id"),
    TENANT,
    {.name = "connection_id", .from = PARAM_BODY, .type = PARAM_UUID, .required = true},
    {.name = "resource",
        .from = PARAM_BODY,
        .type = PARAM_TEXT,
        .required = true,
        .min = 1,
        .max = NAME_MAX_BYTES},
    {.name = "ids", .from = PARAM_BODY, .type = PARAM_IDS},
    TRACEPARENT,
    IDEMPOTENCY_KEY,
};

static const struct route rows[] = {
    {"GET", "/v1/dead-records", RIGHT_READ, ROUTE_READ, &sql_dead_records_list, PARAMS(list_params)},
    {"GET", "/v1/dead-records/{dead_record_id}", RIGHT_READ, ROUTE_READ, &sql_dead_records_get,
        PARAMS(one_params)},
    {"POST", "/v1/dead-records/replay", RIGHT_SYNC, ROUTE_WRITE, &sql_dead_records_replay,
        PARAMS(replay_params)},
};

const struct routes routes_dead_records = ROWS(rows);
