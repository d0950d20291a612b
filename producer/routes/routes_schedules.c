// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "route_rows.h"

#define INTERVAL_MIN_S 60
#define INTERVAL_MAX_S 31622400 /* a leap year */
#define CRON_MAX_BYTES 200
#define ZONE_MAX_BYTES 64

/* What makes up a schedule: given whole, also to replace one. */
#define SCHEDULE                                                                                             \
	TENANT, {.name = "provider", .from = PARAM_BODY, .type = PARAM_PROVIDER, .required = true},          \
	    {.name = "connection_id", .from = PARAM_BODY, .type = PARAM_UUID, .required = true},             \
	    {.name = "interval_s",                                                                           \
	        .from = PARAM_BODY,                                                                          \
	        .type = PARAM_INT,                                                                           \
	        .min = INTERVAL_MIN_S,                                                                       \
	        .max = INTERVAL_MAX_S},                                                                      \
	    {.name = "cron", .from = PARAM_BODY, .type = PARAM_TEXT, .min = 1, .max = CRON_MAX_BYTES},       \
	    {.name = "time_zone", .from = PARAM_BODY, .type = PARAM_TEXT, .min = 1, .max = ZONE_MAX_BYTES},  \
	    {.name = "resources", .from = PARAM_BODY, .type = PARAM_SOME_RESOURCES},                         \
	    {.name = "mode",                                                                                 \
	        .from = PARAM_BODY,                                                                          \
	        .type = PARAM_ENUM,                                                                          \
	        .allowed = "full|incremental",                                                               \
	        .fallback = "incremental"},                                                                  \
	    {.name = "missed",                                                                               \
	        .from = PARAM_BODY,                                                                          \
	        .type = PARAM_ENUM,                                                                          \
	        .allowed = "skip|once|all",                                                                  \
	        .fallback = "once"},                                                                         \
	{                                                                                                    \
		.name = "enabled", .from = PARAM_BODY, .type = PARAM_BOOL, .fallback = "true"                \
	}

static const struct route_param create_params[] = {NEW_ID("schedule_id"), SCHEDULE, IDEMPOTENCY_KEY};
static const struct route_param replace_params[] = {PATH_ID("schedule_id"), SCHEDULE};
static const struct route_param one_params[] = {PATH_ID("schedule_id"), TENANT};
static const struct route_param list_params[] = {
    TENANT,
    LIMIT,
    CURSOR,
    {.name = "connection_id", .from = PARAM_QUERY, .type = PARAM_UUID},
    {.name = "provider", .from = PARAM_QUERY, .type = PARAM_PROVIDER},
    {.name = "enabled", .from = PARAM_QUERY, .type = PARAM_BOOL},
    IF_NONE_MATCH,
};

#define ONE "/v1/schedules/{schedule_id}"

static const struct route rows[] = {
    {"POST", "/v1/schedules", RIGHT_CONNECT, ROUTE_WRITE, &sql_schedules_create, PARAMS(create_params)},
    {"GET", "/v1/schedules", RIGHT_READ, ROUTE_READ, &sql_schedules_list, PARAMS(list_params)},
    {"GET", ONE, RIGHT_READ, ROUTE_READ, &sql_schedules_get, PARAMS(one_params)},
    {"PUT", ONE, RIGHT_CONNECT, ROUTE_WRITE, &sql_schedules_replace, PARAMS(replace_params)},
    {"DELETE", ONE, RIGHT_CONNECT, ROUTE_WRITE, &sql_schedules_delete, PARAMS(one_params)},
};

const struct routes routes_schedules = ROWS(rows);
