// SPDX-License-Identifier: Apache-2.0
/*
 * Any bytes as a token, as header and claims of one (two lines of JSON, so that base64 hides nothing), and as
 * a key set: refused with a reason, or what was read keeps its promises. The first byte chooses.
 */
#include "base/base.h"
#include "io/crypto.h"
#include "jwks.h"
#include "jwt.h"

#define TOKEN_MAX 16384
#define NOW_S INT64_C(1800000000)
#define LEEWAY_S 30

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool good, const char *what)
{
	if (good)
		return;
	fprintf(stderr, "%s\n", what);
	abort();
}

static bool is_within(struct str part, struct str whole)
{
	return part.p >= whole.p && part.p + part.n <= whole.p + whole.n;
}

static void check_claims(const struct jwt *t)
{
	AUTO(json_put_ptr) json_object *claims = NULL;
	struct jwt_expected expected = {
	    .issuer = STR("i"), .audience = STR("a"), .now_s = NOW_S, .leeway_s = LEEWAY_S};
	int64_t expires_s = 0;
	enum jwt_fault fault = jwt_claims(t, &expected, &claims, &expires_s);

	check((fault == JWT_FINE) == (claims != NULL), "claims without leave");
	if (fault != JWT_FINE) {
		check(*jwt_fault_code(fault) && *jwt_fault_detail(fault), "a refusal without a reason");
		return;
	}
	struct str subject = jwt_string(claims, "sub");
	check(subject.n > 0 && subject.n <= 255 && !memchr(subject.p, '\0', subject.n), "a bad subject");
	check(str_is(jwt_string(claims, "iss"), "i"), "another issuer");
	check(expires_s > NOW_S - LEEWAY_S, "an expired token");
}

static void run_token(struct str token)
{
	struct jwt t = {0};
	enum jwt_fault fault = jwt_open(token, TOKEN_MAX, JWT_BIT(JWT_HS256) | JWT_BIT(JWT_ES256), &t);

	if (fault == JWT_FINE) {
		check(t.header && t.algorithm != JWT_RS256, "an algorithm that is not allowed");
		check(is_within(t.signed_part, token) && is_within(t.payload_part, token),
		    "parts of another text");
		check(t.signature.n > 0, "no signature");
		if (t.algorithm == JWT_HS256)
			check(!jwt_verify_secret(&t, STR("nobody signs by this in a fuzzer")), "a forgery");
		check_claims(&t);
	}
	jwt_done(&t);
}

static void run_parts(struct str text)
{
	AUTO(buf_done) struct buf token = BUF(TOKEN_MAX);
	struct str header = str_cut(&text, '\n');

	crypto_base64_encode(CRYPTO_BASE64URL, header, &token);
	buf_add_char(&token, '.');
	crypto_base64_encode(CRYPTO_BASE64URL, text, &token);
	buf_add_text(&token, ".AAAA");
	run_token(buf_str(&token));
}

static void run_key_set(struct str text)
{
	struct err err = {0};
	struct jwks *set = jwks_parse(text, &err);

	if (!set) {
		check(err.text[0] != '\0', "a refusal without a reason");
		return;
	}
	check(jwks_count(set) > 0 && !jwks_find(set, JWT_HS256, STR("")), "an odd set");
	const struct crypto_public_key *key = jwks_find(set, JWT_ES256, STR(""));
	if (key)
		check(!crypto_verify(key, STR("data"), text), "a forgery");
	jwks_free(set);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static void (*const runs[])(struct str text) = {run_token, run_parts, run_key_set};

	if (size < 1)
		return 0;
	runs[data[0] % ARRAY_SIZE(runs)]((struct str){(const char *)data + 1, size - 1});
	return 0;
}
