// SPDX-License-Identifier: Apache-2.0
#pragma once
/*
 * OAuth 2 as providers' declarations have it: where a person consents, the requests for tokens and what their
 * answers mean, withdrawal. Pure: no I/O, no clock. No error text and no reason ever holds a token, a secret
 * or what the provider wrote.
 */
#include <json.h>

#include "base/base.h"
#include "base/buf.h"
#include "io/http.h"
#include "sync/declaration.h"

#define OAUTH_HEADERS_MAX 8
#define OAUTH_REASON_MAX 160

/* What is known of a connection. The strings and documents belong to the caller. */
struct oauth_account {
	struct str external_id;
	json_object *settings; /* an object, or NULL */
	json_object *secret;   /* {"access_token", "refresh_token", "client_id", "client_secret"} */
	struct str origin;     /* replaces scheme, host and port of the token URL; empty: as declared */
};

/* To be sent with http_request.once: codes and tokens may be spent by it. Zero-initialise; holds secrets. */
struct oauth_request {
	const char *method;
	const char *url;
	const char *headers[OAUTH_HEADERS_MAX]; /* "Name: value" */
	size_t nheaders;
	struct str body; /* of a POST */
	int64_t timeout_ms;
	struct buf text; /* all of the above */
};

/* Overwrites and releases. */
void oauth_request_done(struct oauth_request *rq);

/* RC_INVALID: the account lacks what the declaration needs; the text names it. */
enum rc oauth_refresh_request(const struct provider *p, const struct oauth_account *a,
    struct oauth_request *ret, struct err *err) MUST_USE;

/* ---- consent ---- */

struct oauth_consent {
	struct str client_id;
	struct str redirect_uri;
	struct str state;
	struct str
	    verifier; /* of PKCE; the URL has its challenge, unless the declaration says pkce = false */
};

/* RFC 7636, 4.2: appends the S256 challenge of a verifier. */
void oauth_challenge(struct str verifier, struct buf *out);
/* Appends the URL of the page where a person consents. RC_INVALID: the account lacks what the declaration
 * needs. */
enum rc oauth_authorize_url(const struct provider *p, const struct oauth_account *a,
    const struct oauth_consent *c, struct buf *out, struct err *err) MUST_USE;

struct oauth_code {
	struct str code;
	struct str redirect_uri;
	struct str verifier;
};

/* Of the account, the secret's client is needed. Errors as above. */
enum rc oauth_code_request(const struct provider *p, const struct oauth_account *a,
    const struct oauth_code *code, struct oauth_request *ret, struct err *err) MUST_USE;
/* RFC 7009. RC_NOT_FOUND: the provider is not declared with a revoke_url. */
enum rc oauth_revoke_request(const struct provider *p, const struct oauth_account *a,
    struct oauth_request *ret, struct err *err) MUST_USE;
/* Asks auth.account.url whose access token it is. */
enum rc oauth_account_request(const struct provider *p, const struct oauth_account *a,
    struct oauth_request *ret, struct err *err) MUST_USE;
/* Appends the account's id at the provider from where auth.account.path says; false: it is not there. */
bool oauth_account_id(const struct provider *p, json_object *doc, struct buf *out);

/* ---- answers ---- */

struct oauth_answer {
	/*
	 * OK: there is a new access token. AUTH: the grant is gone, somebody has to authorise again.
	 * THROTTLED, TRANSIENT: again after wait_ms (0: the caller's backoff). Anything else: a fault of the
	 * application or its declaration, which no end user can mend.
	 */
	enum verdict_class class;
	int64_t wait_ms;
	char reason[OAUTH_REASON_MAX]; /* for people; empty when ok */
	struct str access_token;
	struct str refresh_token; /* p NULL: the old one stays good */
	int64_t expires_at_us;    /* Unix time */
	json_object *settings;    /* changes of the connection's settings that the answer brought, or NULL */
	json_object *doc;         /* what the slices point into */
};

/* Reads a complete answer of the token endpoint that came at `now_us`. */
void oauth_token_answer(
    const struct provider *p, const struct http_response *res, int64_t now_us, struct oauth_answer *ret);
void oauth_answer_done(struct oauth_answer *a);

/* Puts the answer's tokens into the secret; what the answer does not bring stays. */
void oauth_secret_update(json_object *secret, const struct oauth_answer *a);
