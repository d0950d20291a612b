// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "io/crypto_public_key.h"

#include <openssl/core_names.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>

#define RSA_BITS_MIN 2048
#define RSA_BITS_MAX 8192
#define EXPONENT_BYTES_MAX 8
#define COORDINATE_BYTES 32
#define SIGNATURE_DER_MAX 80 /* two integers of 33 bytes and their heads */

struct crypto_public_key {
	EVP_PKEY *pkey;
	bool is_rsa;
};

/* Makes the key and takes it only when OpenSSL finds it sound. */
static struct crypto_public_key *key_from(const char *type, OSSL_PARAM *params, struct err *err)
{
	EVP_PKEY_CTX *make = EVP_PKEY_CTX_new_from_name(NULL, type, NULL);
	EVP_PKEY *pkey = NULL;
	bool good = params && make && EVP_PKEY_fromdata_init(make) == 1 &&
	            EVP_PKEY_fromdata(make, &pkey, EVP_PKEY_PUBLIC_KEY, params) == 1;
	EVP_PKEY_CTX *check = good ? EVP_PKEY_CTX_new_from_pkey(NULL, pkey, NULL) : NULL;
	struct crypto_public_key *key = NULL;

	if (check && EVP_PKEY_public_check(check) == 1) {
		key = mem_zalloc(sizeof *key);
		key->pkey = TAKE(pkey);
		key->is_rsa = strcmp(type, "RSA") == 0;
	} else {
		err_set(err, RC_INVALID, "public key: the %s key's numbers are not one", type);
	}
	EVP_PKEY_CTX_free(check);
	EVP_PKEY_CTX_free(make);
	EVP_PKEY_free(pkey);
	OSSL_PARAM_free(params);
	return key;
}

static OSSL_PARAM *rsa_params(const BIGNUM *n, const BIGNUM *e)
{
	OSSL_PARAM_BLD *bld = OSSL_PARAM_BLD_new();
	bool good = bld && n && e && OSSL_PARAM_BLD_push_BN(bld, OSSL_PKEY_PARAM_RSA_N, n) == 1 &&
	            OSSL_PARAM_BLD_push_BN(bld, OSSL_PKEY_PARAM_RSA_E, e) == 1;
	OSSL_PARAM *params = good ? OSSL_PARAM_BLD_to_param(bld) : NULL;

	OSSL_PARAM_BLD_free(bld);
	return params;
}

struct crypto_public_key *crypto_public_key_rsa(struct str modulus, struct str exponent, struct err *err)
{
	struct crypto_public_key *key = NULL;

	if (modulus.n > RSA_BITS_MAX / 8 || exponent.n == 0 || exponent.n > EXPONENT_BYTES_MAX) {
		err_set(err, RC_LIMIT, "public key: an RSA key must have at most %d bits", RSA_BITS_MAX);
		return NULL;
	}
	BIGNUM *n = BN_bin2bn((const uint8_t *)modulus.p, (int)modulus.n, NULL);
	BIGNUM *e = BN_bin2bn((const uint8_t *)exponent.p, (int)exponent.n, NULL);
	if (!n || !e || BN_num_bits(n) < RSA_BITS_MIN || !BN_is_odd(e) || BN_is_one(e))
		err_set(err, RC_INVALID,
		    "public key: an RSA key must have at least %d bits and an odd exponent above 1",
		    RSA_BITS_MIN);
	else
		key = key_from("RSA", rsa_params(n, e), err);
	BN_free(n);
	BN_free(e);
	return key;
}

struct crypto_public_key *crypto_public_key_p256(struct str x, struct str y, struct err *err)
{
	uint8_t point[1 + 2 * COORDINATE_BYTES] = {POINT_CONVERSION_UNCOMPRESSED};

	if (x.n != COORDINATE_BYTES || y.n != COORDINATE_BYTES) {
		err_set(err, RC_INVALID, "public key: coordinates on P-256 have %d bytes", COORDINATE_BYTES);
		return NULL;
	}
	memcpy(point + 1, x.p, x.n);
	memcpy(point + 1 + COORDINATE_BYTES, y.p, y.n);
	OSSL_PARAM_BLD *bld = OSSL_PARAM_BLD_new();
	bool good = bld &&
	            OSSL_PARAM_BLD_push_utf8_string(bld, OSSL_PKEY_PARAM_GROUP_NAME, "prime256v1", 0) == 1 &&
	            OSSL_PARAM_BLD_push_octet_string(bld, OSSL_PKEY_PARAM_PUB_KEY, point, sizeof point) == 1;
	OSSL_PARAM *params = good ? OSSL_PARAM_BLD_to_param(bld) : NULL;
	OSSL_PARAM_BLD_free(bld);
	return key_from("EC", params, err);
}

void crypto_public_key_free(struct crypto_public_key *key)
{
	if (!key)
		return;
	EVP_PKEY_free(key->pkey);
	free(key);
}

/* r and s as OpenSSL wants them; 0 when they are none. */
static size_t to_der(struct str raw, uint8_t ret[SIGNATURE_DER_MAX])
{
	ECDSA_SIG *sig = raw.n == (size_t)2 * COORDINATE_BYTES ? ECDSA_SIG_new() : NULL;
	const uint8_t *p = (const uint8_t *)raw.p;
	BIGNUM *r = sig ? BN_bin2bn(p, COORDINATE_BYTES, NULL) : NULL;
	BIGNUM *s = sig ? BN_bin2bn(p + COORDINATE_BYTES, COORDINATE_BYTES, NULL) : NULL;
	int n = 0;

	if (r && s && ECDSA_SIG_set0(sig, r, s) == 1) {
		r = NULL;
		s = NULL;
		n = i2d_ECDSA_SIG(sig, &ret);
	}
	BN_free(r);
	BN_free(s);
	ECDSA_SIG_free(sig);
	return n > 0 ? (size_t)n : 0;
}

bool crypto_verify(const struct crypto_public_key *key, struct str data, struct str signature)
{
	uint8_t der[SIGNATURE_DER_MAX];
	const uint8_t *sig = key->is_rsa ? (const uint8_t *)signature.p : der;
	size_t n = key->is_rsa ? signature.n : to_der(signature, der);
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	bool good = n > 0 && ctx &&
	            EVP_DigestVerifyInit_ex(ctx, NULL, "SHA256", NULL, NULL, key->pkey, NULL) == 1 &&
	            EVP_DigestVerify(ctx, sig, n, (const uint8_t *)data.p, data.n) == 1;

	EVP_MD_CTX_free(ctx);
	return good;
}
