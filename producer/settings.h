// SPDX-License-Identifier: Apache-2.0
#pragma once
/* The producer's settings: one table (settings.c) says names, defaults, ranges and help. */
#include "base/base.h"
#include "base/conf.h"
#include "gate.h"
#include "oauth_setup.h"

struct settings {
	const char *database_url;
	const char *kafka_bootstrap;
	const char *kafka_properties;
	const char *kafka_group;
	const char *kafka_topic_prefix;
	int log_level;
	int log_format;
	const char *http_listen;
	int64_t http_body_max_bytes;
	int64_t http_connections_max;
	int64_t streams_tick_ms;
	int64_t streams_heartbeat_ms;
	int64_t streams_life_s;
	int64_t streams_buffer_bytes;
	int64_t webhooks_tick_ms;
	int64_t webhooks_timeout_ms;
	int64_t webhooks_retry_first_ms;
	int64_t webhooks_each_max;
	int64_t webhooks_keep_days;
	const char *admin_listen;
	const char *providers_dir;
	const char *highlevel_auth_url;
	const char *highlevel_token_url;
	const char *highlevel_api_url;
	const char *versions; /* of the providers' APIs */
	int64_t tick_ms;
	int64_t dispatch_retry_ms;
	int64_t slots_floor;
	int64_t backfill_age_ms;
	int64_t dead_after_ms;
	int64_t takeovers_max;
	int64_t cap_percent;
	int64_t cap_tasks;
	int64_t cap_window_ms;
	int64_t cap_probe_ms;
	int64_t evidence_days;
	int64_t syncs_days;
	int64_t resend_after_ms;
	bool outgoing_plain_loopback;
	const char *outgoing_ca_file;
	const char *crypto_keys;
	const char *origins;
	const char *oauth_clients;
	const char *oauth_redirect_uri;
	const char *oauth_redirect_uris;
	struct oauth_own oauth_highlevel;
	struct oauth_own oauth_google;
	const char *oauth_state_key;
	const char *oauth_return_to;
	int64_t oauth_state_life_s;
	struct auth_options auth;
	struct gate_options gate;
	int64_t asks_wait_ms;
	const char *internal_secret;
	int64_t internal_wait_ms;
	const char *amazon_application_id;
	const char *amazon_demo_token;
	int64_t shutdown_ms;
	bool routes; /* --routes: print the table and exit */
};

/* What conf.h needs to load them. */
extern const struct conf_program settings_program;
