// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "base/json.h"
#include "sync/oauth.h"

#include "../declarations.h"

#define SECRET                                                                                               \
	"{\"access_token\":\"an-access\",\"refresh_token\":\"a refresh&\",\"client_id\":\"the id\","         \
	"\"client_secret\":\"s&x\"}"
#define VERIFIER "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk" /* RFC 7636, appendix B */
#define CHALLENGE "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"

static json_object *json_of(const char *text)
{
	json_object *o = json_tokener_parse(text);

	assert_non_null(o);
	return o;
}

static void the_challenge_is_the_rfcs(void **state)
{
	AUTO(buf_done) struct buf out = BUF(64);

	(void)state;
	oauth_challenge(STR(VERIFIER), &out);
	assert_string_equal(buf_text(&out), CHALLENGE);
}

/* ---- where a person consents ---- */

static const struct oauth_consent consent = {.client_id = STR("the id"),
    .redirect_uri = STR("https://fleet.example/cb?x=1"),
    .state = STR("st-_"),
    .verifier = STR(VERIFIER)};

static void the_url_has_what_the_declaration_says(void **state)
{
	AUTO(json_put_ptr) json_object *eu = json_of("{\"data_centre\":\"eu\"}");
	struct oauth_account account = {.settings = eu};
	struct provider plain = *declarations_provider("practicepanther");
	AUTO(buf_done) struct buf url = BUF(4096);
	struct err err;

	(void)state;
	assert_int_equal(
	    oauth_authorize_url(declarations_provider("zoho"), &account, &consent, &url, &err), RC_OK);
	assert_string_equal(buf_text(&url),
	    "https://accounts.zoho.eu/oauth/v2/auth?response_type=code&client_id=the%20id"
	    "&redirect_uri=https%3A%2F%2Ffleet.example%2Fcb%3Fx%3D1"
	    "&scope=ZohoCRM.modules.READ%2CZohoCRM.settings.READ%2CZohoCRM.settings.fields.CREATE%2CZohoCRM."
	    "coql.READ%2CZohoCRM.org.READ%2CZohoCRM.users.READ&state=st-_"
	    "&code_challenge=" CHALLENGE "&code_challenge_method=S256&access_type=offline&prompt=consent");
	buf_clear(&url);
	plain.auth.pkce = false;
	account.origin = STR("http://127.0.0.1:9000");
	assert_int_equal(oauth_authorize_url(&plain, &account, &consent, &url, &err), RC_OK);
	assert_string_equal(buf_text(&url),
	    "http://127.0.0.1:9000/OAuth/Authorize?response_type=code&client_id=the%20id"
	    "&redirect_uri=https%3A%2F%2Ffleet.example%2Fcb%3Fx%3D1&state=st-_");
}

static void a_setting_that_is_missing_is_named(void **state)
{
	AUTO(json_put_ptr) json_object *nowhere = json_of("{\"data_centre\":\"mars\"}");
	struct oauth_account account = {.settings = nowhere};
	AUTO(buf_done) struct buf url = BUF(4096);
	struct err err;

	(void)state;
	assert_int_equal(
	    oauth_authorize_url(declarations_provider("zoho"), &account, &consent, &url, &err), RC_INVALID);
	assert_non_null(strstr(err.text, "${dc.accounts_host}"));
}

/* ---- requests ---- */

static void assert_body(const struct oauth_request *rq, const char *body)
{
	assert_int_equal(rq->body.n, strlen(body));
	assert_memory_equal(rq->body.p, body, rq->body.n);
}

static void a_code_is_exchanged(void **state)
{
	AUTO(json_put_ptr) json_object *secret = json_of(SECRET);
	struct oauth_account account = {.secret = secret};
	struct oauth_code code = {STR("a/code&"), STR("https://fleet.example/cb"), STR(VERIFIER)};
	struct provider p = *declarations_provider("practicepanther");
	struct oauth_request rq;
	struct err err;

	(void)state;
	assert_int_equal(oauth_code_request(&p, &account, &code, &rq, &err), RC_OK);
	assert_string_equal(rq.method, "POST");
	assert_string_equal(rq.url, "https://app.practicepanther.com/oauth/token");
	assert_body(&rq,
	    "grant_type=authorization_code&code=a%2Fcode%26&redirect_uri=https%3A%2F%2Ffleet.example%2Fcb"
	    "&code_verifier=" VERIFIER "&client_id=the%20id&client_secret=s%26x");
	oauth_request_done(&rq);
	p.auth.pkce = false;
	p.auth.client = CLIENT_BASIC;
	assert_int_equal(oauth_code_request(&p, &account, &code, &rq, &err), RC_OK);
	assert_body(&rq,
	    "grant_type=authorization_code&code=a%2Fcode%26&redirect_uri=https%3A%2F%2Ffleet.example%2Fcb");
	oauth_request_done(&rq);
}

