// SPDX-License-Identifier: Apache-2.0
#pragma once
/* Rows of the tables of options that both programs have in the same words; `T` is the program's struct of
 * settings. */
#include "base/conf.h"
#include "base/log.h"

// clang-format off
#define SETTINGS_SHARED(T) \
	{.name = "database.url", CONF_STRING(T, database_url), .secret = true, .min = 1, .max = 4096, \
	    .help = "PostgreSQL, as a libpq URI or key=value text"}, \
	{.name = "kafka.bootstrap_servers", CONF_STRING(T, kafka_bootstrap), .min = 1, .max = 4096, \
	    .help = "host:port[,host:port...]"}, \
	{.name = "kafka.properties", CONF_STRING(T, kafka_properties), .secret = true, \
	    .help = "further librdkafka properties: name=value;name=value (TLS, SASL)"}, \
	{.name = "kafka.topic_prefix", CONF_STRING(T, kafka_topic_prefix), .fallback = "", \
	    .help = "before every topic name, for several fleets on one Kafka"}, \
	{.name = "log.level", CONF_ENUM(T, log_level), .fallback = "info", .allowed = LOG_LEVELS, \
	    .help = "lowest level that is written"}, \
	{.name = "log.format", CONF_ENUM(T, log_format), .fallback = "auto", .allowed = LOG_FORMATS, \
	    .help = "auto: text on a terminal, else JSON lines"}, \
	{.name = "providers.dir", CONF_STRING(T, providers_dir), .fallback = SYNCFLEET_PROVIDERS_DIR, \
	    .help = "folder of the provider declarations (*.cfg)"}, \
	{.name = "providers.versions", CONF_STRING(T, versions), .fallback = "", \
	    .help = "provider.resource=version[,...]: another version of the provider's API than the declaration's " \
	            "first (amazon.orders=2026-01-01)"}, \
	{.name = "providers.highlevel_auth_url", CONF_STRING(T, highlevel_auth_url), .fallback = "", \
	    .also = "VITE_HIGHLEVEL_AUTH_URL", .help = "HighLevel's page of consent; VITE_HIGHLEVEL_AUTH_URL"}, \
	{.name = "providers.highlevel_token_url", CONF_STRING(T, highlevel_token_url), .fallback = "", \
	    .also = "VITE_HIGHLEVEL_TOKEN_URL", .help = "HighLevel's token endpoint; VITE_HIGHLEVEL_TOKEN_URL"}, \
	{.name = "providers.highlevel_api_url", CONF_STRING(T, highlevel_api_url), .fallback = "", \
	    .also = "VITE_HIGHLEVEL_API_URL", .help = "what HighLevel's paths are appended to; VITE_HIGHLEVEL_API_URL"}

/* The URLs among them, for registry_load_chosen. */
#define SETTINGS_URLS(s) \
	((const struct declared_url[]){{"highlevel", "auth.authorize_url", (s)->highlevel_auth_url}, \
	    {"highlevel", "auth.token_url", (s)->highlevel_token_url}, {"highlevel", "base_url", (s)->highlevel_api_url}})
#define SETTINGS_NURLS 3
// clang-format on
