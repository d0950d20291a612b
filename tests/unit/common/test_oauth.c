// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "base/json.h"
#include "sync/oauth.h"
#include "sync/rules.h"

#include "../declarations.h"

#define NOW_US INT64_C(1800000000000000)
#define HOUR_S 3600
#define YEAR_S (366 * INT64_C(86400))
#define SECRET                                                                                               \
	"{\"access_token\":\"canary-old-access\",\"refresh_token\":\"canary-old|refresh+/"                   \
	"=\",\"client_id\":\"the id\","                                                                      \
	"\"client_secret\":\"canary-secret&x\"}"

static json_object *json_of(const char *text)
{
	json_object *o = json_tokener_parse(text);

	assert_non_null(o);
	return o;
}

/* ---- requests ---- */

static void test_request_is_as_each_provider_wants_it(void **state)
{
	static const struct {
		const char *provider;
		const char *settings;
		const char *url;
		const char *more; /* of the body, after the common fields */
	} cases[] = {
	    {"practicepanther", NULL, "https://app.practicepanther.com/oauth/token", ""},
	    {"highlevel", NULL, "https://services.leadconnectorhq.com/oauth/token", "&user_type=Location"},
	    {"amazon", "{\"region\":\"eu\"}", "https://api.amazon.com/auth/o2/token", ""},
	    {"google", NULL, "https://oauth2.googleapis.com/token", ""},
	    {"unruled", NULL, "https://auth.unruled.example/token", ""},
	    {"zoho", NULL, "https://accounts.zoho.com/oauth/v2/token", ""},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		AUTO(json_put_ptr) json_object *secret = json_of(SECRET);
		AUTO(json_put_ptr)
		json_object *settings = cases[i].settings ? json_of(cases[i].settings) : NULL;
		struct oauth_account account = {.secret = secret, .settings = settings};
		struct oauth_request rq;
		struct err err = {0};
		char body[512];

		if (oauth_refresh_request(declarations_provider(cases[i].provider), &account, &rq, &err) !=
		    RC_OK)
			fail_msg("%s: %s", cases[i].provider, err.text);
		assert_string_equal(rq.url, cases[i].url);
		snprintf(body, sizeof body,
		    "grant_type=refresh_token&refresh_token=canary-old%%7Crefresh%%2B%%2F%%3D&client_id=the%%"
		    "20id&"
		    "client_secret=canary-secret%%26x%s",
		    cases[i].more);
		assert_int_equal(rq.body.n, strlen(body));
		assert_memory_equal(rq.body.p, body, rq.body.n);
		assert_int_equal(rq.nheaders, 2);
		assert_string_equal(rq.headers[0], "Accept: application/json");
		assert_string_equal(rq.headers[1], "Content-Type: application/x-www-form-urlencoded");
		assert_true(rq.timeout_ms > 0);
		oauth_request_done(&rq);
	}
}

static void test_origin_is_replaced(void **state)
{
	AUTO(json_put_ptr) json_object *secret = json_of(SECRET);
	struct oauth_account account = {.secret = secret, .origin = STR("http://127.0.0.1:9000")};
	struct oauth_request rq;
	struct err err = {0};

	(void)state;
	assert_int_equal(oauth_refresh_request(declarations_provider("zoho"), &account, &rq, &err), RC_OK);
	assert_string_equal(rq.url, "http://127.0.0.1:9000/oauth/v2/token");
	oauth_request_done(&rq);
}

