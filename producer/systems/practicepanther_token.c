// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "practicepanther_token.h"

#include "base/jsonw.h"
#include "call.h"
#include "caller.h"
#include "disconnecting.h"
#include "oauth_plan.h"
#include "statements.h"
#include "syncs.h"

#define PROVIDER "practicepanther"
#define ACCOUNT STR("practicepanther") /* it does not say whose token it gives, and a tenant has one */
#define BODY_MAX ((size_t)64 << 10)
#define ROW_DEPTH 16

/* The row of practicepanther_own. False: the tenant has no connection, not even one that was disconnected. */
static bool read_own(struct reply *row, struct uuid *ret)
{
	bool known = reply_id(row, ROW_DEPTH, "connection_id", ret);

	reply_done(row);
	return known;
}

static void find_own(struct call *c, call_then *then)
{
	struct pg_args *a = call_args(c);

	pg_args_clear(a);
	pg_arg_uuid(a, &call_caller(c)->tenant);
	call_read(c, &sql_practicepanther_own, then);
}

/* ---- auth-url ---- */

static void tell_url(struct call *c, const struct oauth_begun *begun)
{
	static const char *const instructions[] = {
	    "1. Visit the auth_url to authorize the application",
	    "2. You will be redirected back with an authorization code",
	    "3. The code will be automatically exchanged for tokens",
	};
	struct buf out = BUF(BODY_MAX);
	struct jsonw w = JSONW(&out);

	jsonw_object(&w, NULL);
	jsonw_str(&w, "auth_url", begun->url);
	jsonw_text(&w, "redirect_uri", begun->redirect_uri);
	jsonw_array(&w, "instructions");
	for (size_t i = 0; i < ARRAY_SIZE(instructions); i++)
		jsonw_text(&w, NULL, instructions[i]);
	jsonw_array_end(&w);
	jsonw_object_end(&w);
	call_answer(c, (struct reply){.status = 200, .body = out.p, .body_n = out.n});
}

static void own_known(struct call *c, struct reply row)
{
	struct uuid id;
	bool again = read_own(&row, &id);

	oauth_plan_begin(c, &(struct oauth_plan){.provider = PROVIDER,
	                        .connection_id = again ? &id : NULL,
	                        .external_id = again ? (struct str){0} : ACCOUNT,
	                        .return_to = httpd_query(call_request(c), "return_to"),
	                        .return_to_at = "?return_to",
	                        .answer = tell_url});
}

void practicepanther_auth_url(struct call *c)
{
	find_own(c, own_known);
}

void practicepanther_callback(struct call *c)
{
	oauth_return(c, PROVIDER);
}

/* ---- disconnect ---- */

static void disconnected(struct call *c, struct reply row)
{
	const struct caller *caller = call_caller(c);
	struct pg_args *a = call_args(c);
	struct uuid id;

	if (row.status != 200) {
		call_answer(c, row);
		return;
	}
	if (!read_own(&row, &id)) {
		call_refuse(c, 500, "internal_error", "the connection cannot be read");
		return;
	}
	pg_args_clear(a);
	pg_arg_uuid(a, &id);
	pg_arg_uuid(a, &caller->tenant);
	if (caller->role == ROLE_SERVICE)
		pg_arg_null(a);
	else
		pg_arg_uuid(a, &caller->user);
	call_write(c, &sql_practicepanther_disconnected, call_answer);
}

static void own_to_end(struct call *c, struct reply row)
{
	struct uuid id;

	if (read_own(&row, &id))
		disconnect_start(c, &id, disconnected);
	else
		call_refuse(c, 400, "nothing_connected", "there is nothing to disconnect");
}

void practicepanther_disconnect(struct call *c)
{
	find_own(c, own_to_end);
}

/* ---- trigger-sync ---- */

void practicepanther_triggered(struct call *c, struct reply row)
{
	syncs_answer_ended(c, row, &sql_practicepanther_synced);
}
