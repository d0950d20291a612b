// SPDX-License-Identifier: Apache-2.0
#pragma once
/* The worker's settings: one table (settings.c) says names, defaults, ranges and help. */
#include "base/base.h"
#include "base/conf.h"

struct settings {
	const char *database_url;
	const char *kafka_bootstrap;
	const char *kafka_properties;
	const char *kafka_group;
	const char *kafka_topic_prefix;
	int log_level;
	int log_format;
	const char *admin_listen;
	const char *providers_dir;
	const char *highlevel_auth_url;
	const char *highlevel_token_url;
	const char *highlevel_api_url;
	const char *versions; /* of the providers' APIs */
	const char *origins;
	const char *limits;
	const char *ca_file;
	const char *crypto_keys;
	int64_t slots;
	int64_t slice_pages;
	int64_t slice_seconds;
	int64_t beat_interval_ms;
	int64_t beat_stop_after_ms;
	bool allow_plain_loopback;
	int64_t body_max_bytes;
	int64_t connections_max;
	int64_t pages_budget_bytes;
	int64_t retry_max_attempts;
	int64_t retry_base_ms;
	int64_t retry_max_ms;
	int64_t retry_park_after_ms;
	int64_t refresh_lease_ms;
	int64_t breaker_window_ms;
	int64_t breaker_failures;
	int64_t breaker_connections;
	int64_t breaker_percent;
	int64_t breaker_open_ms;
	int64_t breaker_open_max_ms;
	int64_t breaker_probes;
	int64_t store_rows_max;
	int64_t record_max_bytes;
	int64_t quarantine_max_percent;
	int64_t shutdown_ms;
	int64_t deletions_max_percent;
	int64_t deletions_floor;
	int64_t deletions_step_rows;
};

/* What conf.h needs to load them. */
extern const struct conf_program settings_program;
