// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "base/clock.h"
#include "base/failpoint.h"
#include "base/log.h"
#include "base/metrics.h"
#include "asks.h"
#include "batch.h"
#include "call.h"
#include "dialect.h"
#include "etag.h"
#include "gate.h"
#include "once.h"
#include "params.h"
#include "problem.h"
#include "reply.h"
#include "routes.h"
#include "scope.h"

#include <utlist.h>

#define REQUEST_ID_MAX 128
#define UNROUTED "other" /* metric labels come from small sets */

static const struct metric_family_def requests_total = {.name = "http_requests_total",
    .kind = METRIC_COUNTER,
    .help = "HTTP requests answered.",
    .labels = {"route", "method", "status"}};
static const struct metric_family_def request_seconds = {.name = "http_request_seconds",
    .kind = METRIC_HISTOGRAM,
    .help = "From a complete HTTP request to its answer.",
    .labels = {"route", "method"}};

struct call {
	struct calls *calls;
	struct httpd_request *rq;
	struct route_match match;
	struct passage passage;
	struct batch_item item; /* its args serve reading routes and handlers too */
	call_then *then;        /* what the statement's row is for */
	void *kept;             /* by a handler */
	void (*release)(void *kept);
	struct asking *asking;
	struct once once;
	json_object *body;
	char request_id[REQUEST_ID_MAX + 1];
	int64_t since_us;
	struct call *prev;
	struct call *next;
};

/* ---- ending a call ---- */

static void count(const struct call *c, int status)
{
	const struct route *route = c->match.route;
	const char *pattern = route ? route->pattern : UNROUTED;
	const char *method = route ? route->method : UNROUTED;
	double seconds = (double)(clock_mono_us() - c->since_us) / 1e6;
	char code[12];

	snprintf(code, sizeof code, "%d", status);
	metric_add(
	    metric_series(metrics_family(&requests_total), (const char *[]){pattern, method, code}), 1);
	metric_observe(
	    metric_series(metrics_family(&request_seconds), (const char *[]){pattern, method}), seconds);
	log_event(LOG_LEVEL_DEBUG, "request", LOG_STR("route", pattern), LOG_STR("method", method),
	    LOG_INT("status", status), LOG_STR("request_id", c->request_id));
}

static void call_free(struct call *c)
{
	DL_DELETE(c->calls->list, c);
	json_object_put(c->body);
	reply_done(&c->item.reply);
	pg_args_done(&c->item.args);
	asking_free(c->asking);
	if (c->release)
		c->release(c->kept);
	once_done(&c->once);
	free(c);
}

void call_answer(struct call *c, struct reply reply)
{
	if (c->match.route && c->match.route->dialect)
		dialect_apply(
		    c->match.route->dialect, httpd_header(c->rq, "Accept"), clock_unix_us(), &reply);
	if (c->match.route && routes_has(c->match.route, PARAM_IF_NONE_MATCH))
		etag_apply(httpd_header(c->rq, "If-None-Match"), &reply);
	count(c, reply.status);
	gate_add_headers(c->calls->gate, &c->passage, &reply);
	reply_send(c->rq, &reply, c->request_id);
	call_free(c);
}

struct httpd_stream *call_answer_stream(
    struct call *c, struct reply head, const struct httpd_stream_options *o)
{
	count(c, head.status);
	gate_add_headers(c->calls->gate, &c->passage, &head);
	struct httpd_stream *stream = reply_stream(c->rq, &head, c->request_id, o);
	call_free(c);
	return stream;
}

void call_refuse(struct call *c, int status, const char *code, const char *detail)
{
	call_answer(c, problem_reply(status, code, detail));
}

void call_refuse_field(struct call *c, const char *code, const char *pointer, const char *detail)
{
	struct problem_faults faults;

	problem_faults_init(&faults);
	problem_fault(&faults, code, pointer, "%s", detail);
	call_answer(c, problem_reply_faults(422, &faults));
	problem_faults_done(&faults);
}