/* A copy of a declaration with another way to authenticate the client. */
static void test_json_body_basic_client_and_further_params(void **state)
{
	AUTO(json_put_ptr) json_object *secret = json_of(SECRET);
	AUTO(json_put_ptr) json_object *settings = json_of("{\"shop\":\"a \\\"b\\\"\"}");
	struct provider p = *declarations_provider("practicepanther");
	struct param params[3] = {{.in = PARAM_QUERY, .name = "v"}, {.in = PARAM_HEADER, .name = "Version"},
	    {.in = PARAM_BODY, .name = "shop"}};
	struct oauth_account account = {.secret = secret, .settings = settings};
	struct oauth_request rq;
	struct err err = {0};

	(void)state;
	assert_int_equal(template_compile("2 3", &params[0].value, &err), RC_OK);
	assert_int_equal(template_compile("2021-07-28", &params[1].value, &err), RC_OK);
	assert_int_equal(template_compile("${connection.settings.shop}", &params[2].value, &err), RC_OK);
	p.auth.body = BODY_JSON;
	p.auth.client = CLIENT_BASIC;
	p.auth.timeout_s = 7;
	p.auth.token_params.at = params;
	p.auth.token_params.n = ARRAY_SIZE(params);
	assert_int_equal(oauth_refresh_request(&p, &account, &rq, &err), RC_OK);
	assert_string_equal(rq.url, "https://app.practicepanther.com/oauth/token?v=2%203");
	assert_int_equal(rq.nheaders, 4);
	assert_string_equal(rq.headers[1], "Content-Type: application/json");
	/* base64 of "the%20id:canary-secret%26x" */
	assert_string_equal(rq.headers[2], "Authorization: Basic dGhlJTIwaWQ6Y2FuYXJ5LXNlY3JldCUyNng=");
	assert_string_equal(rq.headers[3], "Version: 2021-07-28");
	AUTO(json_put_ptr) json_object *body = json_of(rq.body.p);
	assert_string_equal(json_object_get_string(rules_value(body, "shop")), "a \"b\"");
	assert_string_equal(
	    json_object_get_string(rules_value(body, "refresh_token")), "canary-old|refresh+/=");
	assert_null(rules_value(body, "client_secret"));
	assert_int_equal(rq.timeout_ms, 7000);
	oauth_request_done(&rq);
	account.settings = NULL;
	assert_int_equal(oauth_refresh_request(&p, &account, &rq, &err), RC_INVALID);
	assert_non_null(strstr(err.text, "${connection.settings.shop}"));
	for (size_t i = 0; i < ARRAY_SIZE(params); i++)
		template_done(&params[i].value);
}

