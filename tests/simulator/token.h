// SPDX-License-Identifier: Apache-2.0
#pragma once
/*
 * Tokens that can be told in advance: account A begins with the pair at-A-1 and rt-A-1; each grant issues the
 * next pair (at-A-2, rt-A-2) and spends what came before. A code for the first grant by code is code-A-1, and
 * so on.
 */
#include "base/base.h"
#include "simulator.h"

#define TOKEN_RESOURCE "token" /* what dials call the token endpoint */

enum token_state {
	TOKEN_UNKNOWN,
	TOKEN_EXPIRED,
	TOKEN_GOOD,
};

/* Splits "<prefix><account>-<n>". */
bool token_split(struct str text, struct str prefix, struct str *ret_name, int64_t *ret_n);
/* Makes the next access token the current one. */
void token_next(struct account *account);
/* Reads an Authorization header as the API wants it; *ret_account is set unless the state is TOKEN_UNKNOWN.
 */
enum token_state token_check(
    struct simulator *sim, const struct api *api, struct str authorization, struct account **ret_account);
/* False, and an answer in the API's words, unless the token is good; sets ex->account when it names one. */
bool token_admit(struct simulator *sim, struct exchange *ex);

/* POST /oauth/token: PracticePanther's, and HighLevel's (user_type in the form, or Version: v3) */
void token_begin(struct simulator *sim, struct exchange *ex);
/* POST /oauth/v2/token: Zoho's, whose failures come with 200. */
void zoho_token_begin(struct simulator *sim, struct exchange *ex);
/* POST /oauth/v2/token/revoke */
void zoho_revoke_begin(struct simulator *sim, struct exchange *ex);
/* POST /token, Google's: the refresh token stays; POST /revoke; GET /o/oauth2/v2/auth, the page that asks. */
void google_token_begin(struct simulator *sim, struct exchange *ex);
void google_revoke_begin(struct simulator *sim, struct exchange *ex);
void google_consent_begin(struct simulator *sim, struct exchange *ex);
void token_write_state(const struct account *account, struct buf *ret);
