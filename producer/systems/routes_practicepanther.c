// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "dialects.h"
#include "practicepanther_token.h"
#include "route_rows.h"

#define PATH "/api/admin/pp-token"
#define URL_MAX 2048
#define CODE_MAX 16384
#define WORDS .dialect = &dialect_practicepanther

/* clang-format off */
#define CHOSEN(called) {.name = (called), .from = PARAM_BODY, .type = PARAM_BOOL, .fallback = "true"}

static const struct route_param trigger_params[] = {
    NEW_ID("sync_id"), TENANT, USER, CHOSEN("sync_contacts"), CHOSEN("sync_matters"), CHOSEN("sync_tasks"), TRACEPARENT,
    {.name = "direct", .from = PARAM_MADE, .type = PARAM_DIRECT},
};
static const struct route_param auth_params[] = {
    TENANT,
    {.name = "return_to", .from = PARAM_QUERY, .type = PARAM_TEXT, .min = 1, .max = URL_MAX},
};
static const struct route_param callback_params[] = {
    {.name = "state", .from = PARAM_QUERY, .type = PARAM_TEXT, .min = 0, .max = URL_MAX},
    {.name = "code", .from = PARAM_QUERY, .type = PARAM_TEXT, .min = 0, .max = CODE_MAX},
    {.name = "error", .from = PARAM_QUERY, .type = PARAM_TEXT, .min = 0, .max = URL_MAX},
};
static const struct route_param own_params[] = {TENANT};

static const struct route rows[] = {
    {"POST", PATH "/trigger-sync", RIGHT_ADMIN, ROUTE_WRITE, &sql_practicepanther_trigger_sync, PARAMS(trigger_params),
        .then = practicepanther_triggered, WORDS},
    {"GET", PATH "/auth-url", RIGHT_ADMIN, ROUTE_HANDLER, PARAMS(auth_params), .handler = practicepanther_auth_url, WORDS},
    {"GET", PATH "/callback", ROUTE_PUBLIC, ROUTE_HANDLER, PARAMS(callback_params), .handler = practicepanther_callback, .open = true, WORDS},
    {"GET", PATH "/status", RIGHT_ADMIN, ROUTE_READ, &sql_practicepanther_status, PARAMS(own_params), WORDS},
    {"POST", PATH "/disconnect", RIGHT_ADMIN, ROUTE_HANDLER, PARAMS(own_params), .handler = practicepanther_disconnect, WORDS},
};
/* clang-format on */

const struct routes routes_practicepanther = ROWS(rows);
