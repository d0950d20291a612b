// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "oauth_handlers.h"
#include "oauth_plan.h"

#include "base/clock.h"
#include "base/log.h"
#include "call.h"
#include "connecting.h"
#include "io/http.h"
#include "oauth_state.h"
#include "problem.h"
#include "statements.h"
#include "sync/declaration.h"
#include "sync/oauth.h"
#include "sync/origins.h"
#include "sync/rules.h"
#include "sync/secret.h"

#define ROW_DEPTH 16
#define WHY_MAX 256
#define ACCOUNT_MAX 256
#define URL_MAX ((size_t)8 << 10)

/* A person who came back. What happens to one state happens once: the row was spent before all else. */
struct consent {
	struct connecting connecting;       /* first: connecting.c finds it as what the call keeps */
	const struct oauth_return *special; /* NULL: nothing */
	struct uuid state_id;
	struct oauth_client client;
	char *return_to; /* NULL: the answer is a document */
};

static void consent_free(void *kept)
{
	struct consent *k = kept;

	connecting_done(&k->connecting);
	free(k->return_to);
	free(k);
}

/* ---- how it ends ---- */

/* The first is also for what the authorisation server says and is not here. */
static const struct {
	const char *code;
	int status;
	const char *detail;
} ends[] = {
    {"authorization_failed", 400, "the authorisation server refused"},
    {"access_denied", 400, "the consent was denied"},
    {"state_forged", 400, "this service did not send anybody away with that state"},
    {"state_used", 409, "this consent has come back already: begin again"},
    {"state_expired", 400, "it took too long, or was begun elsewhere: begin again"},
    {"missing_code", 400, "the authorisation server sent neither a code nor an error"},
    {"provider_not_configured", 503, "the service cannot connect accounts of this provider now"},
    {"token_endpoint_away", 503, "the authorisation server cannot be reached or is busy: begin again"},
    {"code_refused", 400, "the authorisation server does not accept the code: begin again"},
    {"token_refused", 502, "the authorisation server gives this service no token"},
    {"account_unknown", 502, "the authorisation server did not say whose account it is"},
    {"wrong_account", 409, "another account than the expected one was authorised"},
    {"account_taken", 409, "another user of the tenant has connected this account"},
};

static size_t end_of(struct str code)
{
	for (size_t i = 0; i < ARRAY_SIZE(ends); i++) {
		if (str_is(code, ends[i].code))
			return i;
	}
	return 0;
}

static void lead_back(struct consent *k, const char *name, const char *value, const char *result)
{
	struct buf url = BUF(URL_MAX);

	buf_add_text(&url, k->return_to);
	buf_printf(&url, "%c%s=%s", strchr(k->return_to, '?') ? '&' : '?', name, value);
	if (result)
		buf_printf(&url, "&result=%s", result);
	call_answer(k->connecting.call, (struct reply){.status = 302, .location = url.p});
}

static void fail(struct consent *k, const char *code, const char *why)
{
	size_t i = end_of(str_of(code));

	log_event(LOG_LEVEL_WARN, "connecting_failed",
	    LOG_STR("provider", k->connecting.provider ? k->connecting.provider->name : NULL),
	    LOG_STR("code", ends[i].code), LOG_STR("reason", why));
	if (k->return_to)
		lead_back(k, "error", ends[i].code, NULL);
	else
		call_refuse(k->connecting.call, ends[i].status, ends[i].code, ends[i].detail);
}

static void saved(struct connecting *connecting, struct reply row)
{
	struct consent *k = CONTAINER_OF(connecting, struct consent, connecting);
	char id[UUID_TEXT_LEN + 1];
	const char *result = row.status == 201 ? "created" : "updated";

	if (row.status >= 400) {
		bool taken = strstr(row.body, "\"account_taken\"") != NULL;

		reply_done(&row);
		fail(k, taken ? "account_taken" : "token_endpoint_away", "the account could not be stored");
		return;
	}
	uuid_format(&connecting->connection_id, id);
	log_event(LOG_LEVEL_INFO, "account_connected", LOG_UUID("connection_id", &connecting->connection_id),
	    LOG_STR("provider", connecting->provider->name), LOG_STR("result", result));
	if (!k->return_to) {
		free(TAKE(row.location));
		row.status = 200;
		call_answer(connecting->call, row);
		return;
	}
	reply_done(&row);
	lead_back(k, "connection_id", id, result);
}

/* ---- whose account it is ---- */

static void send(struct consent *k, const struct oauth_request *rq, http_done *done)
{
	http_send(call_calls(k->connecting.call)->o->http,
	    &(struct http_request){.method = rq->method,
	        .url = rq->url,
	        .headers = rq->headers,
	        .nheaders = rq->nheaders,
	        .body = rq->body,
	        .timeout_ms = rq->timeout_ms,
	        .once = true},
	    done, k);
}

