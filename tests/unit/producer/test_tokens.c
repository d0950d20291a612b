// SPDX-License-Identifier: Apache-2.0
/* Users' tokens: a corpus of good and forged ones (tests/fixtures/tokens/make.py), times, claims, settings.
 */
#include "base/base.h"
#include "base/metrics.h"
#include "io/crypto.h"
#include "tokens.h"

#include <setjmp.h>

#include <cmocka.h>

#define FOLDER "tests/fixtures/tokens/"
#define SECRET "0123456789abcdef0123456789abcdef"
#define NOW_S INT64_C(1800000000)
#define TOKEN_MAX 8192

static struct loop *loop;
static struct tokens *tokens;

static struct token_options options(void)
{
	return (struct token_options){.secret = SECRET,
	    .algorithms = "",
	    .jwks = "",
	    .jwks_refetch_ms = 10000,
	    .jwks_refresh_ms = 3600000,
	    .issuer = "",
	    .audience = "",
	    .leeway_s = 30,
	    .max_bytes = TOKEN_MAX,
	    .tenant_claim = "tenant_id",
	    .tenant = "",
	    .role_claim = "role",
	    .admin_role = "admin"};
}

static void make(const struct token_options *o)
{
	struct err err;

	if (tokens_check(o, &err) != RC_OK)
		fail_msg("%s", err.text);
	tokens_free(tokens);
	tokens = tokens_new(loop, o, NULL);
}

static int setup(void **state)
{
	(void)state;
	metrics_init("test");
	loop = loop_new();
	tokens = NULL;
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	tokens_free(tokens);
	loop_free(loop);
	metrics_done();
	return 0;
}

/* ---- the corpus ---- */

static const char *text_of(json_object *o, const char *name)
{
	struct json_object *value = NULL;

	assert_true(json_object_object_get_ex(o, name, &value));
	return json_object_get_string(value);
}

static void test_the_corpus(void **state)
{
	json_object *corpus = json_object_from_file(FOLDER "cases.json");
	struct json_object *cases = NULL;
	struct token_options o = options();

	(void)state;
	assert_non_null(corpus);
	o.secret = text_of(corpus, "secret");
	o.issuer = text_of(corpus, "issuer");
	o.audience = text_of(corpus, "audience");
	o.jwks = FOLDER "jwks.json";
	make(&o);
	assert_true(json_object_object_get_ex(corpus, "cases", &cases));
	assert_true(json_object_array_length(cases) > 100);
	for (size_t i = 0; i < json_object_array_length(cases); i++) {
		json_object *one = json_object_array_get_idx(cases, i);
		struct token_identity id;
		enum jwt_fault fault = tokens_read(tokens, str_of(text_of(one, "token")), NOW_S, &id);

		if (strcmp(jwt_fault_code(fault), text_of(one, "code")) != 0)
			fail_msg("%s: \"%s\" instead of \"%s\"", text_of(one, "name"), jwt_fault_code(fault),
			    text_of(one, "code"));
		if (fault != JWT_FINE)
			continue;
		assert_string_equal(id.subject, "user-1");
		assert_string_equal(id.tenant, "first");
		assert_false(id.admin);
	}
	json_object_put(corpus);
}

/* A good token with any one byte changed, cut off, or doubled is no token. */
static void test_every_byte_counts(void **state)
{
	json_object *corpus = json_object_from_file(FOLDER "cases.json");
	struct json_object *cases = NULL;
	struct token_options o = options();
	struct token_identity id;

	(void)state;
	o.secret = text_of(corpus, "secret");
	make(&o);
	assert_true(json_object_object_get_ex(corpus, "cases", &cases));
	char *token = mem_strdup(text_of(json_object_array_get_idx(cases, 0), "token"));
	size_t n = strlen(token);
	assert_int_equal(tokens_read(tokens, (struct str){token, n}, NOW_S, &id), JWT_FINE);
	for (size_t i = 0; i < n; i++) {
		char was = token[i];

		token[i] = was == 'A' ? 'B' : 'A';
		assert_int_not_equal(tokens_read(tokens, (struct str){token, n}, NOW_S, &id), JWT_FINE);
		token[i] = was;
		assert_int_not_equal(tokens_read(tokens, (struct str){token, i}, NOW_S, &id), JWT_FINE);
	}
	free(token);
	json_object_put(corpus);
}

