// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "google_handlers.h"

#include "base/jsonw.h"
#include "call.h"
#include "caller.h"
#include "oauth_plan.h"
#include "statements.h"

#define URL_MAX ((size_t)8 << 10)
#define RETURN_TO "/sync" /* the page where accounts are connected */

static void tell_url(struct call *c, const struct oauth_begun *begun)
{
	struct buf out = BUF(URL_MAX);
	struct jsonw w = JSONW(&out);

	jsonw_object(&w, NULL);
	jsonw_str(&w, "url", begun->url);
	jsonw_object_end(&w);
	call_answer(c, (struct reply){.status = 200, .body = out.p, .body_n = out.n});
}

static void workspace_there(struct call *c, struct reply row)
{
	struct str return_to = httpd_query(call_request(c), "returnTo");

	if (row.status != 200) {
		call_answer(c, row);
		return;
	}
	reply_done(&row);
	oauth_plan_begin(c, &(struct oauth_plan){.provider = "google",
	                        .return_to = return_to.n ? return_to : STR(RETURN_TO),
	                        .return_to_at = "?returnTo",
	                        .answer = tell_url});
}

void google_oauth_url(struct call *c)
{
	const struct caller *caller = call_caller(c);
	struct pg_args *args = call_args(c);

	pg_args_clear(args);
	pg_arg_uuid(args, &caller->tenant);
	if (caller->role == ROLE_SERVICE)
		pg_arg_null(args);
	else
		pg_arg_uuid(args, &caller->user);
	call_write(c, &sql_google_workspace, workspace_there);
}

void google_oauth_callback(struct call *c)
{
	oauth_return(c, "google");
}
