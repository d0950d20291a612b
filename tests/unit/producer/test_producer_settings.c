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
	    {"kafka.group", "sync-producers", false},
	    {"kafka.topic_prefix", "", false},
	    {"log.level", "info", false},
	    {"providers.highlevel_auth_url", "", false},
	    {"providers.highlevel_token_url", "", false},
	    {"providers.highlevel_api_url", "", false},
	    {"log.format", "auto", false},
	    {"http.body_max_bytes", "65536", false},
	    {"http.connections_max", "10000", false},
	    {"streams.tick_ms", "500", false},
	    {"streams.heartbeat_ms", "15000", false},
	    {"streams.life_s", "900", false},
	    {"streams.buffer_bytes", "262144", false},
	    {"webhooks.tick_ms", "500", false},
	    {"webhooks.timeout_ms", "15000", false},
	    {"webhooks.retry_first_ms", "5000", false},
	    {"webhooks.each_max", "4", false},
	    {"webhooks.keep_days", "30", false},
	    {"clock.tick_ms", "200", false},
	    {"dispatch.retry_ms", "10000", false},
	    {"dispatch.slots_floor", "100", false},
	    {"workers.dead_after_ms", "10000", false},
	    {"outbox.resend_after_ms", "5000", false},
	    {"outgoing.allow_plain_loopback", "false", false},
	    {"outgoing.ca_file", "", false},
	    {"auth.remember_ms", "5000", false},
	    {"auth.jwks", "", false},
	    {"auth.jwt_algorithms", "", false},
	    {"auth.jwt_leeway_s", "30", false},
	    {"auth.tenant_claim", "tenant_id", false},
	    {"auth.tenant", "", false},
	    {"auth.role_claim", "role", false},
	    {"auth.admin_role", "admin", false},
	    {"http.allowed_origins", "", false},
	    {"http.rate_per_minute", "0", false},
	    {"crypto.keys", NULL, true},
	    {"providers.origins", "", false},
	    {"oauth.clients", "", true},
	    {"oauth.redirect_uri", "", false},
	    {"oauth.redirect_uris", "", false},
	    {"oauth.highlevel_client_id", "", false},
	    {"oauth.highlevel_client_secret", "", true},
	    {"oauth.highlevel_redirect_uri", "", false},
	    {"oauth.google_client_id", "", false},
	    {"oauth.google_client_secret", "", true},
	    {"oauth.google_redirect_uri", "", false},
	    {"oauth.state_key", "", true},
	    {"oauth.state_life_s", "600", false},
	    {"oauth.return_to", "", false},
	    {"asks.wait_ms", "10000", false},
	};

	(void)state;
	check_defaults(defaults, ARRAY_SIZE(defaults));
}

static void the_table_of_routes_is_asked_for_by_a_flag_only(void **state)
{
	struct loaded l;

	(void)state;
	load_settings(&l, "--routes");
	assert_int_equal(l.action, CONF_RUN);
	assert_true(l.settings.routes);
	conf_free(l.conf);
	setenv("SYNCFLEET_ROUTES", "true", 1);
	load_settings(&l, NULL);
	assert_false(l.settings.routes);
	conf_free(l.conf);
	unsetenv("SYNCFLEET_ROUTES");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    SETTINGS_TESTS,
	    cmocka_unit_test(defaults_are_as_agreed),
	    cmocka_unit_test(the_table_of_routes_is_asked_for_by_a_flag_only),
	};

	return cmocka_run_group_tests(tests, settings_environment, NULL);
}
