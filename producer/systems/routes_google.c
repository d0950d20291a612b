// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "dialects.h"
#include "google_handlers.h"
#include "route_rows.h"

#define URL_MAX 2048
#define TOKEN_MAX 16384
#define TEXT_MAX 500
#define MARK_MAX 2048
#define EVENTS_DEFAULT "250"
#define EVENTS_MAX 2500
#define MESSAGES_MAX 500

/* clang-format off */
#define QUERY_TEXT(called, most) {.name = (called), .from = PARAM_QUERY, .type = PARAM_TEXT, .min = 1, .max = (most)}
#define QUERY(called, kind) {.name = (called), .from = PARAM_QUERY, .type = (kind)}
#define PAGE(usual, most) \
    {.name = "limit", .from = PARAM_QUERY, .type = PARAM_INT, .fallback = (usual), .min = 1, .max = (most)}

static const struct route_param url_params[] = {QUERY_TEXT("returnTo", URL_MAX)};

static const struct route_param callback_params[] = {
    {.name = "state", .from = PARAM_QUERY, .type = PARAM_TEXT, .min = 0, .max = URL_MAX},
    {.name = "code", .from = PARAM_QUERY, .type = PARAM_TEXT, .min = 0, .max = TOKEN_MAX},
    {.name = "error", .from = PARAM_QUERY, .type = PARAM_TEXT, .min = 0, .max = URL_MAX},
};

static const struct route_param start_params[] = {
    NEW_ID("sync_id"), TENANT, USER,
    {.name = "integration_id", .from = PARAM_BODY, .type = PARAM_UUID},
    {.name = "mode", .from = PARAM_BODY, .type = PARAM_ENUM, .allowed = "full|incremental", .fallback = "incremental"},
    TRACEPARENT, IDEMPOTENCY_KEY,
};

static const struct route_param messages_params[] = {
    TENANT, USER, PAGE(PAGE_DEFAULT, MESSAGES_MAX), QUERY_TEXT("cursor", MARK_MAX), QUERY_TEXT("q", TEXT_MAX),
    QUERY_TEXT("label", TEXT_MAX), QUERY_TEXT("from", TEXT_MAX), QUERY_TEXT("to", TEXT_MAX), QUERY("unread", PARAM_BOOL),
    QUERY("after", PARAM_DAY_OR_TIME), QUERY("before", PARAM_DAY_OR_TIME), QUERY("integration_id", PARAM_UUID),
    IF_NONE_MATCH,
};

static const struct route_param events_params[] = {
    TENANT, USER, QUERY("from", PARAM_DAY_OR_TIME), QUERY("to", PARAM_DAY_OR_TIME), QUERY_TEXT("timeZone", NAME_MAX_BYTES),
    QUERY_TEXT("calendar", TEXT_MAX),
    {.name = "cancelled", .from = PARAM_QUERY, .type = PARAM_BOOL, .fallback = "false"},
    PAGE(EVENTS_DEFAULT, EVENTS_MAX), QUERY_TEXT("cursor", MARK_MAX), QUERY("integration_id", PARAM_UUID), IF_NONE_MATCH,
};

static const struct route rows[] = {
    {"GET", "/api/sync/google/oauth-url", RIGHT_CONNECT, ROUTE_HANDLER, PARAMS(url_params), .handler = google_oauth_url, .dialect = &dialect_google},
    {"GET", "/api/sync/google/callback", ROUTE_PUBLIC, ROUTE_HANDLER, PARAMS(callback_params), .handler = google_oauth_callback,
        .open = true, .dialect = &dialect_google},
    {"POST", "/api/sync/gmail/start", RIGHT_SYNC, ROUTE_WRITE, &sql_google_gmail_start, PARAMS(start_params), .dialect = &dialect_google},
    {"POST", "/api/sync/calendar/start", RIGHT_SYNC, ROUTE_WRITE, &sql_google_calendar_start, PARAMS(start_params), .dialect = &dialect_google},
    {"POST", "/api/internal/sync/run-once", ROUTE_PUBLIC, ROUTE_HANDLER, .handler = google_run_once, .dialect = &dialect_google},
    {"GET", "/api/sync/gmail/messages", RIGHT_READ, ROUTE_READ, &sql_google_messages, PARAMS(messages_params), .dialect = &dialect_google},
    {"GET", "/api/sync/calendar/events", RIGHT_READ, ROUTE_READ, &sql_google_events, PARAMS(events_params), .dialect = &dialect_google},
};
/* clang-format on */

const struct routes routes_google = ROWS(rows);
