// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "oauth_setup.h"
#include "sync/declaration.h"

#include <setjmp.h>

#include <cmocka.h>

static void a_client_is_found_by_its_provider(void **state)
{
	static const struct {
		const char *clients, *provider, *id, *secret;
	} cases[] = {
	    {"zoho=1000.X:s", "zoho", "1000.X", "s"},
	    {"google=a.b:c:d=e;zoho=x:y", "google", "a.b", "c:d=e"},
	    {"google=a:b ; zoho=x:y", "zoho", "x", "y"},
	    {"zoho=public", "zoho", "public", ""},
	    {"zoho=public:", "zoho", "public", ""},
	    {"zoho=a:b;zoho=c:d", "zoho", "a", "b"},
	    {"zoho2=a:b", "zoho", NULL, NULL},
	    {"zoho=a:b", "zo", NULL, NULL},
	    {"", "zoho", NULL, NULL},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct oauth_setup s = {.clients = cases[i].clients};
		struct oauth_client client;
		bool found = oauth_setup_client(&s, str_of(cases[i].provider), &client);

		assert_int_equal(found, cases[i].id != NULL);
		if (found)
			assert_true(str_is(client.id, cases[i].id) && str_is(client.secret, cases[i].secret));
	}
}

/* An open redirect would lend our name to anybody. */
static void people_are_led_where_it_is_allowed_only(void **state)
{
	static const struct {
		const char *url;
		bool good;
	} cases[] = {
	    {"https://app.example/done", true},
	    {"https://app.example/done?tab=1", true},
	    {"https://app.example/done/more", true},
	    {"https://app.example/done#x", true},
	    {"http://localhost:3000/", true},
	    {"http://localhost:3000/any?thing", true},
	    {"https://app.example/donee", false},
	    {"https://app.example/", false},
	    {"https://app.example.evil/done", false},
	    {"https://app.example@evil/done", false},
	    {"http://app.example/done", false},
	    {"HTTPS://app.example/done", false},
	    {"http://localhost:30001", false},
	    {"http://localhost:3000.evil/", false},
	    {"http://localhost:3000@evil/", false},
	    {"//app.example/done", false},
	    {"javascript:alert(1)", false},
	    {"https://app.example/done\\..\\x", false},
	    {"https://app.example/done?x=\r\nSet-Cookie: a=b", false},
	    {"https://app.example/done ", false},
	    {"https://app.example/done?\"><script>", false},
	    {"https://app.example/done?\xc3\xa9", false},
	    {"", false},
	};
	struct oauth_setup s = {.return_to = "https://app.example/done, http://localhost:3000"};
	struct oauth_setup none = {.return_to = ""};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		if (oauth_setup_may_return(&s, str_of(cases[i].url)) != cases[i].good)
			fail_msg("%s", cases[i].url);
		assert_false(oauth_setup_may_return(&none, str_of(cases[i].url)));
	}
}

static void a_path_stays_where_the_callback_is(void **state)
{
	static const struct {
		const char *path;
		bool good;
	} cases[] = {
	    {"/", true},
	    {"/sync", true},
	    {"/sync?tab=mail#top", true},
	    {"//evil.example", false},
	    {"/\\evil.example", false},
	    {"/sync\r\nSet-Cookie: a=b", false},
	    {"sync", false},
	};
	struct oauth_setup s = {.return_to = ""};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		if (oauth_setup_may_return(&s, str_of(cases[i].path)) != cases[i].good)
			fail_msg("%s", cases[i].path);
	}
}

