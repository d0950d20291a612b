// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "route_rows.h"

#define CLASSES "transient|throttled|token|cursor|cap|stalled|permanent|database"
#define FINGERPRINT_MAX_BYTES 64

/* clang-format off */
#define FILTERS(place) \
	{.name = "connection_id", .from = (place), .type = PARAM_UUID}, \
	{.name = "provider", .from = (place), .type = PARAM_PROVIDER}, \
	{.name = "resource", .from = (place), .type = PARAM_TEXT, .min = 1, .max = NAME_MAX_BYTES}, \
	{.name = "class", .from = (place), .type = PARAM_ENUM, .allowed = CLASSES}
#define FINGERPRINT(place) \
	{.name = "fingerprint", .from = (place), .type = PARAM_TEXT, .min = 1, .max = FINGERPRINT_MAX_BYTES}
/* Each is a sync of its own at most, so that a call ends within a second. */
#define MANY \
	{.name = "limit", .from = PARAM_BODY, .type = PARAM_INT, .fallback = "200", .min = 1, .max = 500}
#define IDS {.name = "ids", .from = PARAM_BODY, .type = PARAM_IDS}
/* clang-format on */

static const struct route_param list_params[] = {
    OPERATES, LIMIT, CURSOR, FILTERS(PARAM_QUERY), FINGERPRINT(PARAM_QUERY), IF_NONE_MATCH};

static const struct route_param groups_params[] = {OPERATES, LIMIT, FILTERS(PARAM_QUERY)};

static const struct route_param one_params[] = {PATH_ID("task_id"), OPERATES};

static const struct route_param replay_params[] = {
    OPERATES, USER, IDS, FILTERS(PARAM_BODY), FINGERPRINT(PARAM_BODY), MANY, TRACEPARENT, IDEMPOTENCY_KEY};

static const struct route_param discard_params[] = {
    OPERATES, USER, REASON(true), IDS, FILTERS(PARAM_BODY), FINGERPRINT(PARAM_BODY), MANY, IDEMPOTENCY_KEY};

static const struct route rows[] = {
    {"GET", "/v1/dead-letters", RIGHT_READ, ROUTE_READ, &sql_dead_letters_list, PARAMS(list_params)},
    {"GET", "/v1/dead-letters/groups", RIGHT_READ, ROUTE_READ, &sql_dead_letters_groups,
        PARAMS(groups_params)},
    {"GET", "/v1/dead-letters/{task_id}", RIGHT_READ, ROUTE_READ, &sql_dead_letters_get, PARAMS(one_params)},
    {"POST", "/v1/dead-letters/replay", RIGHT_SYNC, ROUTE_WRITE, &sql_dead_letters_replay,
        PARAMS(replay_params)},
    {"POST", "/v1/dead-letters/discard", RIGHT_SYNC, ROUTE_WRITE, &sql_dead_letters_discard,
        PARAMS(discard_params)},
};

const struct routes routes_dead_letters = ROWS(rows);
