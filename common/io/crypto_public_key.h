// SPDX-License-Identifier: Apache-2.0
#pragma once
/* Others' public keys, and signatures that they made (RFC 7518: RS256 and ES256). */
#include "base/base.h"

struct crypto_public_key;

/* Big-endian numbers, as JWKs have them. A modulus of 2048 to 8192 bits: shorter ones are weak, longer ones
 * cost whoever verifies more than they give. NULL with `err` otherwise. */
struct crypto_public_key *crypto_public_key_rsa(
    struct str modulus, struct str exponent, struct err *err) MUST_USE;
/* A point of P-256, 32 bytes each. NULL with `err` when it is not on the curve. */
struct crypto_public_key *crypto_public_key_p256(struct str x, struct str y, struct err *err) MUST_USE;
/* Accepts NULL. */
void crypto_public_key_free(struct crypto_public_key *key);

/*
 * Whether the key's owner signed SHA-256 of `data`: RSASSA-PKCS1-v1_5 for an RSA key; ECDSA for one on P-256,
 * the signature being r and s of 32 bytes each (RFC 7518, section 3.4).
 */
bool crypto_verify(const struct crypto_public_key *key, struct str data, struct str signature) MUST_USE;