static void test_what_a_request_needs(void **state)
{
	static const struct {
		const char *provider;
		const char *secret;
		const char *text;
	} cases[] = {
	    {"acme", SECRET, "acme does not use OAuth 2"},
	    {"google", "{\"client_id\":\"x\",\"client_secret\":\"canary\"}", "no refresh token"},
	    {"google", "{\"client_id\":\"x\",\"refresh_token\":\"\"}", "no refresh token"},
	    {"google", "{\"client_id\":\"x\",\"refresh_token\":7}", "no refresh token"},
	    {"google", "{\"refresh_token\":\"canary\"}", "no client id"},
	    {"google", "[]", "no refresh token"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		AUTO(json_put_ptr) json_object *secret = json_of(cases[i].secret);
		struct oauth_account account = {.secret = secret};
		struct oauth_request rq;
		struct err err = {0};

		assert_int_equal(
		    oauth_refresh_request(declarations_provider(cases[i].provider), &account, &rq, &err),
		    RC_INVALID);
		if (!strstr(err.text, cases[i].text))
			fail_msg("%s: %s", cases[i].text, err.text);
		assert_null(strstr(err.text, "canary"));
	}
}

/* ---- answers ---- */

struct answer_case {
	const char *provider;
	int64_t status;
	const char *body;
	int64_t class;       /* of enum verdict_class */
	const char *access;  /* OK: the token */
	const char *refresh; /* NULL: kept */
	int64_t life_s;
	const char *reason; /* not OK: part of it */
	int64_t wait_ms;
};

#define CANARY "canary-from-the-provider"

static const struct answer_case answers[] = {
    /* PracticePanther: rotates; expires_in may be absent; a lost race is invalid_grant */
    {"practicepanther", 200,
        "{\"access_token\":\"a1\",\"token_type\":\"bearer\",\"expires_in\":86399,\"refresh_token\":\"r1\"}",
        VERDICT_OK, "a1", "r1", 86399, NULL, 0},
    {"practicepanther", 200, "{\"access_token\":\"a1\",\"refresh_token\":\"r1\"}", VERDICT_OK, "a1", "r1",
        HOUR_S, NULL, 0},
    {"practicepanther", 400, "{\"error\":\"invalid_grant\",\"error_description\":\"" CANARY "\"}",
        VERDICT_AUTH, NULL, NULL, 0, "HTTP 400: the grant is spent", 0},
    /* HighLevel: snake and camel case; a spent token is 400; a paused location is not the end */
    {"highlevel", 200,
        "{\"access_token\":\"a\",\"expires_in\":86399,\"refresh_token\":\"r\",\"locationId\":\"L1\"}",
        VERDICT_OK, "a", "r", 86399, NULL, 0},
    {"highlevel", 200, "{\"accessToken\":\"a\",\"refreshToken\":\"r\",\"expiresIn\":600}", VERDICT_OK, "a",
        "r", 600, NULL, 0},
    {"highlevel", 400, "{\"statusCode\":400,\"message\":\"Invalid grant: refresh token is invalid\"}",
        VERDICT_AUTH, NULL, NULL, 0, "withdrawn", 0},
    {"highlevel", 400, "{\"statusCode\":400,\"message\":\"Location is not active\"}", VERDICT_TRANSIENT, NULL,
        NULL, 0, "paused", 3600000},
    {"highlevel", 422, "{\"statusCode\":422,\"message\":[\"x\",\"" CANARY "\"]}", VERDICT_PERMANENT, NULL,
        NULL, 0, "HTTP 422", 0},
    /* Amazon: not rotated, but a new refresh token is kept; the application's secret is an app-level fault */
    {"amazon", 200,
        "{\"access_token\":\"Atza|x\",\"token_type\":\"bearer\",\"expires_in\":3600,\"refresh_token\":\"Atzr|"
        "y\"}",
        VERDICT_OK, "Atza|x", "Atzr|y", 3600, NULL, 0},
    {"amazon", 401, "{\"error\":\"invalid_client\",\"error_description\":\"" CANARY "\"}", VERDICT_PERMANENT,
        NULL, NULL, 0, "every seller", 0},
    {"amazon", 400, "{\"error\":\"invalid_grant\"}", VERDICT_AUTH, NULL, NULL, 0, "removed", 0},
    {"amazon", 500, "", VERDICT_TRANSIENT, NULL, NULL, 0, "HTTP 500", 0},
    /* Google: the refresh token does not come again */
    {"google", 200,
        "{\"access_token\":\"ya29.a\",\"expires_in\":3599,\"scope\":\"s\",\"token_type\":\"Bearer\"}",
        VERDICT_OK, "ya29.a", NULL, 3599, NULL, 0},
    {"google", 400,
        "{\"error\":\"invalid_grant\",\"error_description\":\"Token has been expired or revoked.\"}",
        VERDICT_AUTH, NULL, NULL, 0, "withdrawn", 0},
    {"unruled", 400, "{\"error\":\"invalid_grant\",\"error_description\":\"" CANARY "\"}", VERDICT_AUTH, NULL,
        NULL, 0, "invalid_grant", 0}, /* no rule: RFC 6749 */
    {"unruled", 401, "{\"error\":\"invalid_client\"}", VERDICT_PERMANENT, NULL, NULL, 0, "every account", 0},
    {"unruled", 400, "{\"error\":\"" CANARY "\"}", VERDICT_PERMANENT, NULL, NULL, 0,
        "HTTP 400: the token request", 0},
    {"unruled", 503, "<html>", VERDICT_TRANSIENT, NULL, NULL, 0, "HTTP 503", 0},
    {"unruled", 429, "", VERDICT_THROTTLED, NULL, NULL, 0, "HTTP 429", 0},
    /* Zoho: errors come with 200; milliseconds when expires_in_sec is there too */
    {"zoho", 200,
        "{\"access_token\":\"1000.a\",\"api_domain\":\"https://www.zohoapis.eu\",\"expires_in\":3600}",
        VERDICT_OK, "1000.a", NULL, 3600, NULL, 0},
    {"zoho", 200, "{\"access_token\":\"1000.a\",\"expires_in\":3600000,\"expires_in_sec\":3600}", VERDICT_OK,
        "1000.a", NULL, 3600, NULL, 0},
    {"zoho", 200, "{\"error\":\"invalid_code\"}", VERDICT_AUTH, NULL, NULL, 0, "HTTP 200: the grant", 0},
    {"zoho", 200,
        "{\"error\":\"Access Denied\",\"error_description\":\"You have made too many requests "
        "continuously. " CANARY "\",\"status\":\"failure\"}",
        VERDICT_THROTTLED, NULL, NULL, 0, "ten access tokens", 600000},
    {"zoho", 200, "{\"error\":\"invalid_client\"}", VERDICT_PERMANENT, NULL, NULL, 0,
        "HTTP 200: the client id or secret is refused", 0},
    {"zoho", 200, "{\"error\":\"" CANARY "\"}", VERDICT_TRANSIENT, NULL, NULL, 0, "HTTP 200: transient", 0},
    /* oddities */
    {"unruled", 200, "{\"error\":\"invalid_code\"}", VERDICT_AUTH, NULL, NULL, 0, "invalid_code", 0},
    {"unruled", 200, "{\"access_token\":\"a\",\"expires_in\":\"120\"}", VERDICT_OK, "a", NULL, 120, NULL, 0},
    {"unruled", 200, "{\"access_token\":\"a\",\"expires_in\":-5}", VERDICT_OK, "a", NULL, 3599, NULL, 0},
    {"unruled", 200, "{\"access_token\":\"a\",\"expires_in\":\"soon\"}", VERDICT_OK, "a", NULL, 3599, NULL,
        0},
    {"unruled", 200, "{\"access_token\":\"a\",\"expires_in\":1e300}", VERDICT_OK, "a", NULL, YEAR_S, NULL, 0},
    {"unruled", 200, "{\"access_token\":\"a\",\"refresh_token\":null}", VERDICT_OK, "a", NULL, 3599, NULL, 0},
    {"unruled", 200, "{\"access_token\":\"\"}", VERDICT_PERMANENT, NULL, NULL, 0, "malformed", 0},
    {"unruled", 200, "{\"access_token\":\"" CANARY "\\r\\nX: y\"}", VERDICT_PERMANENT, NULL, NULL, 0,
        "malformed", 0},
    {"unruled", 200, "{\"access_token\":\"a\",\"refresh_token\":\"" CANARY " b\"}", VERDICT_PERMANENT, NULL,
        NULL, 0, "malformed", 0},
    {"unruled", 200, "{\"access_token\":7}", VERDICT_PERMANENT, NULL, NULL, 0, "malformed", 0},
    {"unruled", 200, "{}", VERDICT_TRANSIENT, NULL, NULL, 0, "no access token", 0},
    {"unruled", 200, "<html>" CANARY, VERDICT_TRANSIENT, NULL, NULL, 0, "no access token", 0},
    {"unruled", 200, "", VERDICT_TRANSIENT, NULL, NULL, 0, "no access token", 0},
    {"unruled", 302, "", VERDICT_PERMANENT, NULL, NULL, 0, "HTTP 302", 0},
    {"unruled", 400, "{\"access_token\":\"a\"}", VERDICT_PERMANENT, NULL, NULL, 0, "HTTP 400", 0},
};

static void assert_token(struct str got, const char *want)
{
	assert_int_equal(got.n, want ? strlen(want) : 0);
	if (want)
		assert_memory_equal(got.p, want, got.n);
}

static void check_answer(const struct answer_case *c)
{
	AUTO(buf_done) struct buf body = BUF(65536);
	struct http_response res = {.status = (int)c->status, .body = &body};
	struct oauth_answer a;

	buf_add_text(&body, c->body);
	oauth_token_answer(declarations_provider(c->provider), &res, NOW_US, &a);
	if (a.class != (enum verdict_class)c->class)
		fail_msg("%s: %s: %s (%s)", c->provider, c->body, verdict_class_name(a.class), a.reason);
	assert_token(a.access_token, c->access);
	assert_token(a.refresh_token, c->refresh);
	assert_null(strstr(a.reason, "canary"));
	if (c->access) {
		assert_int_equal(a.expires_at_us, NOW_US + c->life_s * 1000000);
		assert_string_equal(a.reason, "");
	} else if (!strstr(a.reason, c->reason)) {
		fail_msg("%s: %s: %s", c->provider, c->body, a.reason);
	}
	assert_int_equal(a.wait_ms, c->wait_ms);
	oauth_answer_done(&a);
}

static void test_answers(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(answers); i++)
		check_answer(&answers[i]);
}

