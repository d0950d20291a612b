// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "dialects.h"
#include "route_rows.h"
#include "zoho_asks.h"
#include "zoho_manual.h"

#define MODULE_MAX 100   /* bytes of an API name */
#define MODULES_MAX 100  /* of one request */
#define RECORDS_MAX 100  /* ids of one call to Zoho */
#define FIELDS_MAX 5     /* that Zoho makes at once */
#define SESSION_MAX 2048 /* what is no UUID is nobody's session */
#define RECENT "10"
#define RECENT_MAX 50
/* The module whose fields are told when none is named: what a pipeline is made of. */
#define TELLING "Deals"

/* clang-format off */
#define ORG(place) {.name = "connection_id", .from = (place), .type = PARAM_UUID}
#define REGISTRY {.name = "registry", .from = PARAM_MADE, .type = PARAM_REGISTRY}
#define SESSION {.name = "session_id", .from = PARAM_PATH, .type = PARAM_TEXT, .required = true, .min = 1, .max = SESSION_MAX}
#define MODULES {.name = "modules", .from = PARAM_BODY, .type = PARAM_TEXTS, .min = 1, .max = MODULES_MAX}
#define MODULE(place, usual) {.name = "module", .from = (place), .type = PARAM_TEXT, .fallback = (usual), .min = 1, .max = MODULE_MAX}

static const struct route_param start_params[] = {NEW_ID("session_id"), TENANT, ORG(PARAM_BODY), MODULES, REGISTRY, TRACEPARENT, IDEMPOTENCY_KEY};
static const struct route_param manual_params[] = {
    NEW_ID("session_id"), TENANT, ORG(PARAM_BODY), MODULE(PARAM_BODY, NULL),
    {.name = "record_ids", .from = PARAM_BODY, .type = PARAM_TEXTS, .min = 1, .max = RECORDS_MAX},
    MODULES,
    {.name = "force", .from = PARAM_BODY, .type = PARAM_BOOL, .fallback = "false"},
    REGISTRY, TRACEPARENT, IDEMPOTENCY_KEY,
};
static const struct route_param session_params[] = {SESSION, TENANT};
static const struct route_param current_params[] = {
    TENANT, ORG(PARAM_QUERY),
    {.name = "limit", .from = PARAM_QUERY, .type = PARAM_INT, .fallback = RECENT, .min = 1, .max = RECENT_MAX},
};
static const struct route_param check_params[] = {TENANT, ORG(PARAM_BODY), MODULES, REGISTRY};
static const struct route_param org_params[] = {TENANT, ORG(PARAM_QUERY)};
static const struct route_param org_registry_params[] = {TENANT, ORG(PARAM_QUERY), REGISTRY};
static const struct route_param refresh_params[] = {TENANT, ORG(PARAM_BODY)};
static const struct route_param metadata_params[] = {TENANT, ORG(PARAM_QUERY), MODULE(PARAM_QUERY, TELLING)};
static const struct route_param field_check_params[] = {
    TENANT, ORG(PARAM_QUERY), MODULE(PARAM_QUERY, TELLING),
    {.name = "fields", .from = PARAM_QUERY, .type = PARAM_TEXT, .min = 1, .max = 8192},
};
static const struct route_param create_params[] = {
    TENANT, ORG(PARAM_BODY), MODULE(PARAM_BODY, TELLING),
    {.name = "fields", .from = PARAM_BODY, .type = PARAM_OBJECTS, .required = true, .min = 1, .max = FIELDS_MAX},
};

static const struct route rows[] = {
    {"POST", "/api/sync/full", RIGHT_SYNC, ROUTE_WRITE, &sql_zoho_start_full, PARAMS(start_params), .dialect = &dialect_zoho},
    {"POST", "/api/sync/incremental", RIGHT_SYNC, ROUTE_WRITE, &sql_zoho_start_incremental, PARAMS(start_params), .dialect = &dialect_zoho},
    {"POST", "/api/sync/manual", RIGHT_SYNC, ROUTE_WRITE, &sql_zoho_start_manual, PARAMS(manual_params), .then = zoho_manual_started, .dialect = &dialect_zoho},
    {"DELETE", "/api/sync/session/{session_id}", RIGHT_SYNC, ROUTE_WRITE, &sql_zoho_cancel, PARAMS(session_params), .dialect = &dialect_zoho},
    {"GET", "/api/sync/status/{session_id}", RIGHT_READ, ROUTE_READ, &sql_zoho_session, PARAMS(session_params), .dialect = &dialect_zoho},
    {"GET", "/api/sync/status/current", RIGHT_READ, ROUTE_READ, &sql_zoho_current, PARAMS(current_params), .dialect = &dialect_zoho},
    {"GET", "/api/sync/health", RIGHT_READ, ROUTE_READ, &sql_zoho_health, PARAMS(org_params), .dialect = &dialect_zoho},
    {"POST", "/api/sync/validate", RIGHT_SYNC, ROUTE_HANDLER, PARAMS(check_params), .handler = zoho_sync_validate, .dialect = &dialect_zoho},
    {"GET", "/api/auth/validate", RIGHT_READ, ROUTE_HANDLER, PARAMS(org_params), .handler = zoho_auth_validate, .dialect = &dialect_zoho},
    {"POST", "/api/auth/refresh", RIGHT_CONNECT, ROUTE_HANDLER, PARAMS(refresh_params), .handler = zoho_auth_refresh, .dialect = &dialect_zoho},
    {"GET", "/api/auth/permissions", RIGHT_READ, ROUTE_HANDLER, PARAMS(org_registry_params), .handler = zoho_auth_permissions, .dialect = &dialect_zoho},
    {"GET", "/api/auth/organization", RIGHT_READ, ROUTE_HANDLER, PARAMS(org_params), .handler = zoho_auth_organization, .dialect = &dialect_zoho},
    {"GET", "/api/auth/modules", RIGHT_READ, ROUTE_HANDLER, PARAMS(org_registry_params), .handler = zoho_auth_modules, .dialect = &dialect_zoho},
    {"GET", "/api/auth/fields/metadata", RIGHT_READ, ROUTE_HANDLER, PARAMS(metadata_params), .handler = zoho_fields_metadata, .dialect = &dialect_zoho},
    {"POST", "/api/auth/fields/create", RIGHT_CONNECT, ROUTE_HANDLER, PARAMS(create_params), .handler = zoho_fields_create, .dialect = &dialect_zoho},
    {"GET", "/api/auth/fields/validate", RIGHT_READ, ROUTE_HANDLER, PARAMS(field_check_params), .handler = zoho_fields_validate, .dialect = &dialect_zoho},
};
/* clang-format on */

const struct routes routes_zoho = ROWS(rows);
