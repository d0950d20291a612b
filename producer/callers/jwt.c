// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "jwt.h"

#include "io/crypto.h"

#include <math.h>

#define HEADER_BYTES_MAX 4096
#define DEPTH_MAX 8
#define SUBJECT_BYTES_MAX 255
#define SIGNATURE_BYTES_MAX 1024 /* RSA of 8192 bits */

static const char *const algorithm_names[] = {
#define X(name) #name,
    JWT_ALGORITHMS(X)
#undef X
};

static const struct {
	const char *code;
	const char *detail;
} faults[] = {
#define X(id, code, detail) {(code), (detail)},
    JWT_FAULTS(X)
#undef X
};

const char *jwt_fault_code(enum jwt_fault fault)
{
	return faults[fault].code;
}

const char *jwt_fault_detail(enum jwt_fault fault)
{
	return faults[fault].detail;
}

unsigned jwt_algorithm_parse(struct str name)
{
	for (unsigned i = 0; i < JWT_ALGORITHM_COUNT; i++)
		if (str_is(name, algorithm_names[i]))
			return JWT_BIT(i);
	return 0;
}

struct str jwt_string(struct json_object *object, const char *name)
{
	struct json_object *value = NULL;

	if (!json_object_object_get_ex(object, name, &value) || !json_object_is_type(value, json_type_string))
		return (struct str){NULL, 0};
	return (struct str){json_object_get_string(value), (size_t)json_object_get_string_len(value)};
}

static bool has(struct json_object *object, const char *name)
{
	return json_object_object_get_ex(object, name, NULL);
}

/* A part that is a JSON object; NULL otherwise. */
static struct json_object *decode_object(struct str part, size_t max_bytes)
{
	AUTO(buf_done) struct buf text = BUF(max_bytes);
	AUTO(json_put_ptr) json_object *object = NULL;

	if (!crypto_base64_decode(CRYPTO_BASE64URL, part, &text) ||
	    json_parse(buf_str(&text), max_bytes, DEPTH_MAX, &object, NULL) != RC_OK ||
	    !json_object_is_type(object, json_type_object))
		return NULL;
	return TAKE(object);
}

/* ---- opening ---- */

static bool is_typ(struct str typ)
{
	static const char *const known[] = {"JWT", "at+jwt", "application/jwt", "application/at+jwt"};

	for (size_t i = 0; i < ARRAY_SIZE(known); i++)
		if (str_eq_nocase(typ, str_of(known[i])))
			return true;
	return false;
}

/* Keys that a header brings along (jwk, jku, x5c) are nobody's: they are not even looked at. */
static enum jwt_fault read_header(struct jwt *t, unsigned algorithms)
{
	struct str alg = jwt_string(t->header, "alg");
	unsigned bit = alg.p ? jwt_algorithm_parse(alg) : 0;

	if (has(t->header, "crit") || (has(t->header, "typ") && !is_typ(jwt_string(t->header, "typ"))))
		return JWT_HEADER;
	t->kid = jwt_string(t->header, "kid");
	if (has(t->header, "kid") && !t->kid.p)
		return JWT_HEADER;
	if (!(bit & algorithms))
		return JWT_ALGORITHM;
	t->algorithm = (enum jwt_algorithm)__builtin_ctz(bit);
	return JWT_FINE;
}

enum jwt_fault jwt_open(struct str token, size_t max_bytes, unsigned algorithms, struct jwt *ret)
{
	struct str rest = token;

	ret->signature = BUF(SIGNATURE_BYTES_MAX);
	if (token.n > max_bytes)
		return JWT_TOO_LONG;
	struct str header = str_cut(&rest, '.');
	ret->payload_part = str_cut(&rest, '.');
	ret->signed_part = (struct str){token.p, header.n + 1 + ret->payload_part.n};
	if (ret->signed_part.n >= token.n || memchr(rest.p, '.', rest.n))
		return JWT_MALFORMED;
	ret->header = decode_object(header, HEADER_BYTES_MAX);
	if (!ret->header)
		return JWT_MALFORMED;
	enum jwt_fault fault = read_header(ret, algorithms);
	/* after the header, so that an unsigned token is told that its `alg` is the trouble */
	if (fault == JWT_FINE && (!rest.n || !crypto_base64_decode(CRYPTO_BASE64URL, rest, &ret->signature)))
		fault = JWT_MALFORMED;
	return fault;
}

