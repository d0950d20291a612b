// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "oauth_plan.h"

#include "base/jsonw.h"
#include "call.h"
#include "caller.h"
#include "oauth_handlers.h"
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
	void (*answer)(struct call *c, const struct oauth_begun *begun);
};

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
	    .redirect_uri = b->client.redirect_uri,
	    .state = buf_str(&state),
	    .verifier = buf_str(&verifier)};
	return oauth_authorize_url(b->provider, &account, &consent, out, err);
}

static void send_away(struct call *c, const struct beginning *b, struct str url, json_object *expires_at)
{
	AUTO(buf_done) struct buf redirect_uri = BUF(URL_MAX);
	struct oauth_begun begun = {.url = url, .expires_at = json_object_get_string(expires_at)};

	buf_add_str(&redirect_uri, b->client.redirect_uri);
	begun.redirect_uri = redirect_uri.p;
	b->answer(c, &begun);
}

/* The row of begin_consent: the settings that the connection will have. */
static void begun(struct call *c, struct reply row)
{
	const struct oauth_setup *s = &call_calls(c)->o->oauth;
	const struct beginning *b = call_kept(c);
	AUTO(json_put_ptr) json_object *doc = NULL;
	AUTO(buf_done) struct buf url = BUF(URL_MAX);
	struct err err;

	if (row.status != 200) {
		call_answer(c, row);
		return;
	}
	enum rc rc = reply_document(&row, ROW_DEPTH, &doc, &err);
	reply_done(&row);
	if (rc != RC_OK)
		call_refuse(c, 422, "value_refused", err.text);
	else if (make_url(s, b, json_object_object_get(doc, "settings"), &url, &err) != RC_OK)
		call_refuse_field(c, "missing_setting", "#/settings", err.text);
	else
		send_away(c, b, buf_str(&url), json_object_object_get(doc, "expires_at"));
}

static void arg_id(struct pg_args *a, const struct uuid *id)
{
	if (id)
		pg_arg_uuid(a, id);
	else
		pg_arg_null(a);
}

static void arg_object(struct pg_args *a, json_object *doc)
{
	if (doc)
		pg_arg_text(a, str_of(json_object_to_json_string_ext(doc, JSON_C_TO_STRING_PLAIN)));
	else
		pg_arg_null(a);
}

/* A null for what is not given. */
static void arg_text(struct pg_args *a, struct str text)
{
	if (text.p)
		pg_arg_text(a, text);
	else
		pg_arg_null(a);
}

static void ask_database(struct call *c, const struct beginning *b, const struct oauth_plan *plan)
{
	const struct caller *caller = call_caller(c);
	struct pg_args *a = call_args(c);

	pg_args_clear(a);
	pg_arg_uuid(a, &b->state_id);
	pg_arg_uuid(a, &caller->tenant);
	arg_id(a, caller->role == ROLE_SERVICE ? NULL : &caller->user);
	pg_arg_text(a, str_of(plan->provider));
	arg_id(a, plan->connection_id);
	arg_text(a, plan->external_id);
	arg_object(a, plan->settings);
	arg_text(a, plan->return_to);
	pg_arg_i64(a, call_calls(c)->o->oauth.state_life_s);
	arg_id(a, plan->owner);
	arg_text(a, plan->owner_external_id);
	call_write(c, &sql_oauth_begin, begun);
}

/* Whether somebody but the plan says whose account it is. */
static bool says_account(const struct provider *p)
{
	const struct oauth_return *r = oauth_return_find(p);

	return p->auth.account.path || (r && r->account);
}

void oauth_plan_begin(struct call *c, const struct oauth_plan *plan)
{
	const struct oauth_setup *s = &call_calls(c)->o->oauth;
	const struct provider *p = registry_find_provider(s->registry, str_of(plan->provider));
	struct oauth_client client;

	if (!p || p->auth.kind != AUTH_OAUTH2 || !p->auth.authorize_url.n)
		call_refuse_field(c, "not_by_consent", "#/provider",
		    "accounts of this provider are connected with tokens: POST /v1/connections");
	else if (!oauth_setup_client(s, str_of(p->name), &client))
		call_refuse_field(c, "provider_not_configured", "#/provider",
		    "the service has no client at this provider (oauth.clients)");
	else if (plan->return_to.p && !oauth_setup_may_return(s, plan->return_to))
		call_refuse_field(c, "return_to_not_allowed",
		    plan->return_to_at ? plan->return_to_at : "#/return_to",
		    "people may not be led there (oauth.return_to)");
	else if (!says_account(p) && !plan->external_id.p && !plan->connection_id)
		call_refuse_field(c, "missing_field", "#/external_id",
		    "external_id is required: this provider does not say whose account it is");
	else {
		struct beginning *b = mem_zalloc(sizeof *b);

		*b = (struct beginning){uuid_new(), p, client, plan->answer};
		call_keep(c, b, free);
		ask_database(c, b, plan);
	}
}

/* ---- POST /v1/connections/authorize ---- */

static void tell_url(struct call *c, const struct oauth_begun *begun)
{
	struct buf out = BUF(URL_MAX);
	struct jsonw w = JSONW(&out);

	jsonw_object(&w, NULL);
	jsonw_str(&w, "authorize_url", begun->url);
	jsonw_text(&w, "expires_at", begun->expires_at);
	jsonw_object_end(&w);
	call_answer(c, (struct reply){.status = 200, .body = out.p, .body_n = out.n});
}

/* NULL: the body has none. */
static const struct uuid *body_id(const struct call *c, const char *name, struct uuid *ret)
{
	return uuid_parse(call_body_text(c, name), ret) ? ret : NULL;
}

void oauth_begin(struct call *c)
{
	const struct oauth_setup *s = &call_calls(c)->o->oauth;
	const struct provider *p = registry_find_provider(s->registry, call_body_text(c, "provider"));
	struct uuid connection_id;
	struct uuid owner;

	oauth_plan_begin(c, &(struct oauth_plan){.provider = p->name,
	                        .external_id = call_body_text(c, "external_id"),
	                        .connection_id = body_id(c, "connection_id", &connection_id),
	                        .settings = json_object_object_get(call_body(c), "settings"),
	                        .return_to = call_body_text(c, "return_to"),
	                        .owner = body_id(c, "owner_user_id", &owner),
	                        .answer = tell_url});
}
