// SPDX-License-Identifier: Apache-2.0
#pragma once
/* What auth.c (service keys) and auth_users.c (tokens) share; nobody else includes it. */
#include "base/base.h"
#include "auth.h"
#include "credentials.h"
#include "io/crypto.h"

struct pending;

struct auth {
	struct loop *loop;
	struct pg *read;
	struct batch *batch;
	const struct auth_options *o;
	struct tokens *tokens; /* NULL: none is taken */
	struct credentials credentials;
	struct pending *pending;
	uint8_t demo_key[CRYPTO_SHA256_LEN]; /* what the demo's user is remembered by: nobody can send it */
	struct pg_args args;
};

/* Answers from memory; false when there is nothing in it. */
bool auth_remembers(struct auth *a, const uint8_t sha256[CRYPTO_SHA256_LEN], struct auth_ask *ask);
/* The ask waits; true when the question to the database is its to put. */
bool auth_begin(
    struct auth *a, const uint8_t sha256[CRYPTO_SHA256_LEN], struct auth_ask *ask, struct credential **ret);
/* Everybody who waits gets the finding; a failed question leaves none. */
void auth_finish(struct credential *c, const struct err *err);
void auth_refuse(struct auth_ask *ask, const char *code, const char *detail);

/* ---- auth_users.c ---- */

void auth_check_token(struct auth *a, struct str token, struct auth_ask *ask);
/* Whoever comes without credentials. */
void auth_check_demo(struct auth *a, struct auth_ask *ask);
/* Forgets the asks that wait for keys. */
void auth_users_drop(struct auth *a);