void jwt_done(struct jwt *t)
{
	json_object_put(t->header);
	buf_done(&t->signature);
	*t = (struct jwt){0};
}

/* ---- verifying ---- */

bool jwt_verify_secret(const struct jwt *t, struct str secret)
{
	uint8_t code[CRYPTO_SHA256_LEN];

	assert(t->algorithm == JWT_HS256);
	crypto_hmac_sha256(secret, t->signed_part, code);
	return t->signature.n == sizeof code && crypto_equal(code, t->signature.p, sizeof code);
}

bool jwt_verify_key(const struct jwt *t, const struct crypto_public_key *key)
{
	assert(t->algorithm != JWT_HS256);
	return crypto_verify(key, t->signed_part, buf_str(&t->signature));
}

/* ---- claims ---- */

/* RFC 7519's NumericDate: seconds, perhaps with a fraction. */
static bool read_date(struct json_object *value, int64_t *ret)
{
	if (json_object_is_type(value, json_type_int)) {
		*ret = json_object_get_int64(value);
		return true;
	}
	double seconds = json_object_is_type(value, json_type_double) ? json_object_get_double(value) : NAN;
	if (!(fabs(seconds) <= (double)JSON_INT_MAX))
		return false;
	*ret = (int64_t)floor(seconds);
	return true;
}

static bool is_audience(struct json_object *aud, struct str wanted)
{
	if (json_object_is_type(aud, json_type_string))
		return str_is(wanted, json_object_get_string(aud));
	if (!json_object_is_type(aud, json_type_array))
		return false;
	for (size_t i = 0; i < json_object_array_length(aud); i++) {
		struct json_object *one = json_object_array_get_idx(aud, i);

		if (json_object_is_type(one, json_type_string) && str_is(wanted, json_object_get_string(one)))
			return true;
	}
	return false;
}

static enum jwt_fault check_times(
    struct json_object *claims, const struct jwt_expected *expected, int64_t *ret_expires_s)
{
	struct json_object *value = NULL;
	int64_t not_before_s = INT64_MIN;

	if (!json_object_object_get_ex(claims, "exp", &value) || !read_date(value, ret_expires_s))
		return JWT_CLAIMS;
	if (json_object_object_get_ex(claims, "nbf", &value) && !read_date(value, &not_before_s))
		return JWT_CLAIMS;
	if (expected->now_s - expected->leeway_s >= *ret_expires_s)
		return JWT_EXPIRED;
	return expected->now_s + expected->leeway_s < not_before_s ? JWT_EARLY : JWT_FINE;
}

static enum jwt_fault check_parties(struct json_object *claims, const struct jwt_expected *expected)
{
	struct json_object *aud = NULL;
	struct str issuer = jwt_string(claims, "iss");
	struct str subject = jwt_string(claims, "sub");

	if (has(claims, "iss") && !issuer.p)
		return JWT_CLAIMS;
	if (expected->issuer.n && !(issuer.p && str_eq(issuer, expected->issuer)))
		return JWT_ISSUER;
	json_object_object_get_ex(claims, "aud", &aud);
	if (expected->audience.n && !is_audience(aud, expected->audience))
		return JWT_AUDIENCE;
	return subject.n == 0 || subject.n > SUBJECT_BYTES_MAX ? JWT_CLAIMS : JWT_FINE;
}

enum jwt_fault jwt_claims(const struct jwt *t, const struct jwt_expected *expected, struct json_object **ret,
    int64_t *ret_expires_s)
{
	AUTO(json_put_ptr) json_object *claims = decode_object(t->payload_part, t->payload_part.n);
	int64_t expires_s = 0;

	if (!claims)
		return JWT_MALFORMED;
	enum jwt_fault fault = check_times(claims, expected, &expires_s);
	if (fault == JWT_FINE)
		fault = check_parties(claims, expected);
	if (fault != JWT_FINE)
		return fault;
	*ret = TAKE(claims);
	*ret_expires_s = expires_s;
	return JWT_FINE;
}
