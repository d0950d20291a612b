// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "io/crypto.h"

#include <openssl/evp.h>

void crypto_hmac_sha256(struct str key, struct str data, uint8_t ret[CRYPTO_SHA256_LEN])
{
	size_t n = 0;

	if (!EVP_Q_mac(NULL, "HMAC", NULL, "SHA256", NULL, key.p ? key.p : "", key.n,
	        (const uint8_t *)(data.p ? data.p : ""), data.n, ret, CRYPTO_SHA256_LEN, &n) ||
	    n != CRYPTO_SHA256_LEN)
		abort();
}
