// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "sync/declaration.h"
#include "sync/declaration_keys.h"

#define DAY_S INT64_C(86400)
#define YEARS_10_S (3660 * DAY_S)

/* One line a key: the struct's member of that name, its type, and what else the type needs. */
#define KEY(strct, name_, type_, ...)                                                                        \
	{                                                                                                    \
		.name = #name_, .type = (type_), .offset = offsetof(strct, name_), __VA_ARGS__               \
	}
#define REQUIRED .required = true
#define WORDS(...)                                                                                           \
	.words = (const char *const[])                                                                       \
	{                                                                                                    \
		__VA_ARGS__, NULL                                                                            \
	}
#define GROUP(group_) .group = (group_)
#define RANGE(from_, to_) .min = (from_), .max = (to_)
#define SECONDS RANGE(0, YEARS_10_S)

#define DEFINE_GROUP(name_, strct, defaults_)                                                                \
	static const struct group name_ = {name_##_keys, ARRAY_SIZE(name_##_keys), sizeof(strct), defaults_}

/* ---- verdicts and limits ---- */

static const char *const verdict_words[] = {
#define X(id, name) name,
    VERDICT_CLASSES(X)
#undef X
        NULL};

const char *verdict_class_name(enum verdict_class c)
{
	return verdict_words[c];
}

static const struct key verdict_group_keys[] = {
    KEY(struct verdict_rule, status, KEY_INTS, RANGE(100, 599)),
    KEY(struct verdict_rule, path, KEY_TEXT),
    KEY(struct verdict_rule, equals, KEY_TEXTS),
    KEY(struct verdict_rule, contains, KEY_TEXTS),
    KEY(struct verdict_rule, present, KEY_TRISTATE),
    KEY(struct verdict_rule, header, KEY_TEXT),
    KEY(struct verdict_rule, cursor_sent, KEY_TRISTATE),
    KEY(struct verdict_rule, class, KEY_ENUM, REQUIRED, .words = verdict_words),
    KEY(struct verdict_rule, wait_s, KEY_INT, RANGE(0, 7 * DAY_S)),
    KEY(struct verdict_rule, reason, KEY_TEXT),
};
DEFINE_GROUP(verdict_group, struct verdict_rule, NULL);

static const struct limit limit_defaults = {.period_s = 1, .scope = SCOPE_CONNECTION};
static const struct key limit_group_keys[] = {
    KEY(struct limit, name, KEY_NAME, REQUIRED),
    KEY(struct limit, kind, KEY_ENUM, REQUIRED, WORDS("rate", "quota", "concurrency")),
    KEY(struct limit, version, KEY_TEXT),
    KEY(struct limit, version_of, KEY_NAME),
    KEY(struct limit, scope, KEY_FLAGS, REQUIRED, WORDS("app", "connection", "operation")),
    KEY(struct limit, resources, KEY_TEXTS),
    KEY(struct limit, count, KEY_NUMBER, REQUIRED),
    KEY(struct limit, period_s, KEY_NUMBER),
    KEY(struct limit, burst, KEY_INT, RANGE(1, 0)),
    KEY(struct limit, weighted, KEY_BOOL),
    KEY(struct limit, rolling, KEY_BOOL),
    KEY(struct limit, header_limit, KEY_TEXT),
    KEY(struct limit, header_remaining, KEY_TEXT),
    KEY(struct limit, header_reset, KEY_TEXT),
    KEY(struct limit, header_rate, KEY_TEXT),
    KEY(struct limit, reset_format, KEY_ENUM, WORDS("delta_s", "delta_ms", "epoch_s", "epoch_ms")),
};
DEFINE_GROUP(limit_group, struct limit, &limit_defaults);

/* ---- parameters ---- */

static const struct key param_group_keys[] = {
    KEY(struct param, in, KEY_ENUM, WORDS("query", "header", "body")),
    KEY(struct param, name, KEY_TEXT, REQUIRED),
    KEY(struct param, value, KEY_TEMPLATE, REQUIRED),
    KEY(struct param, when, KEY_ENUM, WORDS("always", "full", "incremental", "first", "next")),
};
DEFINE_GROUP(param_group, struct param, NULL);

static const struct param header_defaults = {.in = PARAM_HEADER};
static const struct key header_group_keys[] = {
    KEY(struct param, name, KEY_TEXT, REQUIRED),
    KEY(struct param, value, KEY_TEMPLATE, REQUIRED),
};
DEFINE_GROUP(header_group, struct param, &header_defaults);

static const struct param field_defaults = {.in = PARAM_BODY};
#define field_group_keys header_group_keys
DEFINE_GROUP(field_group, struct param, &field_defaults);

/* ---- authorisation ---- */

static const struct key token_setting_group_keys[] = {
    KEY(struct token_setting, path, KEY_TEXT, REQUIRED),
    KEY(struct token_setting, setting, KEY_NAME, REQUIRED),
};
DEFINE_GROUP(token_setting_group, struct token_setting, NULL);

static const struct key account_rule_group_keys[] = {
    KEY(struct account_rule, path, KEY_TEXT, REQUIRED),
    KEY(struct account_rule, or, KEY_TEXTS),
    KEY(struct account_rule, url, KEY_TEMPLATE),
};
DEFINE_GROUP(account_rule_group, struct account_rule, NULL);

#define ONE_TEXT(s)                                                                                          \
	{                                                                                                    \
		(const char *[]){s}, 1                                                                       \
	}
static const struct auth auth_defaults = {
    .header = "Authorization",
    .prefix = "Bearer ",
    .scope_separator = " ",
    .pkce = true,
    .access_token = ONE_TEXT("access_token"),
    .refresh_token = ONE_TEXT("refresh_token"),
    .expires_in = ONE_TEXT("expires_in"),
    .expires_in_default_s = 3600,
    .refresh_early_s = 60,
    .timeout_s = 30,
};
static const struct key auth_group_keys[] = {
    KEY(struct auth, kind, KEY_ENUM, REQUIRED, WORDS("none", "bearer", "oauth2")),
    KEY(struct auth, header, KEY_TEXT),
    KEY(struct auth, prefix, KEY_TEXT),
    KEY(struct auth, authorize_url, KEY_TEMPLATE),
    KEY(struct auth, token_url, KEY_TEMPLATE),
    KEY(struct auth, revoke_url, KEY_TEMPLATE),
    KEY(struct auth, pkce, KEY_BOOL),
    KEY(struct auth, account, KEY_GROUP, GROUP(&account_rule_group)),
    KEY(struct auth, scopes, KEY_TEXTS),
    KEY(struct auth, scope_separator, KEY_TEXT),
    KEY(struct auth, authorize_params, KEY_LIST, GROUP(&field_group)),
    KEY(struct auth, token_params, KEY_LIST, GROUP(&field_group)),
    KEY(struct auth, body, KEY_ENUM, WORDS("form", "json")),
    KEY(struct auth, client, KEY_ENUM, WORDS("body", "basic")),
    KEY(struct auth, rotating, KEY_BOOL),
    KEY(struct auth, access_token, KEY_TEXTS),
    KEY(struct auth, refresh_token, KEY_TEXTS),
    KEY(struct auth, expires_in, KEY_TEXTS),
    KEY(struct auth, expires_in_unit, KEY_ENUM, WORDS("s", "ms", "auto")),
    KEY(struct auth, expires_in_default_s, KEY_INT, RANGE(1, YEARS_10_S)),
    KEY(struct auth, refresh_early_s, KEY_INT, RANGE(0, DAY_S)),
    KEY(struct auth, idle_life_s, KEY_INT, SECONDS),
    KEY(struct auth, timeout_s, KEY_INT, RANGE(1, 600)),
    KEY(struct auth, settings, KEY_LIST, GROUP(&token_setting_group)),
    KEY(struct auth, verdicts, KEY_LIST, GROUP(&verdict_group)),
};
DEFINE_GROUP(auth_group, struct auth, &auth_defaults);

/* ---- a resource ---- */

static const struct key column_group_keys[] = {
    KEY(struct column, name, KEY_NAME, REQUIRED),
    KEY(struct column, path, KEY_TEXT, REQUIRED),
    KEY(struct column, type, KEY_ENUM,
        WORDS("text", "integer", "numeric", "double", "boolean", "timestamp", "date", "uuid", "json")),
    KEY(struct column, time, KEY_ENUM, WORDS("rfc3339", "naive_utc", "epoch_s", "epoch_ms")),
    KEY(struct column, required, KEY_BOOL),
    KEY(struct column, max_length, KEY_INT32, RANGE(1, 10 << 20)),
};
DEFINE_GROUP(column_group, struct column, NULL);

static const struct paging paging_defaults = {.guard = true, .first = -1, .stop = STOP_UNSET};
static const struct key paging_group_keys[] = {
    KEY(struct paging, strategy, KEY_ENUM, REQUIRED,
        WORDS("none", "offset", "page", "key", "cursor", "link", "sync_token", "history")),
    KEY(struct paging, size, KEY_INT, RANGE(1, 100000)),
    KEY(struct paging, first, KEY_INT, RANGE(0, 1)),
    KEY(struct paging, next, KEY_TEXT),
    KEY(struct paging, next_header, KEY_TEXT),
    KEY(struct paging, sync_token, KEY_TEXT),
    KEY(struct paging, stop, KEY_ENUM, WORDS("short_page", "empty_page", "more_flag", "total", "cursor")),
    KEY(struct paging, more, KEY_TEXT),
    KEY(struct paging, total, KEY_TEXT),
    KEY(struct paging, cap, KEY_INT, RANGE(1, 0)),
    KEY(struct paging, cap_action, KEY_ENUM, WORDS("fail", "by_key", "shrink_window")),
    KEY(struct paging, key, KEY_TEXT),
    KEY(struct paging, guard, KEY_BOOL),
    KEY(struct paging, single_use, KEY_BOOL),
    KEY(struct paging, cursor_life_s, KEY_INT, SECONDS),
    KEY(struct paging, cursor_expires, KEY_TEXT),
    KEY(struct paging, bound, KEY_BOOL),
};
DEFINE_GROUP(paging_group, struct paging, &paging_defaults);

static const struct incremental incremental_defaults = {.on = true};
static const struct key incremental_group_keys[] = {
    KEY(struct incremental, format, KEY_ENUM,
        WORDS("rfc3339", "rfc3339_ms", "rfc3339_offset", "date", "epoch_s", "epoch_ms")),
    KEY(struct incremental, watermark, KEY_ENUM, REQUIRED,
        WORDS("walk_start", "max_field", "envelope", "token")),
    KEY(struct incremental, field, KEY_NAME),
    KEY(struct incremental, path, KEY_TEXT),
    KEY(struct incremental, overlap_s, KEY_INT, SECONDS),
    KEY(struct incremental, holdback_s, KEY_INT, SECONDS),
    KEY(struct incremental, reread_s, KEY_INT, SECONDS),
    KEY(struct incremental, retention_s, KEY_INT, SECONDS),
};
DEFINE_GROUP(incremental_group, struct incremental, &incremental_defaults);

static const struct key window_group_keys[] = {
    KEY(struct window, step_s, KEY_INT, REQUIRED, RANGE(1, YEARS_10_S)),
    KEY(struct window, min_s, KEY_INT, RANGE(1, YEARS_10_S)),
    KEY(struct window, back_s, KEY_INT, REQUIRED, RANGE(1, YEARS_10_S)),
    KEY(struct window, replace, KEY_BOOL),
};
DEFINE_GROUP(window_group, struct window, NULL);

static const struct key parent_key_group_keys[] = {
    KEY(struct parent_key, name, KEY_NAME, REQUIRED),
    KEY(struct parent_key, column, KEY_NAME),
};
DEFINE_GROUP(parent_key_group, struct parent_key, NULL);

static const struct key parent_group_keys[] = {
    KEY(struct parent, resource, KEY_NAME),
    KEY(struct parent, setting, KEY_NAME),
    KEY(struct parent, keys, KEY_LIST, REQUIRED, GROUP(&parent_key_group)),
    KEY(struct parent, changed_only, KEY_BOOL),
};
DEFINE_GROUP(parent_group, struct parent, NULL);

static const struct deletion deletion_defaults = {.threshold_percent = 30, .records = ""};
static const struct key deletion_group_keys[] = {
    KEY(struct deletion, strategy, KEY_ENUM, REQUIRED,
        WORDS("none", "feed", "field", "generation", "two_generations")),
    KEY(struct deletion, path, KEY_TEMPLATE),
    KEY(struct deletion, params, KEY_LIST, GROUP(&param_group)),
    KEY(struct deletion, records, KEY_TEXT),
    KEY(struct deletion, id, KEY_TEXTS),
    KEY(struct deletion, time, KEY_TEXT),
    KEY(struct deletion, paging, KEY_GROUP, GROUP(&paging_group)),
    KEY(struct deletion, field, KEY_TEXT),
    KEY(struct deletion, equals, KEY_TEXTS),
    KEY(struct deletion, complete, KEY_BOOL),
    KEY(struct deletion, lookup, KEY_TEMPLATE),
    KEY(struct deletion, threshold_percent, KEY_INT, RANGE(1, 100)),
    KEY(struct deletion, every_s, KEY_INT, SECONDS),
};
DEFINE_GROUP(deletion_group, struct deletion, &deletion_defaults);

static const struct beyond beyond_defaults = {.body = BODY_JSON};
static const struct key beyond_group_keys[] = {
    KEY(struct beyond, method, KEY_ENUM, WORDS("GET", "POST")),
    KEY(struct beyond, body, KEY_ENUM, WORDS("form", "json")),
    KEY(struct beyond, path, KEY_TEMPLATE, REQUIRED),
    KEY(struct beyond, params, KEY_LIST, REQUIRED, GROUP(&param_group)),
    KEY(struct beyond, records, KEY_TEXT),
    KEY(struct beyond, paging, KEY_GROUP, REQUIRED, GROUP(&paging_group)),
};
DEFINE_GROUP(beyond_group, struct beyond, &beyond_defaults);

static const struct key discovery_group_keys[] = {
    KEY(struct discovery, path, KEY_TEMPLATE, REQUIRED),
    KEY(struct discovery, params, KEY_LIST, GROUP(&param_group)),
    KEY(struct discovery, records, KEY_TEXT, REQUIRED),
    KEY(struct discovery, id, KEY_TEXTS, REQUIRED),
    KEY(struct discovery, max, KEY_INT, RANGE(1, 1000)),
};
DEFINE_GROUP(discovery_group, struct discovery, NULL);

static const struct key batch_group_keys[] = {
    KEY(struct batch, path, KEY_TEMPLATE, REQUIRED),
    KEY(struct batch, item, KEY_TEMPLATE, REQUIRED),
    KEY(struct batch, max_parts, KEY_INT, REQUIRED, RANGE(1, 1000)),
    KEY(struct batch, cost, KEY_INT, RANGE(1, 1000000)),
};
DEFINE_GROUP(batch_group, struct batch, NULL);

static const struct key history_group_keys[] = {
    KEY(struct history, start, KEY_TEMPLATE, REQUIRED),
    KEY(struct history, path, KEY_TEMPLATE, REQUIRED),
    KEY(struct history, params, KEY_LIST, REQUIRED, GROUP(&param_group)),
    KEY(struct history, records, KEY_TEXT, REQUIRED),
    KEY(struct history, paging, KEY_GROUP, REQUIRED, GROUP(&paging_group)),
};
DEFINE_GROUP(history_group, struct history, NULL);

static const struct resource resource_defaults = {
    .records = "",
    .keep_payload = true,
    .body = BODY_JSON,
    .paging = {.first = -1},
    .cost = 1,
    .priority = PRIORITY_NORMAL,
    .timeout_s = 60,
    .watermark_column = -1,
    .key_field = -1,
};
static const struct key resource_group_keys[] = {
    KEY(struct resource, name, KEY_NAME, REQUIRED),
    KEY(struct resource, table, KEY_NAME, REQUIRED),
    KEY(struct resource, operation, KEY_NAME),
    KEY(struct resource, version, KEY_TEXT),
    KEY(struct resource, version_of, KEY_NAME),
    KEY(struct resource, hook, KEY_NAME),
    KEY(struct resource, base_url, KEY_TEMPLATE),
    KEY(struct resource, method, KEY_ENUM, WORDS("GET", "POST")),
    KEY(struct resource, body, KEY_ENUM, WORDS("form", "json")),
    KEY(struct resource, path, KEY_TEMPLATE, REQUIRED),
    KEY(struct resource, params, KEY_LIST, GROUP(&param_group)),
    KEY(struct resource, records, KEY_TEXT),
    KEY(struct resource, id, KEY_TEXTS),
    KEY(struct resource, identity, KEY_ENUM, WORDS("id", "position")),
    KEY(struct resource, columns, KEY_LIST, REQUIRED, GROUP(&column_group)),
    KEY(struct resource, keep_payload, KEY_BOOL),
    KEY(struct resource, redact, KEY_TEXTS),
    KEY(struct resource, paging, KEY_GROUP, GROUP(&paging_group)),
    KEY(struct resource, beyond, KEY_GROUP, GROUP(&beyond_group)),
    KEY(struct resource, incremental, KEY_GROUP, GROUP(&incremental_group)),
    KEY(struct resource, window, KEY_GROUP, GROUP(&window_group)),
    KEY(struct resource, parent, KEY_GROUP, GROUP(&parent_group)),
    KEY(struct resource, deletion, KEY_GROUP, GROUP(&deletion_group)),
    KEY(struct resource, batch, KEY_GROUP, GROUP(&batch_group)),
    KEY(struct resource, history, KEY_GROUP, GROUP(&history_group)),
    KEY(struct resource, fields, KEY_GROUP, GROUP(&discovery_group)),
    KEY(struct resource, verdicts, KEY_LIST, GROUP(&verdict_group)),
    KEY(struct resource, cost, KEY_INT, RANGE(1, 1000000)),
    KEY(struct resource, priority, KEY_ENUM, WORDS("high", "normal", "low")),
    KEY(struct resource, timeout_s, KEY_INT, RANGE(1, 600)),
};
DEFINE_GROUP(resource_group, struct resource, &resource_defaults);

static const struct key ask_group_keys[] = {
    KEY(struct resource, name, KEY_NAME, REQUIRED),
    KEY(struct resource, operation, KEY_NAME),
    KEY(struct resource, method, KEY_ENUM, WORDS("GET", "POST")),
    KEY(struct resource, body, KEY_ENUM, WORDS("form", "json")),
    KEY(struct resource, body_json, KEY_TEMPLATE),
    KEY(struct resource, path, KEY_TEMPLATE, REQUIRED),
    KEY(struct resource, params, KEY_LIST, GROUP(&param_group)),
    KEY(struct resource, verdicts, KEY_LIST, GROUP(&verdict_group)),
    KEY(struct resource, cost, KEY_INT, RANGE(1, 1000000)),
    KEY(struct resource, timeout_s, KEY_INT, RANGE(1, 600)),
};
DEFINE_GROUP(ask_group, struct resource, &resource_defaults);

/* ---- the file ---- */

static const struct key dc_variable_group_keys[] = {
    KEY(struct dc_variable, name, KEY_NAME, REQUIRED),
    KEY(struct dc_variable, value, KEY_TEXT, REQUIRED),
};
DEFINE_GROUP(dc_variable_group, struct dc_variable, NULL);

static const struct key data_centre_group_keys[] = {
    KEY(struct data_centre, name, KEY_TEXT, REQUIRED),
    KEY(struct data_centre, variables, KEY_LIST, REQUIRED, GROUP(&dc_variable_group)),
};
DEFINE_GROUP(data_centre_group, struct data_centre, NULL);

static const struct provider provider_defaults = {.data_centre_setting = "data_centre"};
static const struct key provider_group_keys[] = {
    KEY(struct provider, name, KEY_NAME, REQUIRED),
    KEY(struct provider, title, KEY_TEXT),
    KEY(struct provider, base_url, KEY_TEMPLATE, REQUIRED),
    KEY(struct provider, auth, KEY_GROUP, REQUIRED, GROUP(&auth_group)),
    KEY(struct provider, headers, KEY_LIST, GROUP(&header_group)),
    KEY(struct provider, data_centre_setting, KEY_NAME),
    KEY(struct provider, data_centre, KEY_TEXT),
    KEY(struct provider, data_centres, KEY_LIST, GROUP(&data_centre_group)),
    KEY(struct provider, origin_setting, KEY_NAME),
    KEY(struct provider, origin_hosts, KEY_TEXTS),
    KEY(struct provider, limits, KEY_LIST, GROUP(&limit_group)),
    KEY(struct provider, verdicts, KEY_LIST, GROUP(&verdict_group)),
    KEY(struct provider, resources, KEY_LIST, REQUIRED, GROUP(&resource_group)),
    KEY(struct provider, asks, KEY_LIST, GROUP(&ask_group)),
};
const struct group declaration_group = {
    provider_group_keys, ARRAY_SIZE(provider_group_keys), sizeof(struct provider), &provider_defaults};
