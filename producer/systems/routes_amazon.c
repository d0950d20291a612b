// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "amazon.h"
#include "route_rows.h"

#define ROOT "/api/v1/integrations/amazon"
#define SYNC_NAME_MAX 255
#define TEXT_MAX 255
#define CURSOR_MAX 1200 /* two digits a byte of a SKU */
#define URL_MAX 2048
#define SECRET_MAX 16384

/* clang-format off */
#define TEXT(called, most) {.name = (called), .from = PARAM_QUERY, .type = PARAM_TEXT, .min = 1, .max = (most)}
#define CHOICE(called, names) {.name = (called), .from = PARAM_QUERY, .type = PARAM_ENUM, .allowed = (names)}
#define TIME(called) {.name = (called), .from = PARAM_QUERY, .type = PARAM_TIME}
#define PAGE TENANT, USER, LIMIT, TEXT("cursor", CURSOR_MAX)

static const struct route_param start_params[] = {
    NEW_ID("sync_id"), TENANT, USER,
    {.name = "registry", .from = PARAM_MADE, .type = PARAM_REGISTRY},
    TRACEPARENT,
};

static const struct route_param cancel_params[] = {
    {.name = "syncId", .from = PARAM_PATH, .type = PARAM_TEXT, .required = true, .min = 1, .max = SYNC_NAME_MAX},
    TENANT,
};

static const struct route_param progress_params[] = {TENANT, USER, TEXT("syncId", SYNC_NAME_MAX)};
static const struct route_param status_params[] = {TENANT, USER};

static const struct route_param claims_params[] = {
    PAGE, CHOICE("status", "approved|pending|denied"), TEXT("type", 100), TEXT("orderId", TEXT_MAX), TIME("from"), TIME("to"),
    TEXT("q", TEXT_MAX),
};

static const struct route_param inventory_params[] = {
    PAGE, TEXT("sku", TEXT_MAX), TEXT("asin", TEXT_MAX),
    {.name = "inStock", .from = PARAM_QUERY, .type = PARAM_BOOL},
    TEXT("q", TEXT_MAX),
};

static const struct route_param orders_params[] = {
    PAGE, CHOICE("status", "PendingAvailability|Pending|Unshipped|PartiallyShipped|Shipped|Canceled|Unfulfillable|InvoiceUnconfirmed"),
    CHOICE("fulfillmentChannel", "FBA|FBM"), TIME("from"), TIME("to"), TEXT("orderId", TEXT_MAX),
};

static const struct route_param connect_params[] = {
    {.name = "region", .from = PARAM_BODY, .type = PARAM_ENUM, .allowed = "na|eu|fe|sandbox-na|sandbox-eu|sandbox-fe"},
    {.name = "marketplaceIds", .from = PARAM_BODY, .type = PARAM_TEXT, .min = 1, .max = 1024},
    {.name = "returnTo", .from = PARAM_BODY, .type = PARAM_TEXT, .min = 1, .max = URL_MAX},
};

static const struct route_param callback_params[] = {
    {.name = "state", .from = PARAM_QUERY, .type = PARAM_TEXT, .min = 0, .max = URL_MAX},
    {.name = "spapi_oauth_code", .from = PARAM_QUERY, .type = PARAM_TEXT, .min = 0, .max = SECRET_MAX},
    {.name = "selling_partner_id", .from = PARAM_QUERY, .type = PARAM_TEXT, .min = 0, .max = TEXT_MAX},
    {.name = "error", .from = PARAM_QUERY, .type = PARAM_TEXT, .min = 0, .max = URL_MAX},
};

static const struct route rows[] = {
    {"POST", ROOT "/sync", RIGHT_SYNC, ROUTE_WRITE, &sql_amazon_sync_start, PARAMS(start_params), .then = amazon_sync_started,
        .dialect = &dialect_amazon_sync, .demo = true},
    {"POST", ROOT "/sync/{syncId}/cancel", RIGHT_SYNC, ROUTE_WRITE, &sql_amazon_sync_cancel, PARAMS(cancel_params),
        .dialect = &dialect_amazon, .demo = true},
    {"GET", "/api/sync/status", RIGHT_READ, ROUTE_READ, &sql_amazon_sync_status, PARAMS(progress_params), .dialect = &dialect_amazon, .demo = true},
    {"GET", ROOT "/status", RIGHT_READ, ROUTE_READ, &sql_amazon_status, PARAMS(status_params), .dialect = &dialect_amazon, .demo = true},
    {"GET", ROOT "/claims", RIGHT_READ, ROUTE_READ, &sql_amazon_claims, PARAMS(claims_params), .dialect = &dialect_amazon, .demo = true},
    {"GET", ROOT "/inventory", RIGHT_READ, ROUTE_READ, &sql_amazon_inventory, PARAMS(inventory_params), .dialect = &dialect_amazon, .demo = true},
    {"GET", ROOT "/orders", RIGHT_READ, ROUTE_READ, &sql_amazon_orders, PARAMS(orders_params), .dialect = &dialect_amazon, .demo = true},
    {"POST", ROOT "/connect", RIGHT_CONNECT, ROUTE_HANDLER, PARAMS(connect_params), .handler = amazon_connect,
        .dialect = &dialect_amazon, .demo = true},
    {"GET", ROOT "/callback", ROUTE_PUBLIC, ROUTE_HANDLER, PARAMS(callback_params), .handler = amazon_callback,
        .dialect = &dialect_amazon, .open = true},
};
/* clang-format on */

const struct routes routes_amazon = ROWS(rows);
