// SPDX-License-Identifier: Apache-2.0
#pragma once
/*
 * Who calls: "Authorization: Bearer sfk_<43 base64url characters>". Keys are stored and remembered by their
 * SHA-256 only. What the database said of a key, good or bad, is believed for AUTH_REMEMBER_MS, which is how
 * long a revoked key may still work.
 */
#include "base/base.h"
#include "caller.h"
#include "io/loop.h"
#include "io/pg.h"

#define AUTH_REMEMBER_MS 5000
#define AUTH_KEYS_MAX 4096 /* remembered at a time */

enum auth_verdict {
	AUTH_KNOWN,
	AUTH_MISSING, /* no bearer key, or nothing that could be one */
	AUTH_UNKNOWN, /* no such key, or revoked */
	AUTH_EXPIRED, /* a key whose time is over */
	AUTH_AWAY,    /* the database cannot be asked */
};

/* Embedded by who asks. `caller` is set with AUTH_KNOWN. */
struct auth_ask {
	void (*done)(struct auth_ask *ask, enum auth_verdict verdict);
	struct caller caller;
	struct auth_ask *next;
};

struct auth;

/* Asks on `pg`, which must outlive it or be closed first. */
struct auth *auth_new(struct loop *loop, struct pg *pg);
/* Unanswered asks are dropped. Accepts NULL. */
void auth_free(struct auth *a);
/* `header` is the Authorization header's value (p NULL: none). May call `done` before it returns. */
void auth_check(struct auth *a, struct str header, struct auth_ask *ask);