/* ---- our own tokens ---- */

/* Of {"alg":"HS256"} and the claims. The caller frees it. */
static char *sign(const char *claims)
{
	struct buf token = BUF((size_t)2 * TOKEN_MAX);
	uint8_t code[CRYPTO_SHA256_LEN];

	crypto_base64_encode(CRYPTO_BASE64URL, STR("{\"alg\":\"HS256\"}"), &token);
	buf_add_char(&token, '.');
	crypto_base64_encode(CRYPTO_BASE64URL, str_of(claims), &token);
	crypto_hmac_sha256(STR(SECRET), buf_str(&token), code);
	buf_add_char(&token, '.');
	crypto_base64_encode(CRYPTO_BASE64URL, (struct str){(const char *)code, sizeof code}, &token);
	return token.p;
}

static enum jwt_fault read_claims(const char *claims, struct token_identity *ret)
{
	char *token = sign(claims);
	enum jwt_fault fault = tokens_read(tokens, str_of(token), NOW_S, ret);

	free(token);
	return fault;
}

static void test_times_have_a_leeway(void **state)
{
	static const struct {
		int64_t exp;
		int64_t nbf;
		enum jwt_fault fault;
	} cases[] = {
	    {1, 0, JWT_FINE},
	    {0, 0, JWT_FINE},
	    {-29, 0, JWT_FINE},
	    {-30, 0, JWT_EXPIRED},
	    {-31, 0, JWT_EXPIRED},
	    {60, 30, JWT_FINE},
	    {60, 31, JWT_EARLY},
	};
	struct token_options o = options();
	struct token_identity id;

	(void)state;
	make(&o);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		char *claims = mem_printf("{\"sub\":\"u\",\"tenant_id\":\"t\",\"exp\":%" PRId64
		                          ",\"nbf\":%" PRId64 "}",
		    NOW_S + cases[i].exp, NOW_S + cases[i].nbf);

		assert_int_equal(read_claims(claims, &id), cases[i].fault);
		if (cases[i].fault == JWT_FINE)
			assert_int_equal(id.expires_s, NOW_S + cases[i].exp);
		free(claims);
	}
}

#define EXP "\"sub\":\"u\",\"exp\":1900000000"

static void test_where_tenant_and_role_are(void **state)
{
	static const struct {
		const char *tenant_claim;
		const char *role_claim;
		const char *claims;
		const char *tenant; /* NULL: refused */
		bool admin;
	} cases[] = {
	    {"tenant_id", "role", "{" EXP ",\"tenant_id\":\"t\"}", "t", false},
	    {"tenant_id", "role", "{" EXP ",\"tenant_id\":\"t\",\"role\":\"admin\"}", "t", true},
	    {"tenant_id", "role", "{" EXP ",\"tenant_id\":\"t\",\"role\":[\"x\",\"admin\"]}", "t", true},
	    {"tenant_id", "role", "{" EXP ",\"tenant_id\":\"t\",\"role\":\"Admin\"}", "t", false},
	    {"tenant_id", "role", "{" EXP ",\"tenant_id\":\"t\",\"role\":\"administrator\"}", "t", false},
	    {"tenant_id", "role", "{" EXP ",\"tenant_id\":\"t\",\"role\":{\"admin\":true}}", "t", false},
	    {"tenant_id", "role", "{" EXP ",\"tenant_id\":\"t\",\"role\":[[\"admin\"]]}", "t", false},
	    {"tenant_id", "role", "{" EXP ",\"tenant_id\":\"t\",\"roles\":\"admin\"}", "t", false},
	    {"https://x/t", "/realm/roles",
	        "{" EXP ",\"https://x/t\":\"t\",\"realm\":{\"roles\":[\"admin\"]}}", "t", true},
	    {"/app/tenant", "/realm/roles", "{" EXP ",\"app\":{\"tenant\":\"t\"}}", "t", false},
	    {"/app/tenant", "role", "{" EXP "}", "fallback", false},
	    {"tenant_id", "role", "{" EXP ",\"tenant_id\":null}", "fallback", false},
	    {"tenant_id", "role", "{" EXP ",\"tenant_id\":\"\"}", NULL, false},
	    {"tenant_id", "role", "{" EXP ",\"tenant_id\":{\"a\":1}}", NULL, false},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct token_options o = options();
		struct token_identity id;

		o.tenant = "fallback";
		o.tenant_claim = cases[i].tenant_claim;
		o.role_claim = cases[i].role_claim;
		make(&o);
		assert_int_equal(read_claims(cases[i].claims, &id), cases[i].tenant ? JWT_FINE : JWT_TENANT);
		if (!cases[i].tenant)
			continue;
		assert_string_equal(id.tenant, cases[i].tenant);
		assert_int_equal(id.admin, cases[i].admin);
	}
}

