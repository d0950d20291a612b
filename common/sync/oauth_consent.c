// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "sync/oauth.h"

#include "io/crypto.h"
#include "sync/oauth_words.h"
#include "sync/rules.h"

#define ACCOUNT_ID_MAX 255

void oauth_challenge(struct str verifier, struct buf *out)
{
	uint8_t hash[CRYPTO_SHA256_LEN];

	crypto_sha256(verifier, hash);
	crypto_base64_encode(CRYPTO_BASE64URL, (struct str){(const char *)hash, sizeof hash}, out);
}

static void add_scopes(const struct auth *auth, struct buf *out)
{
	AUTO(buf_done) struct buf scopes = BUF(OAUTH_TEXT_MAX);

	if (!auth->scopes.n)
		return;
	for (size_t i = 0; i < auth->scopes.n; i++) {
		buf_add_text(&scopes, i ? auth->scope_separator : "");
		buf_add_text(&scopes, auth->scopes.at[i]);
	}
	oauth_add_query(out, "scope", buf_str(&scopes));
}

static enum rc add_declared(const struct oauth_words *w, struct buf *out)
{
	const struct auth *auth = &w->provider->auth;

	for (size_t i = 0; i < auth->authorize_params.n; i++) {
		AUTO(buf_done) struct buf value = BUF(OAUTH_TEXT_MAX);

		if (oauth_expand(w, &auth->authorize_params.at[i].value, ESCAPE_NONE, &value) != RC_OK)
			return RC_INVALID;
		oauth_add_query(out, auth->authorize_params.at[i].name, buf_str(&value));
	}
	return RC_OK;
}

enum rc oauth_authorize_url(const struct provider *p, const struct oauth_account *a,
    const struct oauth_consent *c, struct buf *out, struct err *err)
{
	struct oauth_words w = {p, a, err};
	AUTO(buf_done) struct buf challenge = BUF(64);

	if (oauth_add_url(&w, &p->auth.authorize_url, out) != RC_OK)
		return RC_INVALID;
	oauth_add_query(out, "response_type", STR("code"));
	oauth_add_query(out, "client_id", c->client_id);
	oauth_add_query(out, "redirect_uri", c->redirect_uri);
	add_scopes(&p->auth, out);
	oauth_add_query(out, "state", c->state);
	if (p->auth.pkce) {
		oauth_challenge(c->verifier, &challenge);
		oauth_add_query(out, "code_challenge", buf_str(&challenge));
		oauth_add_query(out, "code_challenge_method", STR("S256"));
	}
	if (add_declared(&w, out) != RC_OK)
		return RC_INVALID;
	return buf_ok(out) ? RC_OK : err_set(err, RC_LIMIT, "the URL of %s is too long", p->name);
}

bool oauth_account_id(const struct provider *p, json_object *doc, struct buf *out)
{
	const struct account_rule *rule = &p->auth.account;
	json_object *id = rules_value(doc, rule->path);

	for (size_t i = 0; !id && i < rule->or.n; i++)
		id = rules_value(doc, rule->or.at[i]);

	if (!json_object_is_type(id, json_type_string) && !json_object_is_type(id, json_type_int))
		return false;
	struct str text = str_of(json_object_get_string(id));
	if (!text.n || text.n > ACCOUNT_ID_MAX)
		return false;
	buf_add_str(out, text);
	return buf_ok(out);
}