static struct oauth_account account_of(const struct consent *k)
{
	const struct connecting *c = &k->connecting;

	return (struct oauth_account){.external_id = str_of(c->external_id ? c->external_id : ""),
	    .settings = c->settings,
	    .secret = c->secret,
	    .origin = origin_of(call_calls(c->call)->o->oauth.origins, c->provider->name)};
}

static void save(struct consent *k)
{
	if (k->special)
		k->connecting.statement = k->special->connected;
	connecting_save(&k->connecting);
}

static void take_account_id(struct consent *k, struct str id)
{
	struct connecting *c = &k->connecting;

	if (c->external_id && !str_is(id, c->external_id)) {
		fail(k, "wrong_account", "another one was expected");
		return;
	}
	if (!c->external_id)
		c->external_id = mem_strndup(id.p, id.n);
	save(k);
}

static void take_account(struct consent *k, json_object *doc)
{
	AUTO(buf_done) struct buf id = BUF(ACCOUNT_MAX);

	if (oauth_account_id(k->connecting.provider, doc, &id))
		take_account_id(k, buf_str(&id));
	else
		fail(k, "account_unknown", "there is no account in the answer");
}

/* Whoever comes back says it himself: it is looked at as a name for what the code has proved. */
static void take_account_of_query(struct consent *k)
{
	struct str id = httpd_query(call_request(k->connecting.call), k->special->account);

	if (id.n && id.n < ACCOUNT_MAX)
		take_account_id(k, id);
	else
		fail(k, "account_unknown", "there is no account among the parameters");
}

static void account_told(void *user, const struct http_response *res, const struct err *err)
{
	struct consent *k = user;
	AUTO(rules_answer_done) struct rules_answer answer = {.response = res};

	if (!res)
		fail(k, "token_endpoint_away", err->text);
	else if (res->status != 200)
		fail(k, res->status >= 500 || res->status == 429 ? "token_endpoint_away" : "account_unknown",
		    "asked whose account it is, the server refused");
	else
		take_account(k, rules_doc(&answer));
}

static void ask_account(struct consent *k)
{
	struct oauth_account account = account_of(k);
	struct oauth_request rq = {0};
	struct err err;

	if (oauth_account_request(k->connecting.provider, &account, &rq, &err) != RC_OK) {
		fail(k, "provider_not_configured", err.text);
		return;
	}
	send(k, &rq, account_told);
	oauth_request_done(&rq);
}

/* ---- the code ---- */

static void merge_settings(struct consent *k, json_object *change)
{
	if (!change)
		return;
	json_object_object_foreach(change, name, value)
	{
		json_object_object_add(k->connecting.settings, name, json_object_get(value));
	}
}

static void take_tokens(struct consent *k, const struct oauth_answer *a)
{
	struct connecting *c = &k->connecting;
	const struct account_rule *account = &c->provider->auth.account;

	json_object_put(c->secret);
	c->secret = secret_new(a->access_token, a->refresh_token, k->client.id, k->client.secret);
	c->life_s = MAX((a->expires_at_us - clock_unix_us()) / US_PER_S, 0);
	merge_settings(k, a->settings);
	if (k->special && k->special->account)
		take_account_of_query(k);
	else if (account->path && account->url.n)
		ask_account(k);
	else if (account->path)
		take_account(k, a->doc);
	else
		save(k);
}

static const char *end_of_class(enum verdict_class class)
{
	switch (class) {
	case VERDICT_AUTH:
		return "code_refused";
	case VERDICT_TRANSIENT:
	case VERDICT_THROTTLED:
		return "token_endpoint_away";
	default:
		return "token_refused";
	}
}

static void exchanged(void *user, const struct http_response *res, const struct err *err)
{
	struct consent *k = user;
	struct oauth_answer a = {.class = VERDICT_TRANSIENT};

	if (!res) {
		fail(k, "token_endpoint_away", err->text);
		return;
	}
	oauth_token_answer(k->connecting.provider, res, clock_unix_us(), &a);
	if (a.class == VERDICT_OK)
		take_tokens(k, &a);
	else
		fail(k, end_of_class(a.class), a.reason);
	oauth_answer_done(&a);
}