/* Faults of the caller's making are his to read; the others are ours. */
static void log_failure(const struct call *c, const struct err *err, int status)
{
	if (status >= 500)
		log_event(LOG_LEVEL_ERROR, "request_failed", LOG_STR("route", c->match.route->pattern),
		    LOG_INT("status", status), LOG_STR("request_id", c->request_id), LOG_ERR(err));
}

static void call_fail(struct call *c, const struct err *err, struct reply reply)
{
	log_failure(c, err, reply.status);
	call_answer(c, reply);
}

/* ---- running the route ---- */

const struct calls *call_calls(const struct call *c)
{
	return c->calls;
}

const struct httpd_request *call_request(const struct call *c)
{
	return c->rq;
}

const struct caller *call_caller(const struct call *c)
{
	return &c->passage.ask.caller;
}

struct pg_args *call_args(struct call *c)
{
	return &c->item.args;
}

json_object *call_body(const struct call *c)
{
	return c->body;
}

struct str call_path(const struct call *c, const char *name)
{
	return c->match.value[routes_path_place(c->match.route, name)];
}

struct str call_body_text(const struct call *c, const char *name)
{
	json_object *value = NULL;

	if (!c->body || !json_object_object_get_ex(c->body, name, &value) ||
	    !json_object_is_type(value, json_type_string))
		return (struct str){0};
	return (struct str){json_object_get_string(value), (size_t)json_object_get_string_len(value)};
}

void call_keep(struct call *c, void *kept, void (*release)(void *kept))
{
	assert(!c->release);
	c->kept = kept;
	c->release = release;
}

void *call_kept(const struct call *c)
{
	return c->kept;
}

struct asking **call_asking(struct call *c)
{
	return &c->asking;
}

char *call_make_secret(struct call *c, size_t n)
{
	return once_make_secret(&c->once, n);
}

const char *call_secret(const struct call *c)
{
	return c->once.secret;
}

static void on_read(void *user, const struct pg_result *res, const struct err *err)
{
	struct call *c = user;

	if (!err)
		c->then(c, reply_from_row(res));
	else
		call_fail(c, err, err->rc == RC_LOST ? problem_reply_away() : problem_reply_sql(err));
}

void call_read(struct call *c, const struct pg_statement *st, call_then *then)
{
	struct pg *pg = c->calls->read;

	if (!pg_is_up(pg)) {
		call_answer(c, problem_reply_away());
		return;
	}
	c->then = then;
	if (c->passage.ask.caller.rights)
		scope_enter(pg, &c->passage.ask.caller);
	pg_query(pg, st, &c->item.args, on_read, c);
}

static void on_written(struct batch_item *item, const struct err *err)
{
	struct call *c = CONTAINER_OF(item, struct call, item);

	if (err) {
		call_fail(c, err, problem_reply_sql(err));
		return;
	}
	struct reply reply = item->reply;
	item->reply = (struct reply){0};
	FAILPOINT(accept_before_reply);
	if (reply.sealed && !once_recall(&c->once, call_caller(c), c->calls->o->keys,
	                        (struct str){reply.sealed, reply.sealed_n})) {
		reply_done(&reply);
		call_refuse(c, 500, "internal_error", "the secret of the first answer cannot be opened");
		return;
	}
	c->then(c, reply);
}

void call_write(struct call *c, const struct pg_statement *st, call_then *then)
{
	c->then = then;
	c->item.statement = st;
	c->item.once = false;
	c->item.caller = c->passage.ask.caller.rights ? &c->passage.ask.caller : NULL;
	c->item.done = on_written;
	if (c->once.key && !c->once.used)
		once_wrap(&c->once, &c->item, c->rq, c->calls->o->keys);
	c->once.used = true;
	batch_add(c->calls->batch, &c->item);
}

static void run_route(struct call *c)
{
	const struct route *route = c->match.route;

	switch (route->effect) {
	case ROUTE_READ:
		call_read(c, route->statement, call_answer);
		break;
	case ROUTE_WRITE:
		call_write(c, route->statement, route->then ? route->then : call_answer);
		break;
	case ROUTE_HANDLER:
		route->handler(c);
		break;
	}
}

