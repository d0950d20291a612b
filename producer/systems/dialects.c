// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "dialects.h"

#define WORDS(list) .words = (list), .nwords = ARRAY_SIZE(list)

/* Whatever is wrong with a request is a 400. */
static const struct dialect_word practicepanther_words[] = {
    {.code = "no_token",
        .error = "No PP token available",
        .message = "Complete OAuth setup first before syncing"},
    {.code = "dead_token",
        .error = "PP token no longer valid",
        .message = "Complete OAuth setup again before syncing"},
    {.code = "nothing_to_sync", .error = "Nothing to sync"},
    {.code = "nothing_connected", .error = "No PP token available"},
    {.status = 422, .says_status = 400},
};

#define AMAZON_WORDS                                                                                         \
	{.status = 401, .error = "unauthorized", .message = "Unauthorized. Please log in."},                 \
	{                                                                                                    \
		.status = 422, .says_status = 400                                                            \
	}

static const struct dialect_word amazon_words[] = {
    AMAZON_WORDS,
    {.status = 500,
        .error = "internal_server_error",
        .message = "Something went wrong. Please try again later."},
};

/* Its users know one failure of the server, whatever it is that is away. */
static const struct dialect_word amazon_sync_words[] = {
    AMAZON_WORDS,
    {.status = 503,
        .says_status = 500,
        .error = "internal_server_error",
        .message = "Failed to start sync. Please try again later."},
    {.status = 500,
        .error = "internal_server_error",
        .message = "Failed to start sync. Please try again later."},
};

static const struct dialect_word highlevel_words[] = {
    {.code = "no_connection", .error = "No valid OAuth connection found"},
    {.code = "no_location", .error = "No location ID found for user"},
    {.code = "grant_dead", .error = "Failed to refresh token"},
    {.code = "refresh_failed", .error = "Failed to refresh token"},
    {.code = "highlevel_unauthorized", .error = "HighLevel API error: 401 Unauthorized"},
    {.code = "highlevel_error", .error = "HighLevel API error"},
};

const struct dialect dialect_practicepanther = {DIALECT_PLAIN, WORDS(practicepanther_words)};
const struct dialect dialect_highlevel = {DIALECT_PLAIN, WORDS(highlevel_words)};
const struct dialect dialect_amazon = {DIALECT_FLAGGED, WORDS(amazon_words)};
const struct dialect dialect_amazon_sync = {DIALECT_FLAGGED, WORDS(amazon_sync_words)};
const struct dialect dialect_google = {.shape = DIALECT_PLAIN};
const struct dialect dialect_zoho = {.shape = DIALECT_FIELDS};
