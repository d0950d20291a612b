// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "dialects.h"
#include "highlevel_handlers.h"
#include "route_rows.h"

#define USER_MAX 255
#define ID_MAX 64
#define URL_MAX 2048
#define CODE_MAX 16384
#define CURSOR_MAX 512
#define DURATION_MAX 86400
#define ACTIONS                                                                                              \
	"CALL_TRANSFER|DATA_EXTRACTION|IN_CALL_DATA_EXTRACTION|WORKFLOW_TRIGGER|SMS|APPOINTMENT_BOOKING|"    \
	"CUSTOM_ACTION|KNOWLEDGE_BASE"

/* clang-format off */
#define WHOSE {.name = "userId", .from = PARAM_BODY, .type = PARAM_TEXT, .required = true, .min = 1, .max = USER_MAX}
#define FILTER(called, longest) {.name = (called), .from = PARAM_QUERY, .type = PARAM_TEXT, .min = 1, .max = (longest)}
#define FILTER_OF(called, names) {.name = (called), .from = PARAM_QUERY, .type = PARAM_ENUM, .allowed = (names)}
#define FILTER_TIME(called) {.name = (called), .from = PARAM_QUERY, .type = PARAM_TIME}

static const struct route_param sync_params[] = {
    NEW_ID("sync_id"), TENANT, WHOSE,
    {.name = "startDate", .from = PARAM_BODY, .type = PARAM_TIME},
    {.name = "endDate", .from = PARAM_BODY, .type = PARAM_TIME},
    TRACEPARENT,
};

static const struct route_param user_params[] = {TENANT, WHOSE};

static const struct route_param start_params[] = {
    {.name = "userId", .from = PARAM_QUERY, .type = PARAM_TEXT, .required = true, .min = 1, .max = USER_MAX},
    FILTER("returnTo", URL_MAX),
};

static const struct route_param callback_params[] = {
    {.name = "state", .from = PARAM_QUERY, .type = PARAM_TEXT, .min = 0, .max = URL_MAX},
    {.name = "code", .from = PARAM_QUERY, .type = PARAM_TEXT, .min = 0, .max = CODE_MAX},
    {.name = "error", .from = PARAM_QUERY, .type = PARAM_TEXT, .min = 0, .max = URL_MAX},
};

static const struct route_param users_params[] = {TENANT, LIMIT, CURSOR};

static const struct route_param calls_params[] = {
    TENANT, LIMIT, FILTER("cursor", CURSOR_MAX), FILTER("userId", USER_MAX), FILTER_TIME("startDate"), FILTER_TIME("endDate"),
    FILTER("agentId", ID_MAX), FILTER("contactId", ID_MAX), FILTER("fromNumber", ID_MAX), FILTER_OF("callType", "LIVE|TRIAL"),
    FILTER_OF("actionType", ACTIONS),
    {.name = "minDuration", .from = PARAM_QUERY, .type = PARAM_INT, .min = 0, .max = DURATION_MAX},
};

static const struct route rows[] = {
    {"POST", "/functions/v1/sync-highlevel-calls", RIGHT_SYNC, ROUTE_WRITE, &sql_highlevel_sync, PARAMS(sync_params), .then = highlevel_sync_accepted, .dialect = &dialect_highlevel},
    {"POST", "/functions/v1/oauth-refresh", RIGHT_CONNECT, ROUTE_HANDLER, PARAMS(user_params), .handler = highlevel_refresh, .dialect = &dialect_highlevel},
    {"POST", "/functions/v1/oauth-test", RIGHT_CONNECT, ROUTE_HANDLER, PARAMS(user_params), .handler = highlevel_test, .dialect = &dialect_highlevel},
    {"GET", "/functions/v1/oauth-start", RIGHT_CONNECT, ROUTE_HANDLER, PARAMS(start_params), .handler = highlevel_start, .dialect = &dialect_highlevel},
    {"GET", "/oauth/callback", ROUTE_PUBLIC, ROUTE_HANDLER, PARAMS(callback_params), .handler = highlevel_callback, .open = true, .dialect = &dialect_highlevel},
    {"GET", "/functions/v1/admin-users", RIGHT_ADMIN, ROUTE_READ, &sql_highlevel_users, PARAMS(users_params), .dialect = &dialect_highlevel},
    {"POST", "/functions/v1/oauth-disconnect", RIGHT_CONNECT, ROUTE_WRITE, &sql_highlevel_disconnect, PARAMS(user_params), .dialect = &dialect_highlevel},
    {"GET", "/functions/v1/highlevel-calls", RIGHT_READ, ROUTE_READ, &sql_highlevel_calls, PARAMS(calls_params), .dialect = &dialect_highlevel},
};
/* clang-format on */

const struct routes routes_highlevel = ROWS(rows);