static void test_retry_after(void **state)
{
	static const struct {
		const char *value;
		int64_t wait_ms;
	} cases[] = {{"30", 30000}, {"Fri, 15 Jan 2027 08:00:30 GMT", 30000}, {"-1", 0}, {"soon", 0}};
	AUTO(buf_done) struct buf body = BUF(100);

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct http_header header = {STR("retry-after"), str_of(cases[i].value)};
		struct http_response res = {.status = 503, .body = &body, .headers = &header, .nheaders = 1};
		struct oauth_answer a;

		oauth_token_answer(declarations_provider("google"), &res, NOW_US, &a);
		assert_int_equal(a.class, cases[i].wait_ms ? VERDICT_THROTTLED : VERDICT_TRANSIENT);
		assert_int_equal(a.wait_ms, cases[i].wait_ms);
		oauth_answer_done(&a);
	}
}

static void test_settings_and_secret(void **state)
{
	AUTO(json_put_ptr) json_object *secret = json_of(SECRET);
	AUTO(buf_done) struct buf body = BUF(4096);
	struct http_response res = {.status = 200, .body = &body};
	struct oauth_answer a;

	(void)state;
	buf_add_text(
	    &body, "{\"access_token\":\"n\",\"refresh_token\":\"m\",\"locationId\":\"L1\",\"companyId\":7}");
	oauth_token_answer(declarations_provider("highlevel"), &res, NOW_US, &a);
	assert_string_equal(json_object_get_string(rules_value(a.settings, "location_id")), "L1");
	assert_null(rules_value(a.settings, "company_id")); /* not a text */
	oauth_secret_update(secret, &a);
	oauth_answer_done(&a);
	assert_string_equal(json_object_get_string(rules_value(secret, "access_token")), "n");
	assert_string_equal(json_object_get_string(rules_value(secret, "refresh_token")), "m");
	assert_string_equal(json_object_get_string(rules_value(secret, "client_id")), "the id");
	buf_clear(&body);
	buf_add_text(&body, "{\"access_token\":\"o\"}");
	oauth_token_answer(declarations_provider("highlevel"), &res, NOW_US, &a);
	assert_null(a.settings);
	oauth_secret_update(secret, &a);
	oauth_answer_done(&a);
	assert_string_equal(json_object_get_string(rules_value(secret, "access_token")), "o");
	assert_string_equal(json_object_get_string(rules_value(secret, "refresh_token")), "m"); /* kept */
}

