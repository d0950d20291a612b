// SPDX-License-Identifier: Apache-2.0
#pragma once
/*
 * Hashes, randomness, base64 and the sealing of secrets at rest (OpenSSL 3; nobody else includes its
 * headers). No error text ever holds a secret, and keys and plain texts are overwritten before their memory
 * is freed.
 */
#include "base/base.h"
#include "base/buf.h"

#define CRYPTO_SHA256_LEN 32

void crypto_sha256(struct str data, uint8_t ret[CRYPTO_SHA256_LEN]);
/* RFC 2104. A code that somebody sent is compared by crypto_equal. */
void crypto_hmac_sha256(struct str key, struct str data, uint8_t ret[CRYPTO_SHA256_LEN]);
/* Aborts when the system has no randomness: nothing safe could follow. */
void crypto_random(void *ret, size_t n);
/* Takes as long for equal bytes as for different ones. */
bool crypto_equal(const void *a, const void *b, size_t n);

/* RFC 4648: section 4 with padding, or section 5 (URL) without. */
enum crypto_base64 { CRYPTO_BASE64, CRYPTO_BASE64URL };

void crypto_base64_encode(enum crypto_base64 form, struct str data, struct buf *out);
/* Appends the bytes; false (and nothing appended) for anything but the one canonical text of some bytes. */
bool crypto_base64_decode(enum crypto_base64 form, struct str text, struct buf *out) MUST_USE;

/* Overwrites a buffer's memory, then releases it. For AUTO(crypto_wipe) struct buf secret = BUF(...). */
void crypto_wipe(struct buf *b);

/*
 * A ring of keys: the first seals, all open, so a new key is put first, rows are sealed again at leisure and
 * the old key is taken out at last.
 */
struct crypto_keys;

/* "id:base64 of 32 bytes[,id:base64...]", ids of 1 to 32 characters from [A-Za-z0-9_-]. */
struct crypto_keys *crypto_keys_new(struct str text, struct err *err) MUST_USE;
/* Accepts NULL. */
void crypto_keys_free(struct crypto_keys *keys);

/*
 * Appends AES-256-GCM of `plain`: version 1, length of the key's id, id, 12 random bytes of nonce,
 * ciphertext, 16 bytes of tag. `aad` says where the secret belongs ("<tenant>|<connection>"): it opens
 * nowhere else. The random nonces of one key are good for 2^32 secrets (NIST SP 800-38D, section 8.3).
 */
enum rc crypto_seal(const struct crypto_keys *keys, struct str plain, struct str aad, struct buf *out,
    struct err *err) MUST_USE;
/* Appends the plain text. RC_NOT_FOUND: its key is not in the ring; RC_DENIED: changed, or sealed for another
 * place. */
enum rc crypto_open(const struct crypto_keys *keys, struct str sealed, struct str aad, struct buf *out,
    struct err *err) MUST_USE;
/* Whether it was sealed by another key than the ring's first: time to seal it again. */
bool crypto_is_stale(const struct crypto_keys *keys, struct str sealed);
