// SPDX-License-Identifier: Apache-2.0
#pragma once
/*
 * Connecting by consent, as one system or another has it: a plan says whom to send to the authorisation
 * server and what for, a return says how that system's callback is called and what it does besides.
 */
#include "base/base.h"
#include "base/json.h"
#include "base/uuid.h"

struct call;
struct pg_statement;
struct provider;

/* Somebody can be sent away. */
struct oauth_begun {
	struct str url;           /* the page where he consents */
	const char *redirect_uri; /* where he comes back to */
	const char *expires_at;   /* RFC 3339 */
};

/* Zero is "not given". Everything is read before oauth_plan_begin returns, but for `answer`. */
struct oauth_plan {
	const char *provider;             /* declared */
	struct str external_id;           /* p NULL: the provider says whose account it is */
	const struct uuid *connection_id; /* to connect that one again */
	json_object *settings;            /* an object */
	struct str return_to;             /* where he is led in the end; p NULL: the callback answers */
	const char *return_to_at;         /* the pointer to it in the request; NULL: "#/return_to" */
	const struct uuid *owner;         /* the user whose connection it will be, */
	struct str owner_external_id;     /*   or his external id, and he is made; else who calls */
	/* Ends the call. */
	void (*answer)(struct call *c, const struct oauth_begun *begun);
};

/*
 * Ends the call by `answer`, or with a problem: not_by_consent, provider_not_configured,
 * return_to_not_allowed, missing_field, missing_setting (422), unknown_connection, unknown_user (404),
 * not_for_others (403).
 */
void oauth_plan_begin(struct call *c, const struct oauth_plan *plan);

/* What is special when somebody comes back. A row for each provider that needs one, in
 * systems/oauth_returns.c. */
struct oauth_return {
	const char *provider;
	const char *code; /* query parameter with the code; NULL: "code" */
	const char
	    *account; /* query parameter that says whose account it is; NULL: the declaration's affair */
	/*
	 * Runs instead of account_connect.sql, and has to call connect_account with $1 to $9 first and to
	 * answer as that does; $10 boolean: whether he came back to the provider's own callback. Its body is
	 * the answer of a callback that leads nowhere. NULL: nothing besides.
	 */
	const struct pg_statement *connected;
};

struct oauth_returns {
	const struct oauth_return *at;
	size_t n;
};

extern const struct oauth_returns oauth_returns;
/* NULL: there is nothing special about that provider. */
const struct oauth_return *oauth_return_find(const struct provider *p);

/*
 * What a handler behind a provider's own callback calls; its route is public and `open`. It leads to the
 * plan's return_to, or answers with the connection; only a state that was begun for this provider is
 * accepted. GET /v1/oauth/callback takes any provider's.
 */
void oauth_return(struct call *c, const char *provider);
