// SPDX-License-Identifier: Apache-2.0
#pragma once
/* One HTTP request on its way: route, caller, parameters, statement or handler, reply. */
#include "base/base.h"
#include "base/json.h"
#include "io/httpd.h"
#include "io/pg.h"
#include "reply.h"
#include "server.h"

struct asking;
struct auth;
struct caller;
struct batch;
struct gate;
struct streams;
struct waits;

/* What calls work with, and those that are not answered yet. */
struct calls {
	const struct server_options *o;
	struct auth *auth;
	struct gate *gate;
	struct batch *batch;
	struct waits *asks; /* for answers of workers */
	struct pg *read;
	struct streams *streams;
	struct waits *sync_waits; /* for the ends of syncs */
	struct call *list;
};

/* Takes the request; it is answered sooner or later, or dropped. */
void call_start(struct calls *calls, struct httpd_request *rq);
/* ---- for handlers: each call ends in one call_answer, now or later ---- */

struct call;

const struct calls *call_calls(const struct call *c);
const struct httpd_request *call_request(const struct call *c);
/* Who calls; of a public route, nobody: no rights. */
const struct caller *call_caller(const struct call *c);
/* What a handler needs again in its callbacks: released with the call, whatever ends it. Once a call. */
void call_keep(struct call *c, void *kept, void (*release)(void *kept));
void *call_kept(const struct call *c);
/* The place of what asks.c needs of it. */
struct asking **call_asking(struct call *c);
/*
 * Memory for a secret that the answer shows and no statement sees: `n` bytes, wiped with the call, to be
 * filled before call_write. When an earlier request's answer is repeated, `then` finds that one's secret in
 * it.
 */
char *call_make_secret(struct call *c, size_t n);
const char *call_secret(const struct call *c);
/* The parameters, bound in the table's order. */
struct pg_args *call_args(struct call *c);
/* The body, when there was one: members that the route's parameters name, of their types. */
json_object *call_body(const struct call *c);
/* A parameter of the path. */
struct str call_path(const struct call *c, const char *name);
/* A string of the body, or p NULL. */
struct str call_body_text(const struct call *c, const char *name);
/*
 * Runs a statement in the caller's scope, on the read-only session or in a batch. `then` gets its row as a
 * reply, which is its own from then on; when it fails, the call is answered and `then` never runs. The first
 * write of a route that takes an Idempotency-Key takes effect once; later `then` gets the row it was.
 */
typedef void call_then(struct call *c, struct reply row);
void call_read(struct call *c, const struct pg_statement *st, call_then *then);
void call_write(struct call *c, const struct pg_statement *st, call_then *then);
void call_answer(struct call *c, struct reply reply);
/* With a body that is written later; `head` is the reply without one. */
struct httpd_stream *call_answer_stream(
    struct call *c, struct reply head, const struct httpd_stream_options *o);
/* With a problem document. */
void call_refuse(struct call *c, int status, const char *code, const char *detail);
/* With a 422 that points at the field: "#/name". */
void call_refuse_field(struct call *c, const char *code, const char *pointer, const char *detail);

/* Forgets every call without an answer, once nothing can call back any more. */
void call_drop_all(struct calls *calls);
