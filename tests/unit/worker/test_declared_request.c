// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "walk_rig.h"

static void the_origin_can_be_replaced(void **state)
{
	(void)state;
	struct rig rig;
	rig_init(&rig, declarations_resource("practicepanther", "contacts"));
	rig.walk.origin = STR("http://127.0.0.1:9000");
	assert_string_equal(ask(&rig), "http://127.0.0.1:9000/api/v2/contacts?$top=100&$skip=0&$orderby=id");
	assert_true(has_header(&rig, "Authorization: Bearer tok"));
	rig_done(&rig);
}

static void an_account_without_what_is_needed_is_refused(void **state)
{
	(void)state;
	struct rig rig;
	rig_init(&rig, declarations_resource("bench", "contacts"));
	rig.account.external_id = (struct str){0};
	assert_int_equal(provider_next(&rig.walk, &rig.account, &rig.request, &rig.err), RC_INVALID);
	assert_non_null(strstr(rig.err.text, "bench.contacts needs ${connection.external_id}"));
	rig.account.external_id = STR("1");
	rig.account.access_token = (struct str){0};
	assert_int_equal(provider_next(&rig.walk, &rig.account, &rig.request, &rig.err), RC_INVALID);
	rig.account.access_token = STR("a\r\nX-Injected: 1");
	assert_int_equal(provider_next(&rig.walk, &rig.account, &rig.request, &rig.err), RC_INVALID);
	assert_null(strstr(rig.err.text, "Injected"));
	rig.account.access_token = STR("good");
	assert_string_equal(ask(&rig), "http://127.0.0.1:8900/v1/accounts/1/contacts?limit=100");
	rig_done(&rig);
}

static void data_centres_and_settings_shape_the_url(void **state)
{
	(void)state;
	struct rig rig;
	rig_init(&rig, declarations_resource("amazon", "orders"));
	assert_int_equal(provider_next(&rig.walk, &rig.account, &rig.request, &rig.err), RC_INVALID);
	rig.account.settings = json_tokener_parse("{\"marketplace_ids\":[\"A&B\",\"C\"]}");
	assert_true(str_starts(str_of(ask(&rig)),
	    STR("https://sellingpartnerapi-na.amazon.com/orders/v0/orders?MarketplaceIds=A%26B%2CC"
	        "&LastUpdatedAfter=2024-")));
	assert_true(has_header(&rig, "x-amz-access-token: tok"));
	json_object_object_add(rig.account.settings, "region", json_object_new_string("eu"));
	assert_true(str_starts(str_of(ask(&rig)), STR("https://sellingpartnerapi-eu.amazon.com/")));
	json_object_object_add(rig.account.settings, "region", json_object_new_string("evil.example/"));
	assert_int_equal(provider_next(&rig.walk, &rig.account, &rig.request, &rig.err), RC_INVALID);
	rig_done(&rig);
}

static void zoho_names_its_fields(void **state)
{
	(void)state;
	struct rig rig;
	rig_init(&rig, declarations_resource("zoho", "leads"));
	rig.walk.incremental = true;
	rig.walk.watermark_us = NOW_US;
	const char *url = ask(&rig);
	assert_true(str_starts(str_of(url),
	    STR("https://www.zohoapis.com/crm/v8/Leads?fields=Owner%2CCompany%2CFirst_Name%2C")));
	assert_non_null(strstr(url, "%2CTag&per_page=200&sort_by=id&sort_order=asc&converted=both"));
	assert_true(has_header(&rig, "Authorization: Zoho-oauthtoken tok"));
	assert_true(has_header(&rig, "If-Modified-Since: 2026-11-18T11:01:40+00:00"));
	rig_done(&rig);
}

/* Zoho refuses more than 50. */
static void zoho_asks_for_no_more_fields_than_allowed(void **state)
{
	(void)state;
	const struct provider *p = declarations_provider("zoho");
	for (size_t i = 0; i < p->resources.n; i++) {
		struct rig rig;
		rig_init(&rig, &p->resources.at[i]);
		size_t fields = 1;
		const char *at = strstr(ask(&rig), "fields=");
		for (assert_non_null(at); *at != '&'; at++)
			fields += strncmp(at, "%2C", 3) == 0;
		assert_in_range(fields, 8, 50);
		rig_done(&rig);
	}
}