/* ---- reading the request ---- */

static bool is_json(struct str content_type)
{
	struct str rest = content_type;

	return content_type.p && str_eq_nocase(str_trim(str_cut(&rest, ';')), STR("application/json"));
}

/* False when the call was answered. */
static bool read_body(struct call *c, struct problem_faults *faults)
{
	const struct httpd_request *rq = c->rq;

	if (!routes_takes_body(c->match.route) || (rq->body.n == 0 && !routes_needs_body(c->match.route)))
		return true;
	if (rq->body.n > 0 && !is_json(httpd_header(rq, "Content-Type"))) {
		call_refuse(c, 415, "unsupported_media_type", "the body must be sent as application/json");
		return false;
	}
	c->body = params_parse_body(rq->body, faults);
	if (c->body)
		return true;
	call_answer(c, problem_reply_faults(400, faults));
	return false;
}

static void read_params(struct call *c, struct problem_faults *faults)
{
	const struct calls *calls = c->calls;
	struct params_input in = {.rq = c->rq,
	    .match = &c->match,
	    .caller = &c->passage.ask.caller,
	    .catalog = &calls->o->catalog,
	    .may_dispatch = calls->o->may_dispatch,
	    .user = calls->o->user,
	    .idempotency_key = &c->once.key};

	if (!read_body(c, faults))
		return;
	in.body = c->body;
	params_bind(&in, &c->item.args, faults);
	if (faults->n == 0)
		run_route(c);
	else
		call_answer(c, problem_reply_faults(
		                   strcmp(faults->code, PARAMS_FOREIGN_TENANT) == 0 ? 403 : 422, faults));
}

static void call_serve(struct call *c)
{
	struct problem_faults faults;

	problem_faults_init(&faults);
	read_params(c, &faults);
	problem_faults_done(&faults);
}

static void on_auth(struct auth_ask *ask, enum auth_verdict verdict)
{
	struct call *c = CONTAINER_OF(ask, struct call, passage.ask);
	struct reply refusal;

	if (gate_admits(c->calls->gate, &c->passage, verdict, c->match.route->needs, &refusal))
		call_serve(c);
	else
		call_answer(c, refusal);
}

/* The caller's X-Request-Id when it is harmless in headers and logs, else one of ours. */
static void name_call(struct call *c)
{
	struct str given = httpd_header(c->rq, "X-Request-Id");
	bool ok = given.n > 0 && given.n <= REQUEST_ID_MAX;

	for (size_t i = 0; ok && i < given.n; i++)
		ok = given.p[i] > ' ' && given.p[i] < 0x7f && given.p[i] != '"' && given.p[i] != '\\';
	if (ok) {
		memcpy(c->request_id, given.p, given.n);
		return;
	}
	struct uuid id = uuid_new();
	uuid_format(&id, c->request_id);
}

void call_start(struct calls *calls, struct httpd_request *rq)
{
	struct call *c = mem_zalloc(sizeof *c);

	c->calls = calls;
	c->rq = rq;
	c->passage = (struct passage){.rq = rq, .ask.done = on_auth};
	c->item.args = PG_ARGS;
	c->since_us = clock_mono_us();
	DL_APPEND(calls->list, c);
	name_call(c);
	routes_find(routes_all(), rq->method, rq->path, &c->match);
	if (rq->too_large)
		call_refuse(c, 413, "body_too_large", "the body is longer than this service accepts");
	else if (!c->match.route)
		call_answer(c, gate_answer_unrouted(calls->gate, &c->passage, c->match.allowed));
	else if (c->match.route->needs == ROUTE_PUBLIC)
		call_serve(c);
	else {
		c->passage.ask.demo = c->match.route->demo;
		auth_check(calls->auth, httpd_header(rq, "Authorization"), httpd_header(rq, "Cookie"),
		    &c->passage.ask);
	}
}

void call_drop_all(struct calls *calls)
{
	struct call *c;
	struct call *next;

	DL_FOREACH_SAFE(calls->list, c, next)
	{
		call_free(c);
	}
}
