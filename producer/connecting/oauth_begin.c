// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "oauth_handlers.h"

#include "base/jsonw.h"
#include "call.h"
#include "oauth_state.h"
#include "problem.h"
#include "statements.h"
#include "sync/declaration.h"
#include "sync/oauth.h"
#include "sync/origins.h"

#define URL_MAX ((size_t)64 << 10)
#define ROW_DEPTH 16

/* Somebody who is to be sent to an authorisation server. */
struct beginning {
	struct uuid state_id;
	const struct provider *provider;
	struct oauth_client client;
};

static struct reply sent_away(const struct buf *url, json_object *expires_at)
{
	struct buf out = BUF(URL_MAX);
	struct jsonw w = JSONW(&out);

	jsonw_object(&w, NULL);
	jsonw_str(&w, "authorize_url", buf_str(url));
	jsonw_text(&w, "expires_at", json_object_get_string(expires_at));
	jsonw_object_end(&w);
	return (struct reply){.status = 200, .body = out.p, .body_n = out.n};
}

static enum rc make_url(const struct oauth_setup *s, const struct beginning *b, json_object *settings,
    struct buf *out, struct err *err)
{
	AUTO(buf_done) struct buf state = BUF(128);
	AUTO(buf_done) struct buf verifier = BUF(64);
	struct oauth_account account = {
	    .settings = settings, .origin = origin_of(s->origins, b->provider->name)};

	oauth_state_write(s->state_key, &b->state_id, &state);
	oauth_state_verifier(s->state_key, &b->state_id, &verifier);
	struct oauth_consent consent = {.client_id = b->client.id,
	    .redirect_uri = str_of(s->redirect_uri),
	    .state = buf_str(&state),
	    .verifier = buf_str(&verifier)};
	return oauth_authorize_url(b->provider, &account, &consent, out, err);
}

/* The row of begin_consent: the settings that the connection will have. */
static void begun(struct call *c, struct reply row)
{
	const struct oauth_setup *s = &call_calls(c)->o->oauth;
	AUTO(json_put_ptr) json_object *doc = NULL;
	AUTO(buf_done) struct buf url = BUF(URL_MAX);
	struct err err;

	if (row.status != 200) {
		call_answer(c, row);
		return;
	}
	enum rc rc = json_parse((struct str){row.body, row.body_n}, row.body_n, ROW_DEPTH, &doc, &err);
	reply_done(&row);
	if (rc != RC_OK)
		call_refuse(c, 422, "value_refused", err.text);
	else if (make_url(s, call_kept(c), json_object_object_get(doc, "settings"), &url, &err) != RC_OK)
		call_refuse_field(c, "missing_setting", "#/settings", err.text);
	else
		call_answer(c, sent_away(&url, json_object_object_get(doc, "expires_at")));
}

static void ask_database(struct call *c, struct beginning *b)
{
	call_keep(c, b, free);
	pg_arg_uuid(call_args(c), &b->state_id);
	pg_arg_i64(call_args(c), call_calls(c)->o->oauth.state_life_s);
	call_write(c, &sql_oauth_begin, begun);
}

void oauth_begin(struct call *c)
{
	const struct oauth_setup *s = &call_calls(c)->o->oauth;
	struct str name = call_body_text(c, "provider");
	struct str return_to = call_body_text(c, "return_to");
	const struct provider *p = registry_find_provider(s->registry, name);
	struct oauth_client client;

	if (!p || p->auth.kind != AUTH_OAUTH2 || !p->auth.authorize_url.n)
		call_refuse_field(c, "not_by_consent", "#/provider",
		    "accounts of this provider are connected with tokens: POST /v1/connections");
	else if (!oauth_setup_client(s, name, &client))
		call_refuse_field(c, "provider_not_configured", "#/provider",
		    "the service has no client at this provider (oauth.clients)");
	else if (return_to.p && !oauth_setup_may_return(s, return_to))
		call_refuse_field(c, "return_to_not_allowed", "#/return_to",
		    "people may not be led there (oauth.return_to)");
	else if (!p->auth.account.path && !call_body_text(c, "external_id").p &&
	         !call_body_text(c, "connection_id").p)
		call_refuse_field(c, "missing_field", "#/external_id",
		    "external_id is required: this provider does not say whose account it is");
	else {
		struct beginning *b = mem_zalloc(sizeof *b);

		*b = (struct beginning){uuid_new(), p, client};
		ask_database(c, b);
	}
}
