// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "oauth_setup.h"

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

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_client_is_found_by_its_provider),
	    cmocka_unit_test(people_are_led_where_it_is_allowed_only),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
