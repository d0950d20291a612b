// SPDX-License-Identifier: Apache-2.0
#pragma once
/* Reads a route's typed parameters out of a request and binds them for its statement. */
#include "base/base.h"
#include "base/json.h"
#include "caller.h"
#include "catalog.h"
#include "io/httpd.h"
#include "io/pg.h"
#include "problem.h"
#include "routes.h"

#define PARAMS_DEPTH_MAX 8 /* nesting of a body; ours are two deep */

struct params_input {
	const struct httpd_request *rq;
	const struct route_match *match;
	struct json_object *body; /* NULL: none */
	const struct caller *caller;
	const struct catalog *catalog;
	/* Whether that many tasks of the provider may be dispatched at once. */
	bool (*may_dispatch)(void *user, struct str provider, size_t tasks);
	void *user;
	/* Set to the request's Idempotency-Key, owned, when the route takes one and there is one. */
	char **idempotency_key;
};

/*
 * Parses a body that must be one JSON object. NULL and a fault (malformed_json, too_deep) otherwise. The
 * caller puts the object.
 */
struct json_object *params_parse_body(struct str body, struct problem_faults *faults);

/* Binds every parameter in the table's order into `args`. Whatever is wrong goes to `faults`; then `args` is
 * void. */
void params_bind(const struct params_input *in, struct pg_args *args, struct problem_faults *faults);

/* Whether the body's tenant is another one than the caller's: the one fault that is a 403. */
#define PARAMS_FOREIGN_TENANT "foreign_tenant"
