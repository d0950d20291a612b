// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "settings.h"

#include "../settings_contract.h"

static void defaults_are_as_agreed(void **state)
{
	static const struct expected_default defaults[] = {
	    {"database.url", NULL, true},
	    {"kafka.bootstrap_servers", NULL, false},
	    {"kafka.properties", "", true},
	    {"kafka.group", "sync-workers", false},
	    {"kafka.topic_prefix", "", false},
	    {"log.level", "info", false},
	    {"providers.highlevel_auth_url", "", false},
	    {"providers.highlevel_token_url", "", false},
	    {"providers.highlevel_api_url", "", false},
	    {"log.format", "auto", false},
	    {"providers.origins", "", false},
	    {"http.allow_plain_loopback", "false", false},
	    {"http.body_max_bytes", "16777216", false},
	    {"crypto.keys", NULL, true},
	    {"worker.slots", "256", false},
	    {"slice.pages", "50", false},
	    {"slice.seconds", "5", false},
	    {"heartbeat.interval_ms", "1000", false},
	    {"heartbeat.stop_after_ms", "5000", false},
	    {"pages.budget_bytes", "20971520", false},
	    {"store.rows_max", "5000", false},
	};

	(void)state;
	check_defaults(defaults, ARRAY_SIZE(defaults));
}

/* A worker stops long before the fleet takes it for dead (workers.dead_after_ms, 10 s). */
static void a_worker_stops_before_it_is_dead(void **state)
{
	struct loaded l;

	(void)state;
	load_settings(&l, NULL);
	assert_true(l.settings.beat_interval_ms * 2 < l.settings.beat_stop_after_ms);
	assert_true(l.settings.beat_stop_after_ms < 10000);
	conf_free(l.conf);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    SETTINGS_TESTS,
	    cmocka_unit_test(defaults_are_as_agreed),
	    cmocka_unit_test(a_worker_stops_before_it_is_dead),
	};

	return cmocka_run_group_tests(tests, settings_environment, NULL);
}