static void a_token_is_withdrawn(void **state)
{
	AUTO(json_put_ptr) json_object *secret = json_of(SECRET);
	AUTO(json_put_ptr)
	json_object *short_lived = json_of("{\"access_token\":\"an-access\",\"client_id\":\"c\"}");
	AUTO(json_put_ptr) json_object *nothing = json_of("{\"client_id\":\"c\"}");
	struct oauth_account account = {.secret = secret};
	struct oauth_request rq;
	struct err err;

	(void)state;
	assert_int_equal(oauth_revoke_request(declarations_provider("zoho"), &account, &rq, &err), RC_OK);
	assert_string_equal(rq.url, "https://accounts.zoho.com/oauth/v2/token/revoke");
	assert_body(
	    &rq, "token=a%20refresh%26&token_type_hint=refresh_token&client_id=the%20id&client_secret=s%26x");
	oauth_request_done(&rq);
	account.secret = short_lived;
	assert_int_equal(oauth_revoke_request(declarations_provider("zoho"), &account, &rq, &err), RC_OK);
	assert_body(&rq, "token=an-access&token_type_hint=access_token&client_id=c");
	oauth_request_done(&rq);
	account.secret = nothing;
	assert_int_equal(
	    oauth_revoke_request(declarations_provider("zoho"), &account, &rq, &err), RC_INVALID);
	account.secret = secret;
	assert_int_equal(oauth_revoke_request(declarations_provider("practicepanther"), &account, &rq, &err),
	    RC_NOT_FOUND);
}

/* ---- whose account it is ---- */

static void the_account_is_where_the_declaration_says(void **state)
{
	static const struct {
		const char *doc, *id;
	} cases[] = {
	    {"{\"user\":{\"id\":\"u-1\"}}", "u-1"},
	    {"{\"user\":{\"id\":7205759403792793}}", "7205759403792793"},
	    {"{\"user\":{\"id\":\"\"}}", NULL},
	    {"{\"user\":{\"id\":null}}", NULL},
	    {"{\"user\":{\"id\":true}}", NULL},
	    {"{\"user\":{\"id\":{}}}", NULL},
	    {"{\"user\":{\"id\":1.5}}", NULL},
	    {"{\"user\":\"u-1\"}", NULL},
	    {"[]", NULL},
	};
	struct provider p = *declarations_provider("practicepanther");

	(void)state;
	p.auth.account.path = "user.id";
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		AUTO(json_put_ptr) json_object *doc = json_of(cases[i].doc);
		AUTO(buf_done) struct buf id = BUF(256);

		assert_int_equal(oauth_account_id(&p, doc, &id), cases[i].id != NULL);
		if (cases[i].id)
			assert_string_equal(buf_text(&id), cases[i].id);
	}
	AUTO(buf_done) struct buf none = BUF(256);
	assert_false(oauth_account_id(&p, NULL, &none));
}

/* HighLevel leaves the location out now and then. */
static void the_account_may_stand_elsewhere(void **state)
{
	static const struct {
		const char *doc, *id;
	} cases[] = {
	    {"{\"locationId\":\"loc\",\"userId\":\"u\",\"companyId\":\"c\"}", "loc"},
	    {"{\"userId\":\"u\",\"companyId\":\"c\"}", "u"},
	    {"{\"companyId\":\"c\",\"userId\":null}", "c"},
	    {"{}", NULL},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		AUTO(json_put_ptr) json_object *doc = json_of(cases[i].doc);
		AUTO(buf_done) struct buf id = BUF(256);

		assert_int_equal(
		    oauth_account_id(declarations_provider("highlevel"), doc, &id), cases[i].id != NULL);
		if (cases[i].id)
			assert_string_equal(buf_text(&id), cases[i].id);
	}
}

static void it_is_asked_with_the_access_token(void **state)
{
	AUTO(json_put_ptr) json_object *secret = json_of(SECRET);
	struct oauth_account account = {.secret = secret};
	struct provider p = *declarations_provider("zoho");
	struct oauth_request rq;
	struct err err;

	(void)state;
	assert_int_equal(
	    template_compile("https://${dc.accounts_host}/oauth/user/info", &p.auth.account.url, &err),
	    RC_OK);
	assert_int_equal(oauth_account_request(&p, &account, &rq, &err), RC_OK);
	assert_string_equal(rq.method, "GET");
	assert_string_equal(rq.url, "https://accounts.zoho.com/oauth/user/info");
	assert_string_equal(rq.headers[1], "Authorization: Zoho-oauthtoken an-access");
	assert_null(rq.body.p);
	oauth_request_done(&rq);
	template_done(&p.auth.account.url);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_challenge_is_the_rfcs),
	    cmocka_unit_test(the_url_has_what_the_declaration_says),
	    cmocka_unit_test(a_setting_that_is_missing_is_named),
	    cmocka_unit_test(a_code_is_exchanged),
	    cmocka_unit_test(a_token_is_withdrawn),
	    cmocka_unit_test(the_account_is_where_the_declaration_says),
	    cmocka_unit_test(the_account_may_stand_elsewhere),
	    cmocka_unit_test(it_is_asked_with_the_access_token),
	};

	return cmocka_run_group_tests(tests, declarations_load, declarations_unload);
}
