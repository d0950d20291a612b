// SPDX-License-Identifier: Apache-2.0
#pragma once
/* What was found out about keys and tokens, for a while, by their SHA-256; bounded, the oldest go first. */
#include "base/base.h"
#include "base/hash.h"
#include "batch.h"
#include "caller.h"
#include "io/crypto.h"

#define CREDENTIALS_MAX 4096

struct auth;
struct auth_ask;

struct credential {
	uint8_t sha256[CRYPTO_SHA256_LEN];
	struct auth *auth;
	struct auth_ask *asks; /* waiting while the database is asked */
	bool asking;
	const char *code; /* why it is refused, or NULL */
	const char *detail;
	struct caller caller;
	int64_t until_ms;       /* so long it is believed */
	char *subject;          /* of a token, while it is being asked for */
	struct batch_item item; /* makes a new user */
	UT_hash_handle hh;
};

struct credentials {
	struct credential *table; /* uthash keeps the order of insertion: the oldest come first */
};

/* The one of that hash, or NULL. */
struct credential *credentials_find(const struct credentials *c, const uint8_t sha256[CRYPTO_SHA256_LEN]);
/* The one of that hash, perhaps a new one. */
struct credential *credentials_get(struct credentials *c, const uint8_t sha256[CRYPTO_SHA256_LEN]);
void credentials_forget(struct credentials *c, struct credential *one);
void credentials_done(struct credentials *c);
/* Static texts. */
void credential_refuse(struct credential *one, const char *code, const char *detail);
