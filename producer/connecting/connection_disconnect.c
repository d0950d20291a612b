// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "disconnecting.h"

#include "base/json.h"
#include "base/log.h"
#include "caller.h"
#include "io/crypto.h"
#include "io/http.h"
#include "oauth_handlers.h"
#include "sync/declaration.h"
#include "sync/oauth.h"
#include "sync/origins.h"
#include "sync/secret.h"
#include "statements.h"

#define ROW_DEPTH 16

/* A connection that nobody uses any more, until its tokens are withdrawn and forgotten. */
struct disconnecting {
	struct call *call;
	struct uuid connection_id;
	call_then *then;
	json_object *doc; /* what the row says of it */
	json_object *secret;
};

static void disconnecting_free(void *kept)
{
	struct disconnecting *d = kept;

	json_object_put(d->doc);
	json_object_put(d->secret);
	free(d);
}

static void forget_secret(struct disconnecting *d, const char *revocation)
{
	struct pg_args *a = call_args(d->call);

	pg_args_clear(a);
	pg_arg_uuid(a, &d->connection_id);
	pg_arg_uuid(a, &call_caller(d->call)->tenant);
	pg_arg_text(a, str_of(revocation));
	call_write(d->call, &sql_connections_disconnected, d->then);
}

static void fail(struct disconnecting *d, const char *reason)
{
	log_event(LOG_LEVEL_WARN, "revocation_failed", LOG_UUID("connection_id", &d->connection_id),
	    LOG_STR("reason", reason));
	forget_secret(d, "failed");
}

static void withdrawn(void *user, const struct http_response *res, const struct err *err)
{
	struct disconnecting *d = user;
	char reason[32];

	if (res && res->status >= 200 && res->status < 300) {
		forget_secret(d, "done");
		return;
	}
	snprintf(reason, sizeof reason, "HTTP %d", res ? res->status : 0);
	fail(d, res ? reason : err->text);
}

static void withdraw(struct disconnecting *d)
{
	const struct server_options *o = call_calls(d->call)->o;
	struct str name = str_of(json_object_get_string(json_object_object_get(d->doc, "provider")));
	const struct provider *p = registry_find_provider(o->oauth.registry, name);
	struct oauth_request rq = {0};
	struct err err;

	if (!p || p->auth.kind != AUTH_OAUTH2 || !p->auth.revoke_url.n) {
		forget_secret(d, "unsupported");
		return;
	}
	struct oauth_account account = {
	    .external_id = str_of(json_object_get_string(json_object_object_get(d->doc, "external_id"))),
	    .settings = json_object_object_get(d->doc, "settings"),
	    .secret = d->secret,
	    .origin = origin_of(o->oauth.origins, p->name)};
	if (oauth_revoke_request(p, &account, &rq, &err) != RC_OK) {
		fail(d, err.text);
		return;
	}
	http_send(o->http,
	    &(struct http_request){.method = rq.method,
	        .url = rq.url,
	        .headers = rq.headers,
	        .nheaders = rq.nheaders,
	        .body = rq.body,
	        .timeout_ms = rq.timeout_ms},
	    withdrawn, d);
	oauth_request_done(&rq);
}

static enum rc open_secret(struct disconnecting *d, const char *text, struct err *err)
{
	struct secret_place place = {
	    call_calls(d->call)->o->keys, call_caller(d->call)->tenant, d->connection_id};
	AUTO(buf_done) struct buf sealed = BUF(SECRET_MAX);

	if (!crypto_base64_decode(CRYPTO_BASE64, str_of(text), &sealed))
		return err_set(err, RC_INVALID, "the connection's secret cannot be read");
	return secret_open(&place, buf_str(&sealed), &d->secret, err);
}

/* The row of disconnect(): the sealed secret, or null when all was done before. */
static void disconnected(struct call *c, struct reply row)
{
	struct disconnecting *d = call_kept(c);
	struct err err;

	if (row.status != 200) {
		d->then(c, row);
		return;
	}
	enum rc rc = reply_document(&row, ROW_DEPTH, &d->doc, &err);
	reply_done(&row);
	json_object *secret = rc == RC_OK ? json_object_object_get(d->doc, "secret") : NULL;
	if (!secret)
		forget_secret(d, "done_before");
	else if (open_secret(d, json_object_get_string(secret), &err) != RC_OK)
		fail(d, err.text);
	else
		withdraw(d);
}

void disconnect_start(struct call *c, const struct uuid *connection_id, call_then *then)
{
	struct disconnecting *d = mem_zalloc(sizeof *d);
	struct pg_args *a = call_args(c);

	*d = (struct disconnecting){.call = c, .connection_id = *connection_id, .then = then};
	call_keep(c, d, disconnecting_free);
	pg_args_clear(a);
	pg_arg_uuid(a, connection_id);
	pg_arg_uuid(a, &call_caller(c)->tenant);
	call_write(c, &sql_connections_disconnect, disconnected);
}

void connection_disconnect(struct call *c)
{
	struct uuid id;

	if (uuid_parse(call_path(c, "connection_id"), &id))
		disconnect_start(c, &id, call_answer);
	else
		call_refuse(c, 500, "internal_error", "the path was not checked");
}
