// SPDX-License-Identifier: Apache-2.0
#pragma once
/* Requests without a server, bound by the rows of the nouns that have no handlers. */
#include "base/base.h"
#include "params.h"

#include <setjmp.h>

#include <cmocka.h>

#include "fake_catalog.h"
#include "syncs.h"

/* ---- a request without a server: the functions of io/httpd.h ---- */

static struct {
	const char *query[8]; /* name, value, name, value, ... NULL */
	const char *header_name;
	const char *header_value;
} request;

struct str httpd_query(const struct httpd_request *rq, const char *name)
{
	(void)rq;
	for (size_t i = 0; request.query[i]; i += 2)
		if (strcmp(request.query[i], name) == 0)
			return str_of(request.query[i + 1]);
	return (struct str){NULL, 0};
}

void httpd_query_each(
    const struct httpd_request *rq, void (*fn)(void *user, struct str name, struct str value), void *user)
{
	(void)rq;
	for (size_t i = 0; request.query[i]; i += 2)
		fn(user, str_of(request.query[i]), str_of(request.query[i + 1]));
}

struct str httpd_header(const struct httpd_request *rq, const char *name)
{
	(void)rq;
	return request.header_name && strcmp(name, request.header_name) == 0 ? str_of(request.header_value)
	                                                                     : (struct str){NULL, 0};
}

void httpd_answer_take(struct httpd_request *rq, unsigned status, const struct httpd_header *headers,
    size_t nheaders, char *body, size_t n)
{
	(void)rq;
	(void)status;
	(void)headers;
	(void)nheaders;
	(void)n;
	free(body);
}

/* What a row goes through after it was committed needs a server, too. */
void syncs_accepted(struct call *c, struct reply row)
{
	(void)c;
	(void)row;
}

/* ---- binding ---- */

static struct caller caller = {.rights = RIGHTS_OF_ADMIN, .tenant = {{0xaa}}};
static struct pg_args args;
static struct problem_faults faults;
static bool dispatch_now;
static size_t asked_tasks;
static char *idempotency_key;

static inline bool may_dispatch(void *user, struct str provider, size_t tasks)
{
	(void)user;
	assert_true(provider.n > 0);
	asked_tasks = tasks;
	return dispatch_now;
}

static inline int setup(void **state)
{
	(void)state;
	memset(&request, 0, sizeof request);
	args = PG_ARGS;
	problem_faults_init(&faults);
	dispatch_now = true;
	asked_tasks = 0;
	return 0;
}

static inline int teardown(void **state)
{
	(void)state;
	pg_args_done(&args);
	problem_faults_done(&faults);
	free(TAKE(idempotency_key));
	return 0;
}

static inline void bind(const char *method, const char *path, const char *body)
{
	struct route_match match;
	struct params_input in = {.match = &match,
	    .caller = &caller,
	    .catalog = &fake_catalog,
	    .may_dispatch = may_dispatch,
	    .idempotency_key = &idempotency_key};
	AUTO(json_put_ptr) json_object *root = NULL;

	teardown(NULL);
	args = PG_ARGS;
	problem_faults_init(&faults);
	/* not the whole table: its handlers need a server */
	static const struct routes *const nouns[] = {
	    &routes_syncs, &routes_dead_records, &routes_schedules, &routes_dead_letters, &routes_operating};
	match.route = NULL;
	for (size_t i = 0; i < ARRAY_SIZE(nouns) && !match.route; i++)
		routes_find(nouns[i], str_of(method), str_of(path), &match);
	assert_non_null(match.route);
	if (body) {
		root = params_parse_body(str_of(body), &faults);
		if (!root)
			return;
	}
	in.body = root;
	params_bind(&in, &args, &faults);
}

static inline bool is_null(int i)
{
	return args.arg[i].len < 0;
}

static inline struct str arg(int i)
{
	assert(i < args.n && !is_null(i) && args.bytes.p);
	return (struct str){args.bytes.p + args.arg[i].at, (size_t)args.arg[i].len};
}

static inline bool holds(struct str s, const char *text)
{
	return memmem(s.p, s.n, text, strlen(text)) != NULL;
}

#define CONNECTION "\"connection_id\":\"0190aaaa-0000-7000-8000-000000000001\""
