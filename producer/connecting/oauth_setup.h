// SPDX-License-Identifier: Apache-2.0
#pragma once
/* What the settings say about connecting accounts by OAuth 2. The texts are the settings' own. */
#include "base/base.h"

struct registry;

/* A provider whose client has names of its own in the environment. */
struct oauth_own {
	const char *provider;
	const char *id; /* empty: none */
	const char *secret;
	const char *redirect_uri;
};

#define OAUTH_OWN 2

struct oauth_setup {
	const struct registry *registry;
	const char *origins;             /* providers.origins */
	const char *clients;             /* "zoho=id:secret;google=id:secret" */
	const char *redirect_uri;        /* where authorisation servers send people back to, */
	const char *redirect_uris;       /* but those of "highlevel=https://...;google=https://..." */
	struct oauth_own own[OAUTH_OWN]; /* what has settings of its own; those above win */
	const char *state_key;           /* empty: nobody can be sent to an authorisation server */
	const char *return_to;           /* beginnings of URLs, with commas between */
	int64_t state_life_s;
};

#define OAUTH_STATE_KEY_MIN 32

/* RC_INVALID says which setting is wrong, and never its value. */
enum rc oauth_setup_check(const struct oauth_setup *s, struct err *err) MUST_USE;

/* Whom the fleet is to a provider. */
struct oauth_client {
	struct str id;
	struct str secret;       /* empty: a public client */
	struct str redirect_uri; /* registered with the provider; empty: none is */
};

/* False when the settings name no client for that provider. */
bool oauth_setup_client(const struct oauth_setup *s, struct str provider, struct oauth_client *ret);
/*
 * Whether a browser may be led to that URL: it is one of the allowed, or goes on from one at a `/`, `?` or
 * `#`; or it is a path ("/sync"), so that he stays where the callback is.
 */
bool oauth_setup_may_return(const struct oauth_setup *s, struct str url);
