// SPDX-License-Identifier: Apache-2.0
#pragma once
/*
 * Users' tokens: which are taken, by which keys, and what their claims mean here. HS256 goes by a secret,
 * RS256 and ES256 by a key set, and neither ever by what the other has: `alg` cannot turn a public key into a
 * secret.
 */
#include "base/base.h"
#include "jwks_source.h"
#include "jwt.h"

#define TOKEN_SUBJECT_MAX 255
#define TOKEN_TENANT_MAX 255
#define TOKEN_SECRET_MIN 32 /* bytes: what RFC 7518, section 3.2, asks for */

/* Settings; the strings must outlive the tokens. Empty: not set. */
struct token_options {
	const char *secret;
	const char *algorithms; /* with commas between; empty: whatever there are keys for */
	const char *jwks;       /* a file or a URL */
	int64_t jwks_refetch_ms;
	int64_t jwks_refresh_ms;
	const char *issuer;
	const char *audience;
	int64_t leeway_s;
	int64_t max_bytes;
	const char *tenant_claim; /* a member's name, or a JSON pointer when it begins with "/" */
	const char *tenant;       /* of tokens without that claim */
	const char *role_claim;
	const char *admin_role; /* the value that makes an admin */
};

struct token_identity {
	char subject[TOKEN_SUBJECT_MAX + 1];
	char tenant[TOKEN_TENANT_MAX + 1]; /* its id or name */
	bool admin;
	int64_t expires_s; /* since 1970 */
};

struct tokens;

/* Whether the settings make sense together; reads the key set's file. */
enum rc tokens_check(const struct token_options *o, struct err *err) MUST_USE;
/* The options have passed tokens_check. NULL when no token is taken at all. */
struct tokens *tokens_new(struct loop *loop, const struct token_options *o, struct http_client *http);
/* Accepts NULL. */
void tokens_free(struct tokens *t);

/* JWT_KEY: tokens_refetch may help. `now_s` is since 1970. */
enum jwt_fault tokens_read(
    const struct tokens *t, struct str token, int64_t now_s, struct token_identity *ret) MUST_USE;
/* Looks for new keys; false when that was tried just now. */
bool tokens_refetch(struct tokens *t, struct jwks_wait *wait) MUST_USE;
/* Whether there never has been a key set where there should be one: nobody's token can be judged. */
bool tokens_lack_keys(const struct tokens *t);
