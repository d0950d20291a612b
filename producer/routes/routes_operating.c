// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "route_rows.h"

#define PROVIDER                                                                                             \
	{                                                                                                    \
		.name = "provider", .from = PARAM_PATH, .type = PARAM_PROVIDER, .required = true             \
	}

static const struct route_param providers_params[] = {
    {.name = "registry", .from = PARAM_MADE, .type = PARAM_REGISTRY}};

static const struct route_param stop_provider_params[] = {PROVIDER, USER, REASON(false)};
static const struct route_param provider_params[] = {PROVIDER, USER};

static const struct route_param pause_params[] = {PATH_ID("connection_id"), USER, REASON(false)};
static const struct route_param resume_params[] = {PATH_ID("connection_id"), USER};

static const struct route_param drain_params[] = {PATH_ID("worker_id"), USER, REASON(false)};
static const struct route_param undrain_params[] = {PATH_ID("worker_id"), USER};

static const struct route rows[] = {
    {"GET", "/v1/providers", RIGHT_READ, ROUTE_READ, &sql_providers_list, PARAMS(providers_params)},
    {"POST", "/v1/providers/{provider}/pause", RIGHT_OPERATE, ROUTE_WRITE, &sql_providers_pause,
        PARAMS(stop_provider_params)},
    {"POST", "/v1/providers/{provider}/resume", RIGHT_OPERATE, ROUTE_WRITE, &sql_providers_resume,
        PARAMS(provider_params)},
    {"POST", "/v1/connections/{connection_id}/pause", RIGHT_CONNECT, ROUTE_WRITE, &sql_connections_pause,
        PARAMS(pause_params)},
    {"POST", "/v1/connections/{connection_id}/resume", RIGHT_CONNECT, ROUTE_WRITE, &sql_connections_resume,
        PARAMS(resume_params)},
    {"GET", "/v1/breakers", RIGHT_OPERATE, ROUTE_READ, .statement = &sql_breakers_list},
    {"POST", "/v1/breakers/{provider}/close", RIGHT_OPERATE, ROUTE_WRITE, &sql_breakers_close,
        PARAMS(provider_params)},
    {"GET", "/v1/workers", RIGHT_OPERATE, ROUTE_READ, .statement = &sql_workers_list},
    {"POST", "/v1/workers/{worker_id}/drain", RIGHT_OPERATE, ROUTE_WRITE, &sql_workers_drain,
        PARAMS(drain_params)},
    {"POST", "/v1/workers/{worker_id}/undrain", RIGHT_OPERATE, ROUTE_WRITE, &sql_workers_undrain,
        PARAMS(undrain_params)},
};

const struct routes routes_operating = ROWS(rows);
