// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "jwks.h"

#include "io/crypto.h"

#define DEPTH_MAX 8
#define KEYS_MAX 64
#define NUMBER_BYTES_MAX 1100

struct key {
	enum jwt_algorithm algorithm;
	char *kid; /* NULL: none */
	struct crypto_public_key *public;
};

struct jwks {
	size_t n;
	struct key at[KEYS_MAX];
};

/* A member that is a number in base64url; empty when it is none. */
static void read_number(struct json_object *jwk, const char *name, struct buf *ret)
{
	struct str text = jwt_string(jwk, name);

	if (text.p && !crypto_base64_decode(CRYPTO_BASE64URL, text, ret))
		buf_clear(ret);
}

static struct crypto_public_key *make_key(
    struct json_object *jwk, enum jwt_algorithm algorithm, struct err *err)
{
	AUTO(buf_done) struct buf a = BUF(NUMBER_BYTES_MAX);
	AUTO(buf_done) struct buf b = BUF(NUMBER_BYTES_MAX);
	bool rsa = algorithm == JWT_RS256;

	read_number(jwk, rsa ? "n" : "x", &a);
	read_number(jwk, rsa ? "e" : "y", &b);
	return rsa ? crypto_public_key_rsa(buf_str(&a), buf_str(&b), err)
	           : crypto_public_key_p256(buf_str(&a), buf_str(&b), err);
}

/* Whether a member is absent, or the one word. */
static bool is_or_absent(struct json_object *jwk, const char *name, const char *word)
{
	return !json_object_object_get_ex(jwk, name, NULL) || str_is(jwt_string(jwk, name), word);
}

static bool may_verify(struct json_object *jwk)
{
	struct json_object *ops = NULL;

	if (!is_or_absent(jwk, "use", "sig"))
		return false;
	if (!json_object_object_get_ex(jwk, "key_ops", &ops))
		return true;
	for (size_t i = 0; json_object_is_type(ops, json_type_array) && i < json_object_array_length(ops);
	     i++) {
		struct json_object *op = json_object_array_get_idx(ops, i);

		if (json_object_is_type(op, json_type_string) &&
		    strcmp(json_object_get_string(op), "verify") == 0)
			return true;
	}
	return false;
}

static bool read_kind(struct json_object *jwk, enum jwt_algorithm *ret)
{
	struct str kty = jwt_string(jwk, "kty");

	if (str_is(kty, "RSA") && is_or_absent(jwk, "alg", "RS256"))
		*ret = JWT_RS256;
	else if (str_is(kty, "EC") && str_is(jwt_string(jwk, "crv"), "P-256") &&
	         is_or_absent(jwk, "alg", "ES256"))
		*ret = JWT_ES256;
	else
		return false;
	return true;
}

/* `err` keeps why a key that should have been one is none. */
static void add_key(struct jwks *set, struct json_object *jwk, struct err *err)
{
	struct key key = {0};

	if (!json_object_is_type(jwk, json_type_object) || !may_verify(jwk) ||
	    !read_kind(jwk, &key.algorithm))
		return;
	key.public = make_key(jwk, key.algorithm, err);
	if (!key.public)
		return;
	struct str kid = jwt_string(jwk, "kid");
	key.kid = kid.n ? mem_strndup(kid.p, kid.n) : NULL;
	set->at[set->n++] = key;
}

struct jwks *jwks_parse(struct str text, struct err *err)
{
	AUTO(json_put_ptr) json_object *root = NULL;
	struct json_object *keys = NULL;
	struct err why = {.text = "none is an RSA key or one on P-256 for signatures"};

	if (json_parse(text, JWKS_BYTES_MAX, DEPTH_MAX, &root, err) != RC_OK) {
		err_prefix(err, "key set");
		return NULL;
	}
	if (json_object_is_type(root, json_type_object))
		json_object_object_get_ex(root, "keys", &keys);
	if (!json_object_is_type(keys, json_type_array) || json_object_array_length(keys) > KEYS_MAX) {
		err_set(err, RC_INVALID, "key set: it has no array `keys` of at most %d", KEYS_MAX);
		return NULL;
	}
	struct jwks *set = mem_zalloc(sizeof *set);
	for (size_t i = 0; i < json_object_array_length(keys); i++)
		add_key(set, json_object_array_get_idx(keys, i), &why);
	if (set->n)
		return set;
	err_set(err, RC_INVALID, "key set: no usable key: %s", why.text);
	jwks_free(set);
	return NULL;
}

void jwks_free(struct jwks *set)
{
	if (!set)
		return;
	for (size_t i = 0; i < set->n; i++) {
		crypto_public_key_free(set->at[i].public);
		free(set->at[i].kid);
	}
	free(set);
}

size_t jwks_count(const struct jwks *set)
{
	return set->n;
}

const struct crypto_public_key *jwks_find(
    const struct jwks *set, enum jwt_algorithm algorithm, struct str kid)
{
	const struct crypto_public_key *only = NULL;

	for (size_t i = 0; i < set->n; i++) {
		const struct key *key = &set->at[i];

		if (key->algorithm != algorithm || (kid.n && !(key->kid && str_is(kid, key->kid))))
			continue;
		if (kid.n)
			return key->public;
		if (only)
			return NULL;
		only = key->public;
	}
	return only;
}
