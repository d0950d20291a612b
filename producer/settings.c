// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "settings.h"

#include "sync/settings_shared.h"

static const struct conf_option options[] = {
    SETTINGS_SHARED(struct settings),
    {.name = "kafka.group", CONF_STRING(struct settings, kafka_group), .fallback = "sync-producers",
	.help = "consumer group on sync.requests"},
    {.name = "http.listen", CONF_STRING(struct settings, http_listen), .fallback = "127.0.0.1:8080",
	.help = "address of the API; port 0 takes a free one. TLS ends before it"},
    {.name = "http.body_max_bytes", CONF_INT(struct settings, http_body_max_bytes), .fallback = "65536", .min = 1024,
	.max = 16 << 20, .help = "largest request body"},
    {.name = "admin.listen", CONF_STRING(struct settings, admin_listen), .fallback = "127.0.0.1:9102",
	.help = "address of /livez, /readyz, /metrics and /version; port 0 takes a free one"},
    {.name = "clock.tick_ms", CONF_INT(struct settings, tick_ms), .fallback = "200", .min = 10, .max = 10000,
	.help = "time between two looks at what is due"},
    {.name = "dispatch.retry_ms", CONF_INT(struct settings, dispatch_retry_ms), .fallback = "10000", .min = 100,
	.max = 300000, .help = "a message that nobody claimed is repeated after this, then after twice as long"},
    {.name = "dispatch.slots_floor", CONF_INT(struct settings, slots_floor), .fallback = "100", .min = 1,
	.max = 100000, .help = "unclaimed messages of a provider that are always allowed"},
    {.name = "workers.dead_after_ms", CONF_INT(struct settings, dead_after_ms), .fallback = "10000", .min = 200,
	.max = 3600000, .help = "a worker without a heartbeat for so long is dead"},
    {.name = "workers.takeovers_max", CONF_INT(struct settings, takeovers_max), .fallback = "10", .min = 1,
	.max = 1000, .help = "workers that may die on one page of a task before it fails as stalled"},
    {.name = "outbox.resend_after_ms", CONF_INT(struct settings, resend_after_ms), .fallback = "5000", .min = 100,
	.max = 600000, .help = "an event that was not acknowledged is sent again after this"},
    {.name = "shutdown.grace_ms", CONF_INT(struct settings, shutdown_ms), .fallback = "10000", .min = 0,
	.max = 600000, .help = "after SIGTERM: time for the requests that are under way"},
    {.name = "routes", CONF_BOOL(struct settings, routes), .flag_only = true,
	.help = "print the table of routes and exit"},
};

const struct conf_program settings_program = {
    .name = "sync-producer",
    .usage = "Turns sync requests (HTTP, Kafka) into tasks and sees to it that every task is worked on.",
    .options = options,
    .noptions = ARRAY_SIZE(options),
};
