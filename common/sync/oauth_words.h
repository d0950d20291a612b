// SPDX-License-Identifier: Apache-2.0
#pragma once
/* What OAuth's URLs and requests are made of: texts of the account put into the declaration's templates. */
#include "sync/oauth.h"

#define OAUTH_TEXT_MAX (64u << 10) /* of one URL or request */

struct oauth_words {
	const struct provider *provider;
	const struct oauth_account *account;
	struct err *err;
};

/* A member of the secret, or p NULL when it is absent or empty. */
struct str oauth_secret_text(const struct oauth_account *a, const char *name);
/* RC_INVALID names the variable that this connection does not have. */
enum rc oauth_expand(const struct oauth_words *w, const struct template *t, enum template_escape escape,
    struct buf *out) MUST_USE;
/* A URL, at the account's origin when it has one. */
enum rc oauth_add_url(const struct oauth_words *w, const struct template *t, struct buf *out) MUST_USE;
/* "&name=value" or "?name=value". */
void oauth_add_query(struct buf *out, const char *name, struct str value);