/* ---- rules ---- */

static void test_rules(void **state)
{
	static const char *const words[] = {"gone", "7"};
	static const int64_t statuses[] = {400, 410};
	const struct texts some = {(const char **)words, 2};
	const struct ints status = {(int64_t *)statuses, 2};
	const struct {
		struct verdict_rule rule;
		bool holds;
	} cases[] = {
	    {{.status = status}, true},
	    {{.status = {(int64_t *)statuses + 1, 1}}, false},
	    {{.path = "error.reason", .equals = some}, true},
	    {{.path = "error.reason", .contains = some}, true},
	    {{.path = "error.absent", .equals = some}, false},
	    {{.path = "error.code", .equals = some}, true}, /* numbers as they are written */
	    {{.path = "list.1.r", .equals = some}, true},
	    {{.path = "list.0.r", .equals = some}, false},
	    {{.path = "list.*.r", .equals = some}, true},
	    {{.path = "list.9.r", .equals = some}, false},
	    {{.path = "words", .equals = some}, true}, /* any element of the last list */
	    {{.path = "empty", .present = TRI_YES}, false},
	    {{.path = "empty", .present = TRI_NO}, true},
	    {{.path = "error", .present = TRI_YES}, true},
	    {{.contains = some}, true},
	    {{.header = "X-Gone"}, true},
	    {{.header = "X-There"}, false},
	    {{.cursor_sent = TRI_YES}, false},
	    {{.cursor_sent = TRI_NO}, true},
	    {{.status = status, .path = "error.absent", .present = TRI_YES}, false},
	};
	AUTO(buf_done) struct buf body = BUF(4096);
	struct http_header header = {STR("x-gone"), STR("")};
	struct http_response res = {.status = 400, .body = &body, .headers = &header, .nheaders = 1};

	(void)state;
	buf_add_text(&body,
	    "{\"error\":{\"reason\":\"gone\",\"code\":7},\"list\":[{\"r\":\"x\"},{\"r\":\"gone\"}],"
	    "\"words\":[\"a\",\"gone\"],\"empty\":null}");
	AUTO(rules_answer_done) struct rules_answer a = {.response = &res};
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		if ((rules_find(&cases[i].rule, 1, &a) != NULL) != cases[i].holds)
			fail_msg("rule %zu", i);
	}
	assert_null(rules_find(NULL, 0, &a));
}