static void a_provider_may_have_a_way_back_of_its_own(void **state)
{
	static const struct {
		const char *provider, *uri;
	} cases[] = {
	    {"zoho", "https://fleet/v1/oauth/callback"},
	    {"highlevel", "https://app/oauth/callback"},
	    {"google", "https://app/own"},
	};
	struct oauth_setup s = {.clients = "zoho=a:b;highlevel=c:d",
	    .redirect_uri = "https://fleet/v1/oauth/callback",
	    .redirect_uris = "highlevel=https://app/oauth/callback; other=https://x",
	    .own = {{"highlevel", "h", "hs", "https://unused"}, {"google", "g", "gs", "https://app/own"}}};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct oauth_client client;

		assert_true(oauth_setup_client(&s, str_of(cases[i].provider), &client));
		assert_true(str_is(client.redirect_uri, cases[i].uri));
	}
}

static void a_client_of_its_own_stands_behind_the_list(void **state)
{
	struct oauth_setup s = {
	    .clients = "highlevel=c:d", .own = {{"highlevel", "h", "hs", ""}, {"google", "g", "gs", ""}}};
	struct oauth_setup none = {.own = {{"highlevel", "", "", ""}, {"google", "", "", ""}}};
	struct oauth_client client;

	(void)state;
	assert_true(oauth_setup_client(&s, STR("highlevel"), &client));
	assert_true(str_is(client.id, "c") && str_is(client.secret, "d"));
	assert_true(oauth_setup_client(&s, STR("google"), &client));
	assert_true(str_is(client.id, "g") && str_is(client.secret, "gs"));
	assert_false(oauth_setup_client(&none, STR("google"), &client));
}

/* Which setting is wrong; NULL: none. */
static void check(struct oauth_setup s, const char *wrong)
{
	struct registry *registry = NULL;
	struct err err;

	assert_int_equal(registry_load("common/providers", &registry, &err), RC_OK);
	s.registry = registry;
	if ((oauth_setup_check(&s, &err) == RC_OK) != !wrong || (wrong && !strstr(err.text, wrong)))
		fail_msg("%s, not %s", err.text, wrong ? wrong : "good");
	registry_free(registry);
}

static void settings_are_checked_at_the_start(void **state)
{
	static const char key[] = "a key for tests that has 32 bytes!";
	static const char back[] = "https://fleet/v1/oauth/callback";
	static const struct {
		const char *clients, *uri, *uris, *key, *return_to, *wrong;
	} cases[] = {
	    {"", "", "", "", "", NULL},
	    {"zoho=a:b", back, "", key, "https://app/done", NULL},
	    {"zoho=a:b", "", "zoho=https://app/cb", key, "", NULL},
	    {"zoho=a:b", "", "practicepanther=https://app/cb", key, "", "zoho needs oauth.redirect_uri"},
	    {"zoho=a:b", back, "", "", "", "needs oauth.state_key"},
	    {"zoho=a:b", back, "", "short", "", "oauth.state_key"},
	    {"nobody=a:b", back, "", key, "", "oauth.clients: entry 1"},
	    {"zoho", back, "", key, "", "oauth.clients: entry 1"},
	    {"", "ftp://x", "", "", "", "oauth.redirect_uri:"},
	    {"", "", "zoho=https://app/cb;nobody=https://x", "", "", "oauth.redirect_uris: entry 2 names"},
	    {"", "", "zoho=app/cb", "", "", "oauth.redirect_uris: entry 1 is no URL"},
	    {"", "", "", "", "app.example", "oauth.return_to"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		check((struct oauth_setup){.clients = cases[i].clients,
		          .redirect_uri = cases[i].uri,
		          .redirect_uris = cases[i].uris,
		          .state_key = cases[i].key,
		          .return_to = cases[i].return_to},
		    cases[i].wrong);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_client_is_found_by_its_provider),
	    cmocka_unit_test(people_are_led_where_it_is_allowed_only),
	    cmocka_unit_test(a_path_stays_where_the_callback_is),
	    cmocka_unit_test(a_provider_may_have_a_way_back_of_its_own),
	    cmocka_unit_test(a_client_of_its_own_stands_behind_the_list),
	    cmocka_unit_test(settings_are_checked_at_the_start),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
