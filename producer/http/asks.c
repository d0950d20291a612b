// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "asks.h"

#include "caller.h"
#include "param_binders.h"
#include "statements.h"
#include "waits.h"

#define ROW_DEPTH 16

/* A request that waits for what a worker finds out. */
struct asking {
	struct wait wait; /* its id is the ask's */
	struct call *call;
	call_then *then;
	struct reply row; /* of the question, for whoever waits in vain */
	bool waiting;
};

void asking_free(struct asking *a)
{
	if (!a)
		return;
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
		a->then(a->call, row);
		return;
	}
	pg_args_clear(args);
	pg_arg_uuid(args, &a->wait.id);
	pg_arg_uuid(args, &call_caller(a->call)->tenant);
	call_read(a->call, &sql_asks_get, a->then);
}

static void asked(struct call *c, struct reply row)
{
	struct asking *a = *call_asking(c);

	if (row.status != 202) {
		a->then(c, row);
		return;
	}
	a->row = row;
	if (!reply_id(&row, ROW_DEPTH, "ask_id", &a->wait.id)) {
		call_refuse(c, 500, "internal_error", "the question cannot be read");
		return;
	}
	a->waiting = true;
	waits_add(call_calls(c)->asks, &a->wait, call_calls(c)->o->asks_wait_ms);
}

static void bind(struct call *c, const struct uuid *connection_id, const char *name, json_object *arguments)
{
	struct pg_args *args = call_args(c);
	struct uuid ask_id = uuid_new();
	struct binding header = {.args = args};
	struct given given = {.text = httpd_header(call_request(c), "traceparent")};

	pg_args_clear(args);
	pg_arg_uuid(args, &ask_id);
	pg_arg_uuid(args, connection_id);
	pg_arg_uuid(args, &call_caller(c)->tenant);
	pg_arg_text(args, str_of(name));
	if (arguments)
		pg_arg_text(args, str_of(json_object_to_json_string_ext(arguments, JSON_C_TO_STRING_PLAIN)));
	else
		pg_arg_null(args);
	param_bind_traceparent(&header, &given);
}

void ask_start(struct call *c, const struct uuid *connection_id, const char *name, json_object *arguments,
    call_then *then)
{
	struct asking **place = call_asking(c);
	struct uuid connection = *connection_id;

	asking_free(*place);
	*place = mem_zalloc(sizeof **place);
	**place = (struct asking){.call = c, .then = then, .wait.done = over};
	bind(c, &connection, name, arguments);
	call_write(c, &sql_asks_make, asked);
}
