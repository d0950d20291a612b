// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "oauth_handlers.h"

#include "base/json.h"
#include "call.h"
#include "caller.h"
#include "statements.h"
#include "waits.h"

#define ROW_DEPTH 16

/* A request that waits for what a worker finds out. */
struct asking {
	struct wait wait; /* its id is the ask's */
	struct call *call;
	struct reply row; /* of the question, for whoever waits in vain */
	bool waiting;
};

static void asking_free(void *kept)
{
	struct asking *a = kept;

	if (a->waiting)
		waits_leave(call_calls(a->call)->asks, &a->wait);
	reply_done(&a->row);
	free(a);
}

static void over(struct wait *wait, bool ended)
{
	struct asking *a = CONTAINER_OF(wait, struct asking, wait);
	struct pg_args *args = call_args(a->call);

	a->waiting = false;
	if (!ended) {
		struct reply row = a->row;

		a->row = (struct reply){0};
		call_answer(a->call, row);
		return;
	}
	pg_args_clear(args);
	pg_arg_uuid(args, &a->wait.id);
	pg_arg_uuid(args, &call_caller(a->call)->tenant);
	call_read(a->call, &sql_asks_get, call_answer);
}

static void asked(struct call *c, struct reply row)
{
	struct asking *a = call_kept(c);
	AUTO(json_put_ptr) json_object *doc = NULL;
	struct err err;

	if (row.status != 202) {
		call_answer(c, row);
		return;
	}
	a->row = row;
	if (json_parse((struct str){row.body, row.body_n}, row.body_n, ROW_DEPTH, &doc, &err) != RC_OK ||
	    !uuid_parse(str_of(json_object_get_string(json_object_object_get(doc, "ask_id"))), &a->wait.id)) {
		call_refuse(c, 500, "internal_error", "the question cannot be read");
		return;
	}
	a->waiting = true;
	waits_add(call_calls(c)->asks, &a->wait, call_calls(c)->o->asks_wait_ms);
}

void connection_test(struct call *c)
{
	struct asking *a = mem_zalloc(sizeof *a);

	a->call = c;
	a->wait.done = over;
	call_keep(c, a, asking_free);
	call_write(c, &sql_asks_make, asked);
}
