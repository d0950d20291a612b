// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "route_rows.h"
#include "syncs.h"

#define SYNC_STATES "queued|running|completed|failed|cancelled"
#define PRIORITIES "interactive|backfill"

/* clang-format off */
#define FILTER(called, kind) {.name = (called), .from = PARAM_QUERY, .type = (kind)}
#define FILTER_OF(called, names) {.name = (called), .from = PARAM_QUERY, .type = PARAM_ENUM, .allowed = (names)}
#define CHOICE(called, names, usual) {.name = (called), .from = PARAM_BODY, .type = PARAM_ENUM, .allowed = (names), .fallback = (usual)}
/* clang-format on */

static const struct route_param accept_params[] = {
    {.name = "tenant_id", .from = PARAM_BODY, .type = PARAM_OWN_TENANT},
    NEW_ID("sync_id"),
    TENANT,
    {.name = "connection_id", .from = PARAM_BODY, .type = PARAM_UUID, .required = true},
    {.name = "provider", .from = PARAM_BODY, .type = PARAM_PROVIDER, .required = true},
    {.name = "resources", .from = PARAM_BODY, .type = PARAM_RESOURCES},
    CHOICE("mode", "full|incremental", "incremental"),
    TRACEPARENT,
    {.name = "direct", .from = PARAM_MADE, .type = PARAM_DIRECT},
    CHOICE("priority", PRIORITIES, "interactive"),
    CHOICE("on_conflict", "attach|reject", "attach"),
    IDEMPOTENCY_KEY,
    {.name = "Prefer", .from = PARAM_HEADER, .type = PARAM_PREFER},
};

static const struct route_param list_params[] = {
    TENANT,
    LIMIT,
    CURSOR,
    FILTER_OF("state", SYNC_STATES),
    FILTER("provider", PARAM_PROVIDER),
    FILTER("connection_id", PARAM_UUID),
    {.name = "resource", .from = PARAM_QUERY, .type = PARAM_TEXT, .min = 1, .max = NAME_MAX_BYTES},
    FILTER_OF("mode", "full|incremental|replay|records"),
    FILTER_OF("priority", PRIORITIES),
    FILTER("created_after", PARAM_TIME),
    FILTER("created_before", PARAM_TIME),
    IF_NONE_MATCH,
};

static const struct route_param one_params[] = {PATH_ID("sync_id"), TENANT, IF_NONE_MATCH};
static const struct route_param cancel_params[] = {PATH_ID("sync_id"), TENANT};
static const struct route_param retry_params[] = {
    NEW_ID("new_sync_id"), PATH_ID("sync_id"), TENANT, TRACEPARENT, IDEMPOTENCY_KEY};

static const struct route rows[] = {
    {"POST", "/v1/syncs", RIGHT_SYNC, ROUTE_WRITE, &sql_syncs_accept, PARAMS(accept_params),
        .then = syncs_accepted},
    {"GET", "/v1/syncs", RIGHT_READ, ROUTE_READ, &sql_syncs_list, PARAMS(list_params)},
    {"GET", "/v1/syncs/{sync_id}", RIGHT_READ, ROUTE_READ, &sql_syncs_get, PARAMS(one_params)},
    {"POST", "/v1/syncs/{sync_id}/cancel", RIGHT_SYNC, ROUTE_WRITE, &sql_syncs_cancel, PARAMS(cancel_params)},
    {"POST", "/v1/syncs/{sync_id}/retry", RIGHT_SYNC, ROUTE_WRITE, &sql_syncs_retry, PARAMS(retry_params)},
};

const struct routes routes_syncs = ROWS(rows);