static void test_rules_of_bodies(void **state)
{
	static const char *const words[] = {"gone"};
	const struct texts some = {(const char **)words, 1};
	const struct verdict_rule in_text = {.contains = some}, in_path = {.path = "error", .equals = some};
	static const struct {
		const char *before;
		size_t blanks;
		const char *after;
		bool in_text, in_path;
	} cases[] = {
	    {"{\"error\":\"gone\"}", 0, "", true, true},
	    {"{\"error\":\"gone\"", RULES_BODY_MAX - 16, "}", true, true},
	    {"{\"error\":\"gone\"", RULES_BODY_MAX - 15, "}", false, false}, /* longer: not looked into */
	    {"<html>gone", 0, "", true, false},
	    {"{\"error\":\"gone\"", 0, "", true, false},
	    {"", 0, "", false, false},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		AUTO(buf_done) struct buf body = BUF(1 << 20);
		struct http_response res = {.status = 400, .body = &body};
		AUTO(rules_answer_done) struct rules_answer a = {.response = &res};

		buf_printf(&body, "%s%*s%s", cases[i].before, (int)cases[i].blanks, "", cases[i].after);
		assert_int_equal(rules_find(&in_text, 1, &a) != NULL, cases[i].in_text);
		assert_int_equal(rules_find(&in_path, 1, &a) != NULL, cases[i].in_path);
		assert_int_equal(rules_doc(&a) != NULL, cases[i].in_path);
	}
	struct http_response none = {.status = 204};
	AUTO(rules_answer_done) struct rules_answer a = {.response = &none};
	assert_null(rules_find(&in_text, 1, &a));
	assert_null(rules_find(&in_path, 1, &a));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_request_is_as_each_provider_wants_it),
	    cmocka_unit_test(test_origin_is_replaced),
	    cmocka_unit_test(test_json_body_basic_client_and_further_params),
	    cmocka_unit_test(test_what_a_request_needs),
	    cmocka_unit_test(test_answers),
	    cmocka_unit_test(test_retry_after),
	    cmocka_unit_test(test_settings_and_secret),
	    cmocka_unit_test(test_rules),
	    cmocka_unit_test(test_rules_of_bodies),
	};

	return cmocka_run_group_tests(tests, declarations_load, declarations_unload);
}