static void exchange(struct consent *k, struct str code)
{
	const struct oauth_setup *s = &call_calls(k->connecting.call)->o->oauth;
	AUTO(buf_done) struct buf verifier = BUF(64);
	struct oauth_request rq = {0};
	struct err err;

	if (!oauth_setup_client(s, str_of(k->connecting.provider->name), &k->client)) {
		fail(k, "provider_not_configured", "oauth.clients does not name it");
		return;
	}
	k->connecting.secret = secret_new((struct str){0}, (struct str){0}, k->client.id, k->client.secret);
	oauth_state_verifier(s->state_key, &k->state_id, &verifier);
	struct oauth_account account = account_of(k);
	struct oauth_code grant = {code, k->client.redirect_uri, buf_str(&verifier)};
	if (oauth_code_request(k->connecting.provider, &account, &grant, &rq, &err) != RC_OK) {
		fail(k, "provider_not_configured", err.text);
		return;
	}
	send(k, &rq, exchanged);
	oauth_request_done(&rq);
}

/* ---- who comes back ---- */

static char *text_copy(json_object *doc, const char *name)
{
	json_object *value = json_object_object_get(doc, name);

	return value ? mem_strdup(json_object_get_string(value)) : NULL;
}

static bool uuid_member(json_object *doc, const char *name, struct uuid *ret)
{
	json_object *value = json_object_object_get(doc, name);

	return value && uuid_parse(str_of(json_object_get_string(value)), ret);
}

static void remember(struct consent *k, json_object *doc)
{
	struct connecting *c = &k->connecting;
	const struct oauth_setup *s = &call_calls(c->call)->o->oauth;

	c->provider = registry_find_provider(
	    s->registry, str_of(json_object_get_string(json_object_object_get(doc, "provider"))));
	(void)uuid_member(doc, "tenant_id", &c->tenant);
	c->has_user = uuid_member(doc, "user_id", &c->user);
	c->confined = json_object_get_boolean(json_object_object_get(doc, "confined"));
	c->known = uuid_member(doc, "connection_id", &c->connection_id);
	c->external_id = text_copy(doc, "external_id");
	c->settings = json_object_get(json_object_object_get(doc, "settings"));
	k->return_to = text_copy(doc, "return_to");
	if (c->provider)
		k->special = oauth_return_find(c->provider);
	if (k->return_to && !oauth_setup_may_return(s, str_of(k->return_to)))
		free(TAKE(k->return_to));
}

static void go_on(struct consent *k, const char *outcome)
{
	const struct httpd_request *rq = call_request(k->connecting.call);
	struct str error = httpd_query(rq, "error");
	struct str code = httpd_query(rq, k->special && k->special->code ? k->special->code : "code");

	if (strcmp(outcome, "ok") != 0)
		fail(k, outcome, "");
	else if (error.n)
		fail(k, ends[end_of(error)].code, "the authorisation server said so");
	else if (!k->connecting.provider)
		fail(k, "provider_not_configured", "it is no longer declared");
	else if (!code.n)
		fail(k, "missing_code", "");
	else
		exchange(k, code);
}

/* The row of spend_consent. */
static void spent(struct call *c, struct reply row)
{
	struct consent *k = call_kept(c);
	AUTO(json_put_ptr) json_object *doc = NULL;
	struct err err;

	enum rc rc = reply_document(&row, ROW_DEPTH, &doc, &err);
	reply_done(&row);
	if (rc != RC_OK) {
		call_refuse(c, 500, "internal_error", "the consent cannot be read");
		return;
	}
	remember(k, doc);
	go_on(k, json_object_get_string(json_object_object_get(doc, "outcome")));
}

/* `provider` NULL: whichever it was begun for. */
static void come_back(struct call *c, const char *provider)
{
	const struct oauth_setup *s = &call_calls(c)->o->oauth;
	struct pg_args *a = call_args(c);
	struct uuid id;

	if (str_is(call_request(c)->method, "HEAD")) { /* looks, and spends nothing */
		call_answer(c, (struct reply){.status = 200});
		return;
	}
	if (!oauth_state_read(s->state_key, httpd_query(call_request(c), "state"), &id)) {
		call_refuse(c, 400, "state_forged", ends[end_of(STR("state_forged"))].detail);
		return;
	}
	struct consent *k = mem_zalloc(sizeof *k);
	k->connecting.call = c;
	k->connecting.done = saved;
	k->state_id = id;
	k->connecting.own_callback = provider;
	call_keep(c, k, consent_free);
	pg_args_clear(a);
	pg_arg_uuid(a, &id);
	if (provider)
		pg_arg_text(a, str_of(provider));
	else
		pg_arg_null(a);
	call_write(c, &sql_oauth_spend, spent);
}

void oauth_callback(struct call *c)
{
	come_back(c, NULL);
}

void oauth_return(struct call *c, const char *provider)
{
	come_back(c, provider);
}

const struct oauth_return *oauth_return_find(const struct provider *p)
{
	for (size_t i = 0; i < oauth_returns.n; i++) {
		if (strcmp(oauth_returns.at[i].provider, p->name) == 0)
			return &oauth_returns.at[i];
	}
	return NULL;
}
