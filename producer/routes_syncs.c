// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "route_rows.h"

#define SYNC_STATES "queued|running|completed|failed|cancelled"

static const struct route_param accept_params[] = {
    {.name = "tenant_id", .from = PARAM_BODY, .type = PARAM_OWN_TENANT},
    NEW_ID("sync_id"),
    TENANT,
    {.name = "connection_id", .from = PARAM_BODY, .type = PARAM_UUID, .required = true},
    {.name = "provider", .from = PARAM_BODY, .type = PARAM_PROVIDER, .required = true},
    {.name = "resources", .from = PARAM_BODY, .type = PARAM_RESOURCES},
    {.name = "mode",
        .from = PARAM_BODY,
        .type = PARAM_ENUM,
        .allowed = "full|incremental",
        .fallback = "incremental"},
    TRACEPARENT,
    {.name = "direct", .from = PARAM_MADE, .type = PARAM_DIRECT},
};

static const struct route_param list_params[] = {
    TENANT,
    LIMIT,
    CURSOR,
    {.name = "state", .from = PARAM_QUERY, .type = PARAM_ENUM, .allowed = SYNC_STATES},
    {.name = "provider", .from = PARAM_QUERY, .type = PARAM_PROVIDER},
    {.name = "connection_id", .from = PARAM_QUERY, .type = PARAM_UUID},
};

static const struct route_param one_params[] = {PATH_ID("sync_id"), TENANT};

static const struct route rows[] = {
    {"POST", "/v1/syncs", RIGHT_SYNC, ROUTE_WRITE, &sql_syncs_accept, PARAMS(accept_params)},
    {"GET", "/v1/syncs", RIGHT_READ, ROUTE_READ, &sql_syncs_list, PARAMS(list_params)},
    {"GET", "/v1/syncs/{sync_id}", RIGHT_READ, ROUTE_READ, &sql_syncs_get, PARAMS(one_params)},
    {"POST", "/v1/syncs/{sync_id}/cancel", RIGHT_SYNC, ROUTE_WRITE, &sql_syncs_cancel, PARAMS(one_params)},
};

const struct routes routes_syncs = ROWS(rows);
