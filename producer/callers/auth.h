// SPDX-License-Identifier: Apache-2.0
#pragma once
/*
 * Who calls: a service with its key ("Authorization: Bearer sfk_..."), or a user with a token, in the same
 * header or in the cookie `session_token`. What was found out about a key or a token is believed for
 * `remember_ms`, which is how long a revoked key may still work. A user is made when his first good token is
 * seen.
 */
#include "base/base.h"
#include "caller.h"
#include "io/loop.h"
#include "io/pg.h"
#include "tokens.h"

#define AUTH_COOKIE "session_token"

struct batch;

#define AUTH_DEMO_USER "demo-user"

struct auth_options {
	int64_t remember_ms;
	const char *demo_tenant; /* whose AUTH_DEMO_USER comes without credentials; empty: nobody does */
	struct token_options tokens;
};

enum auth_verdict {
	AUTH_KNOWN,
	AUTH_REFUSED, /* `code` and `detail` say why */
	AUTH_AWAY,    /* nobody can tell now: the database, or the key set, cannot be asked */
};

/* Embedded by who asks. */
struct auth_ask {
	void (*done)(struct auth_ask *ask, enum auth_verdict verdict);
	struct caller caller; /* with AUTH_KNOWN */
	bool by_cookie;       /* the browser sent it, whoever made it ask */
	bool demo;            /* set before: without credentials it may be the demo's user */
	const char *code;     /* with the others; static */
	const char *detail;
	struct auth_ask *next;
};

struct auth;

/*
 * Asks on `read` and makes users in `batch`, which must outlive it or whose sessions must be closed first.
 * The options have passed tokens_check and outlive it.
 */
struct auth *auth_new(struct loop *loop, struct pg *read, struct batch *batch, struct http_client *http,
    const struct auth_options *o);
/* Unanswered asks are dropped. Accepts NULL. */
void auth_free(struct auth *a);
/* The values of the headers Authorization and Cookie (p NULL: none). May call `done` before it returns. */
void auth_check(struct auth *a, struct str authorization, struct str cookies, struct auth_ask *ask);