static void test_settings_that_cannot_be(void **state)
{
	static const struct {
		struct token_options o;
		const char *said;
	} cases[] = {
	    {{.secret = "0123456789abcdef0123456789abcde", .algorithms = "", .jwks = ""}, "at least 32"},
	    {{.secret = SECRET, .algorithms = "HS256,none", .jwks = ""}, "\"none\""},
	    {{.secret = SECRET, .algorithms = "HS384", .jwks = ""}, "\"HS384\""},
	    {{.secret = SECRET, .algorithms = "RS256", .jwks = ""}, "needs auth.jwks"},
	    {{.secret = "", .algorithms = "HS256", .jwks = ""}, "needs auth.jwt_secret"},
	    {{.secret = "", .algorithms = "", .jwks = FOLDER "jwks.json", .issuer = "i", .audience = ""},
	        "needs auth.jwt_issuer"},
	    {{.secret = "", .algorithms = "", .jwks = FOLDER "jwks.json", .issuer = "", .audience = "a"},
	        "needs auth.jwt_issuer"},
	    {{.secret = "", .algorithms = "", .jwks = FOLDER "none.json", .issuer = "i", .audience = "a"},
	        "No such file"},
	    {{.secret = "", .algorithms = "", .jwks = FOLDER "cases.json", .issuer = "i", .audience = "a"},
	        "no array `keys`"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct err err = {0};

		assert_int_not_equal(tokens_check(&cases[i].o, &err), RC_OK);
		if (!strstr(err.text, cases[i].said))
			fail_msg("%s: instead of %s", err.text, cases[i].said);
		assert_null(strstr(err.text, "0123"));
	}
}

static void test_without_keys_no_token_is_taken(void **state)
{
	struct token_options o = options();

	(void)state;
	o.secret = "";
	make(&o);
	assert_null(tokens);
}

/* What is not on the list is refused, though there is a key for it. */
static void test_the_list_of_algorithms(void **state)
{
	struct token_options o = options();
	struct token_identity id;

	(void)state;
	o.jwks = FOLDER "jwks.json";
	o.issuer = "i";
	o.audience = "a";
	o.algorithms = "ES256, RS256";
	make(&o);
	assert_int_equal(read_claims("{" EXP "}", &id), JWT_ALGORITHM);
	o.algorithms = "HS256";
	make(&o);
	assert_int_equal(
	    read_claims("{" EXP ",\"iss\":\"i\",\"aud\":\"a\",\"tenant_id\":\"t\"}", &id), JWT_FINE);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
	    TEST(test_the_corpus),
	    TEST(test_every_byte_counts),
	    TEST(test_times_have_a_leeway),
	    TEST(test_where_tenant_and_role_are),
	    TEST(test_settings_that_cannot_be),
	    TEST(test_without_keys_no_token_is_taken),
	    TEST(test_the_list_of_algorithms),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
