// SPDX-License-Identifier: Apache-2.0
#pragma once
/* A set of public keys (RFC 7517) to verify tokens by: RSA keys for RS256, keys on P-256 for ES256. */
#include "base/base.h"
#include "jwt.h"

#define JWKS_BYTES_MAX ((size_t)256 << 10)

struct jwks;

/*
 * Keys of another kind, for another use or with another `alg` are passed over, and so are secrets: a public
 * document can hold none. RC_INVALID: malformed, or no key is left.
 */
struct jwks *jwks_parse(struct str text, struct err *err) MUST_USE;
/* Accepts NULL. */
void jwks_free(struct jwks *set);
size_t jwks_count(const struct jwks *set);
/* The key with that id for that algorithm; a token without `kid` (n 0) gets the only one there is for it. */
const struct crypto_public_key *jwks_find(
    const struct jwks *set, enum jwt_algorithm algorithm, struct str kid);
