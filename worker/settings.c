// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "settings.h"

#include "sync/settings_shared.h"

static const struct conf_option options[] = {
    SETTINGS_SHARED(struct settings),
    {.name = "kafka.group", CONF_STRING(struct settings, kafka_group), .fallback = "sync-workers",
	.help = "consumer group of all workers"},
    {.name = "admin.listen", CONF_STRING(struct settings, admin_listen), .fallback = "127.0.0.1:9103",
	.help = "address of /livez, /readyz, /metrics and /version; port 0 takes a free one"},
    {.name = "providers.origins", CONF_STRING(struct settings, origins), .fallback = "",
	.help = "provider=scheme://host:port[,...]: replaces the origin of every URL of a provider (sandbox, proxy)"},
    {.name = "http.allow_plain_loopback", CONF_BOOL(struct settings, allow_plain_loopback), .fallback = "false",
	.help = "also call http:// on this machine's loopback (tests, demo)"},
    {.name = "http.ca_file", CONF_STRING(struct settings, ca_file), .fallback = "",
	.help = "trust anchors besides the system's"},
    {.name = "http.body_max_bytes", CONF_INT(struct settings, body_max_bytes), .fallback = "16777216", .min = 1024,
	.max = 1 << 30, .help = "largest page after decompression"},
    {.name = "http.connections_max", CONF_INT(struct settings, connections_max), .fallback = "2000", .min = 1,
	.max = 20000, .help = "connections to providers at once"},
    {.name = "crypto.keys", CONF_STRING(struct settings, crypto_keys), .secret = true, .min = 1, .max = 4096,
	.help = "id:base64[,id:base64...] of 32-byte keys for tokens at rest; the first one seals"},
    {.name = "worker.slots", CONF_INT(struct settings, slots), .fallback = "256", .min = 1, .max = 10000,
	.help = "tasks at once"},
    {.name = "slice.pages", CONF_INT(struct settings, slice_pages), .fallback = "50", .min = 1, .max = 1000000,
	.help = "pages of a task before others that wait get the slot"},
    {.name = "slice.seconds", CONF_INT(struct settings, slice_seconds), .fallback = "5", .min = 1, .max = 3600,
	.help = "seconds of a task before others that wait get the slot"},
    {.name = "heartbeat.interval_ms", CONF_INT(struct settings, beat_interval_ms), .fallback = "1000", .min = 50,
	.max = 60000, .help = "time between two heartbeats"},
    {.name = "heartbeat.stop_after_ms", CONF_INT(struct settings, beat_stop_after_ms), .fallback = "5000",
	.min = 100, .max = 600000, .help = "without an acknowledged heartbeat for so long no call is started"},
    {.name = "pages.budget_bytes", CONF_INT(struct settings, pages_budget_bytes), .fallback = "10485760",
	.min = 65536, .max = INT64_C(1) << 40, .help = "memory for pages that are being read or not stored yet"},
    {.name = "retry.max_attempts", CONF_INT(struct settings, retry_max_attempts), .fallback = "8", .min = 1,
	.max = 1000, .help = "tries of a page before its task fails as transient"},
    {.name = "retry.base_ms", CONF_INT(struct settings, retry_base_ms), .fallback = "500", .min = 1, .max = 60000,
	.help = "first backoff; doubles, with full jitter"},
    {.name = "retry.max_ms", CONF_INT(struct settings, retry_max_ms), .fallback = "60000", .min = 1,
	.max = 86400000, .help = "longest backoff"},
    {.name = "retry.park_after_ms", CONF_INT(struct settings, retry_park_after_ms), .fallback = "5000", .min = 0,
	.max = 3600000, .help = "a longer wait gives the slot back"},
    {.name = "refresh.lease_ms", CONF_INT(struct settings, refresh_lease_ms), .fallback = "60000", .min = 1000,
	.max = 600000, .help = "lease of a token refresh; longer than the token endpoint's deadline"},
    {.name = "store.rows_max", CONF_INT(struct settings, store_rows_max), .fallback = "5000", .min = 1,
	.max = 100000, .help = "rows of one transaction"},
    {.name = "shutdown.grace_ms", CONF_INT(struct settings, shutdown_ms), .fallback = "20000", .min = 0,
	.max = 600000, .help = "after SIGTERM: time for the pages that are under way"},
};

const struct conf_program settings_program = {
    .name = "sync-worker",
    .usage = "Consumes sync tasks, calls the providers and stores what they answer.",
    .options = options,
    .noptions = ARRAY_SIZE(options),
};
