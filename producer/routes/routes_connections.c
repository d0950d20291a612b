// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "oauth_handlers.h"
#include "route_rows.h"

#define STATUSES "active|suspect|reauthorize|disconnected"
#define EXTERNAL_ID_MAX 255
#define URL_MAX 2048
#define TOKEN_MAX 16384
#define LIFE_MAX_S (INT64_C(10) * 366 * 86400) /* anything longer is a mistake */

#define SETTINGS                                                                                             \
	{                                                                                                    \
		.name = "settings", .from = PARAM_BODY, .type = PARAM_OBJECT                                 \
	}
#define SECRET(called)                                                                                       \
	{                                                                                                    \
		.name = (called), .from = PARAM_BODY, .type = PARAM_SECRET, .min = 1, .max = TOKEN_MAX       \
	}

/* clang-format off */
static const struct route_param authorize_params[] = {
    TENANT, USER,
    {.name = "provider", .from = PARAM_BODY, .type = PARAM_PROVIDER, .required = true},
    {.name = "connection_id", .from = PARAM_BODY, .type = PARAM_UUID},
    {.name = "external_id", .from = PARAM_BODY, .type = PARAM_TEXT, .min = 1, .max = EXTERNAL_ID_MAX},
    SETTINGS,
    {.name = "return_to", .from = PARAM_BODY, .type = PARAM_TEXT, .min = 1, .max = URL_MAX},
    {.name = "owner_user_id", .from = PARAM_BODY, .type = PARAM_UUID},
};

static const struct route_param callback_params[] = {
    {.name = "state", .from = PARAM_QUERY, .type = PARAM_TEXT, .min = 0, .max = URL_MAX},
    {.name = "code", .from = PARAM_QUERY, .type = PARAM_TEXT, .min = 0, .max = TOKEN_MAX},
    {.name = "error", .from = PARAM_QUERY, .type = PARAM_TEXT, .min = 0, .max = URL_MAX},
};

static const struct route_param create_params[] = {
    {.name = "provider", .from = PARAM_BODY, .type = PARAM_PROVIDER, .required = true},
    {.name = "external_id", .from = PARAM_BODY, .type = PARAM_TEXT, .required = true, .min = 1, .max = EXTERNAL_ID_MAX},
    SETTINGS, SECRET("access_token"), SECRET("refresh_token"), SECRET("client_id"), SECRET("client_secret"),
    {.name = "expires_in", .from = PARAM_BODY, .type = PARAM_INT, .min = 0, .max = LIFE_MAX_S},
    IDEMPOTENCY_KEY,
};

static const struct route_param list_params[] = {
    TENANT, LIMIT, CURSOR,
    {.name = "provider", .from = PARAM_QUERY, .type = PARAM_PROVIDER},
    {.name = "status", .from = PARAM_QUERY, .type = PARAM_ENUM, .allowed = STATUSES},
    IF_NONE_MATCH,
};

static const struct route_param one_params[] = {PATH_ID("connection_id"), TENANT, IF_NONE_MATCH};
static const struct route_param end_params[] = {PATH_ID("connection_id"), TENANT};
static const struct route_param test_params[] = {PATH_ID("connection_id"), TRACEPARENT, IDEMPOTENCY_KEY};
static const struct route_param ask_params[] = {PATH_ID("ask_id"), TENANT};

static const struct route rows[] = {
    {"POST", "/v1/connections/authorize", RIGHT_CONNECT, ROUTE_HANDLER, PARAMS(authorize_params), .handler = oauth_begin},
    {"GET", "/v1/oauth/callback", ROUTE_PUBLIC, ROUTE_HANDLER, PARAMS(callback_params), .handler = oauth_callback, .open = true},
    {"POST", "/v1/connections", RIGHT_CONNECT, ROUTE_HANDLER, PARAMS(create_params), .handler = connection_create},
    {"GET", "/v1/connections", RIGHT_READ, ROUTE_READ, &sql_connections_list, PARAMS(list_params)},
    {"GET", "/v1/connections/{connection_id}", RIGHT_READ, ROUTE_READ, &sql_connections_get, PARAMS(one_params)},
    {"DELETE", "/v1/connections/{connection_id}", RIGHT_CONNECT, ROUTE_HANDLER, PARAMS(end_params), .handler = connection_disconnect},
    {"POST", "/v1/connections/{connection_id}/test", RIGHT_CONNECT, ROUTE_HANDLER, PARAMS(test_params), .handler = connection_test},
    {"GET", "/v1/asks/{ask_id}", RIGHT_READ, ROUTE_READ, &sql_asks_get, PARAMS(ask_params)},
};
/* clang-format on */

const struct routes routes_connections = ROWS(rows);
