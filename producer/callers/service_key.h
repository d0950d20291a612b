// SPDX-License-Identifier: Apache-2.0
#pragma once
/* What service keys look like: "sfk_" and 32 random bytes in base64url. Only their SHA-256 is ever stored. */
#include "base/base.h"
#include "io/crypto.h"

#define SERVICE_KEY_LEN (4 + 43)

/* A new one, as NUL-terminated text and as its hash. The caller overwrites the text after use. */
void service_key_make(char ret_text[SERVICE_KEY_LEN + 1], uint8_t ret_sha256[CRYPTO_SHA256_LEN]);
/* Whether it could be one: prefix and length. */
bool service_key_looks_like(struct str text);
