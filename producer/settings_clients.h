// SPDX-License-Identifier: Apache-2.0
#pragma once
/* The rows of the producer's settings for clients that have names of their own in the environment; only
 * settings.c includes it. */
#include "base/base.h"
#include "settings.h"

/* clang-format off */
#define SETTINGS_OWN_CLIENTS \
    {.name = "oauth.highlevel_client_id", CONF_STRING(struct settings, oauth_highlevel.id), .fallback = "", \
        .also = "VITE_HIGHLEVEL_CLIENT_ID", .help = "whom the fleet is to HighLevel when oauth.clients does not say; VITE_HIGHLEVEL_CLIENT_ID"}, \
    {.name = "oauth.highlevel_client_secret", CONF_STRING(struct settings, oauth_highlevel.secret), .secret = true, .fallback = "", \
        .also = "VITE_HIGHLEVEL_CLIENT_SECRET", .help = "that client's secret; VITE_HIGHLEVEL_CLIENT_SECRET"}, \
    {.name = "oauth.highlevel_redirect_uri", CONF_STRING(struct settings, oauth_highlevel.redirect_uri), .fallback = "", \
        .also = "VITE_HIGHLEVEL_REDIRECT_URI", .help = "where HighLevel sends people back to when oauth.redirect_uris does not say; VITE_HIGHLEVEL_REDIRECT_URI"}, \
    {.name = "oauth.google_client_id", CONF_STRING(struct settings, oauth_google.id), .fallback = "", \
        .also = "GOOGLE_CLIENT_ID", .help = "whom the fleet is to Google when oauth.clients does not say; GOOGLE_CLIENT_ID"}, \
    {.name = "oauth.google_client_secret", CONF_STRING(struct settings, oauth_google.secret), .secret = true, .fallback = "", \
        .also = "GOOGLE_CLIENT_SECRET", .help = "that client's secret; GOOGLE_CLIENT_SECRET"}, \
    {.name = "oauth.google_redirect_uri", CONF_STRING(struct settings, oauth_google.redirect_uri), .fallback = "", \
        .also = "GOOGLE_OAUTH_REDIRECT_URL", .help = "where Google sends people back to when oauth.redirect_uris does not say; GOOGLE_OAUTH_REDIRECT_URL"}
/* clang-format on */
