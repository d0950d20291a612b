// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "highlevel_handlers.h"

#include "asks.h"
#include "base/json.h"
#include "base/jsonw.h"
#include "call.h"
#include "caller.h"
#include "oauth_plan.h"
#include "statements.h"
#include "syncs.h"

#define PROVIDER "highlevel"
#define ROW_DEPTH 64 /* the provider's answer is in the row of a question */
#define URL_MAX ((size_t)64 << 10)

void highlevel_sync_accepted(struct call *c, struct reply row)
{
	syncs_answer_ended(c, row, &sql_highlevel_sync_result);
}

/* ---- questions ---- */

/* Of a question that has ended. */
static bool went_well(const struct reply *row)
{
	AUTO(json_put_ptr) json_object *doc = NULL;

	return reply_document(row, ROW_DEPTH, &doc, NULL) == RC_OK &&
	       json_object_get_boolean(json_object_object_get(doc, "ok"));
}

/* The row of the question, ended or not: SQL says it in the system's words. */
static void asked(struct call *c, struct reply row)
{
	struct uuid ask_id;

	if ((row.status != 200 && row.status != 202) || !reply_id(&row, ROW_DEPTH, "ask_id", &ask_id)) {
		call_answer(c, row);
		return;
	}
	reply_done(&row);
	pg_args_clear(call_args(c));
	pg_arg_uuid(call_args(c), &ask_id);
	pg_arg_uuid(call_args(c), &call_caller(c)->tenant);
	call_read(c, &sql_highlevel_asked, call_answer);
}

static void ask(struct call *c, struct reply row, const char *name, call_then *then)
{
	struct uuid connection_id;

	if (row.status != 200 || !reply_id(&row, ROW_DEPTH, "connection_id", &connection_id)) {
		call_answer(c, row);
		return;
	}
	reply_done(&row);
	ask_start(c, &connection_id, name, NULL, then);
}

static void ask_refresh(struct call *c, struct reply row)
{
	ask(c, row, "refresh", asked);
}

/* A test that came to its end, while the location's name is asked for. */
static void tell_tested(struct call *c, struct reply row)
{
	const struct uuid *test = call_kept(c);

	reply_done(&row);
	pg_args_clear(call_args(c));
	pg_arg_uuid(call_args(c), test);
	pg_arg_uuid(call_args(c), &call_caller(c)->tenant);
	call_read(c, &sql_highlevel_asked, call_answer);
}

/* A name that cannot be had spoils no test. */
static void named(struct call *c, struct reply row)
{
	struct uuid ask_id;

	if (row.status != 200 || !reply_id(&row, ROW_DEPTH, "ask_id", &ask_id)) {
		tell_tested(c, row);
		return;
	}
	reply_done(&row);
	pg_args_clear(call_args(c));
	pg_arg_uuid(call_args(c), &ask_id);
	pg_arg_uuid(call_args(c), &call_caller(c)->tenant);
	call_write(c, &sql_highlevel_name, tell_tested);
}

static void tested(struct call *c, struct reply row)
{
	struct uuid connection_id;
	struct uuid test;

	if (row.status != 200 || !went_well(&row) ||
	    !reply_id(&row, ROW_DEPTH, "connection_id", &connection_id) ||
	    !reply_id(&row, ROW_DEPTH, "ask_id", &test)) {
		asked(c, row);
		return;
	}
	reply_done(&row);
	struct uuid *kept = mem_zalloc(sizeof *kept);
	*kept = test;
	call_keep(c, kept, free);
	ask_start(c, &connection_id, "location", NULL, named);
}

static void ask_test(struct call *c, struct reply row)
{
	ask(c, row, "test", tested);
}

/* The parameters are bound: the tenant and the user. */
static void find_connection(struct call *c, bool whole, call_then *then)
{
	pg_arg_bool(call_args(c), whole);
	call_read(c, &sql_highlevel_connection, then);
}

void highlevel_refresh(struct call *c)
{
	find_connection(c, false, ask_refresh);
}

void highlevel_test(struct call *c)
{
	find_connection(c, true, ask_test);
}

/* ---- connecting ---- */

static void tell_url(struct call *c, const struct oauth_begun *begun)
{
	struct buf out = BUF(URL_MAX);
	struct jsonw w = JSONW(&out);

	jsonw_object(&w, NULL);
	jsonw_str(&w, "url", begun->url);
	jsonw_text(&w, "redirectUri", begun->redirect_uri);
	jsonw_text(&w, "expiresAt", begun->expires_at);
	jsonw_object_end(&w);
	call_answer(c, (struct reply){.status = 200, .body = out.p, .body_n = out.n});
}

void highlevel_start(struct call *c)
{
	struct str user = httpd_query(call_request(c), "userId");
	struct str return_to = httpd_query(call_request(c), "returnTo");
	struct uuid id;

	oauth_plan_begin(c, &(struct oauth_plan){.provider = PROVIDER,
	                        .owner = uuid_parse(user, &id) ? &id : NULL,
	                        .owner_external_id = user,
	                        .return_to = return_to,
	                        .return_to_at = "?returnTo",
	                        .answer = tell_url});
}

void highlevel_callback(struct call *c)
{
	oauth_return(c, PROVIDER);
}