static void the_token_answer_says_where_the_data_is(void **state)
{
	(void)state;
	static const char *const cases[][3] = {
	    /* data centre, api_domain, host */
	    {NULL, NULL, "www.zohoapis.com"},
	    {"eu", NULL, "www.zohoapis.eu"},
	    {"eu", "https://www.zohoapis.in", "www.zohoapis.in"},
	    {NULL, "https://sandbox.zohoapis.eu", "sandbox.zohoapis.eu"},
	    {"eu", "https://www.zohoapis.com.evil.example", "www.zohoapis.eu"},
	    {"eu", "https://evil.example/www.zohoapis.com", "www.zohoapis.eu"},
	    {"eu", "https://www.zohoapis.com@evil.example", "www.zohoapis.eu"},
	    {"eu", "http://www.zohoapis.com", "www.zohoapis.eu"},
	    {"eu", "www.zohoapis.com", "www.zohoapis.eu"},
	};
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct rig rig;
		AUTO(mem_free_ptr) char *want = mem_printf("https://%s/crm/v8/Deals?", cases[i][2]);
		rig_init(&rig, declarations_resource("zoho", "deals"));
		rig.account.settings = json_object_new_object();
		if (cases[i][0])
			json_object_object_add(
			    rig.account.settings, "data_centre", json_object_new_string(cases[i][0]));
		if (cases[i][1])
			json_object_object_add(
			    rig.account.settings, "api_domain", json_object_new_string(cases[i][1]));
		if (!str_starts(str_of(ask(&rig)), str_of(want)))
			fail_msg("%s is not at %s", rig.request.url, want);
		rig_done(&rig);
	}
}

static void bodies_are_json_or_forms(void **state)
{
	(void)state;
	static const struct {
		const char *format, *body, *header;
	} cases[] = {
	    {"json", "{\"q\":\"a \\\"b\\\" acc 1/x\"}", "Content-Type: application/json"},
	    {"form", "q=a%20%22b%22%20acc%201%2Fx", "Content-Type: application/x-www-form-urlencoded"},
	};
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct rig rig;
		char *text = mem_printf(
		    "method = \"POST\"; body = \"%s\"; params = ("
		    " { in = \"body\"; name = \"q\"; value = \"a \\\"b\\\" ${connection.external_id}\"; },"
		    " { in = \"body\"; name = \"since\"; value = \"${since}\"; } );",
		    cases[i].format);
		struct registry *reg = declare(text);
		rig_init(&rig, find_in(reg, "p", "r"));
		assert_string_equal(ask(&rig), "https://api.p.example/base/r");
		assert_string_equal(rig.request.method, "POST");
		assert_true(str_is(rig.request.body, cases[i].body));
		assert_true(has_header(&rig, cases[i].header));
		rig_done(&rig);
		registry_free(reg);
		free(text);
	}
}

static void says_what_it_cannot_do(void **state)
{
	(void)state;
	static const char *const cannot[][2] = {{"unruled", "odds"}};
	for (size_t i = 0; i < ARRAY_SIZE(cannot); i++) {
		struct rig rig;
		rig_init(&rig, declarations_resource(cannot[i][0], cannot[i][1]));
		assert_int_equal(provider_supported(rig.walk.resource, &rig.err), RC_INVALID);
		assert_int_equal(provider_next(&rig.walk, &rig.account, &rig.request, &rig.err), RC_INVALID);
		rig_done(&rig);
	}
	struct registry *reg = declare("hook = \"nobody\";");
	assert_int_equal(provider_supported(find_in(reg, "p", "r"), NULL), RC_INVALID);
	registry_free(reg);
	assert_int_equal(provider_supported(declarations_resource("acme", "items"), NULL), RC_OK);
	assert_int_equal(
	    provider_supported(declarations_resource("practicepanther", "contacts"), NULL), RC_OK);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_origin_can_be_replaced),
	    cmocka_unit_test(an_account_without_what_is_needed_is_refused),
	    cmocka_unit_test(data_centres_and_settings_shape_the_url),
	    cmocka_unit_test(zoho_names_its_fields),
	    cmocka_unit_test(zoho_asks_for_no_more_fields_than_allowed),
	    cmocka_unit_test(the_token_answer_says_where_the_data_is),
	    cmocka_unit_test(bodies_are_json_or_forms),
	    cmocka_unit_test(says_what_it_cannot_do),
	};

	return cmocka_run_group_tests(tests, declarations_load, declarations_unload);
}
