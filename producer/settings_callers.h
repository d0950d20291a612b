// SPDX-License-Identifier: Apache-2.0
#pragma once
/* The rows of the producer's settings that say who may call; only settings.c includes it. */
#include "base/base.h"
#include "settings.h"

/* clang-format off */
#define SETTINGS_CALLERS \
    {.name = "auth.remember_ms", CONF_INT(struct settings, auth.remember_ms), .fallback = "5000", .min = 0, .max = 60000, \
        .help = "what was found out about a key or a token is believed for so long; a revoked key works for as long"}, \
    {.name = "auth.jwt_secret", CONF_STRING(struct settings, auth.tokens.secret), .secret = true, .fallback = "", \
        .also = "AUTH_SECRET|JWT_SECRET", \
        .help = "verifies users' tokens of HS256; at least 32 characters; AUTH_SECRET and JWT_SECRET are read, too"}, \
    {.name = "auth.jwks", CONF_STRING(struct settings, auth.tokens.jwks), .fallback = "", \
        .help = "file or https:// URL of the key set that verifies users' tokens of RS256 and ES256"}, \
    {.name = "auth.jwks_refetch_ms", CONF_INT(struct settings, auth.tokens.jwks_refetch_ms), .fallback = "10000", \
        .min = 100, .max = 3600000, .help = "a key that is missing makes us look again, but not more often than this"}, \
    {.name = "auth.jwks_refresh_ms", CONF_INT(struct settings, auth.tokens.jwks_refresh_ms), .fallback = "600000", \
        .min = 1000, .max = 86400000, .help = "the key set is read again after this, so that withdrawn keys end"}, \
    {.name = "auth.jwt_algorithms", CONF_STRING(struct settings, auth.tokens.algorithms), .fallback = "", \
        .help = "some of HS256,RS256,ES256; empty: those that there is a secret or a key set for"}, \
    {.name = "auth.jwt_issuer", CONF_STRING(struct settings, auth.tokens.issuer), .fallback = "", \
        .help = "what `iss` must be; needed with auth.jwks"}, \
    {.name = "auth.jwt_audience", CONF_STRING(struct settings, auth.tokens.audience), .fallback = "", \
        .help = "what `aud` must be or hold; needed with auth.jwks"}, \
    {.name = "auth.jwt_leeway_s", CONF_INT(struct settings, auth.tokens.leeway_s), .fallback = "30", .min = 0, .max = 300, \
        .help = "how far the clocks of `exp` and `nbf` may be off"}, \
    {.name = "auth.jwt_max_bytes", CONF_INT(struct settings, auth.tokens.max_bytes), .fallback = "8192", .min = 256, \
        .max = 10000, .help = "longest token"}, \
    {.name = "auth.tenant_claim", CONF_STRING(struct settings, auth.tokens.tenant_claim), .fallback = "tenant_id", .min = 1, \
        .help = "claim that names the tenant, by id or name; a JSON pointer when it begins with /"}, \
    {.name = "auth.tenant", CONF_STRING(struct settings, auth.tokens.tenant), .fallback = "", \
        .help = "tenant of tokens without that claim; empty: they are refused"}, \
    {.name = "auth.role_claim", CONF_STRING(struct settings, auth.tokens.role_claim), .fallback = "role", .min = 1, \
        .help = "claim with the role or a list of roles; a JSON pointer when it begins with /"}, \
    {.name = "auth.admin_role", CONF_STRING(struct settings, auth.tokens.admin_role), .fallback = "admin", .min = 1, \
        .help = "role that makes an admin of the tenant; everybody else is a user"}, \
    {.name = "http.allowed_origins", CONF_STRING(struct settings, gate.allowed_origins), .fallback = "", \
        .help = "https://app.example.com[,...]: origins whose pages may call with a user's cookie or token (CORS)"}, \
    {.name = "http.rate_per_minute", CONF_INT(struct settings, gate.rate_per_minute), .fallback = "0", .min = 0, \
        .max = 60000000, .help = "calls of each caller to each producer; 0: no limit"}, \
    {.name = "http.rate_burst", CONF_INT(struct settings, gate.rate_burst), .fallback = "100", .min = 1, .max = 1000000, \
        .help = "calls that a caller may make at once, with such a limit"}
/* clang-format on */
