// SPDX-License-Identifier: Apache-2.0
#pragma once
/* What the types of parameters accept, and how they are bound: one function for each enum param_type. */
#include "base/base.h"
#include "params.h"

#define PARAM_POINTER_MAX 96

/* One pass over a route's parameters. */
struct binding {
	const struct params_input *in;
	struct pg_args *args;
	struct problem_faults *faults;
	const struct route_param *param; /* the one being bound */
	char pointer[PARAM_POINTER_MAX]; /* of it, for faults */
	struct str provider;             /* bound before; p NULL when there was none */
	size_t ntasks;                   /* resources bound before */
};

/* A parameter as it was given: text, or JSON from the body, where a null has json NULL. */
struct given {
	bool present;
	struct str text;
	struct json_object *json;
};

/* Binds what was given, or adds a fault. */
void param_bind_given(struct binding *b, const struct given *g);
/* Binds what nobody gives: identifiers, the tenant, whether to dispatch. */
void param_bind_made(struct binding *b);
/* Binds the value of an optional parameter that is absent and has no fallback. */
void param_bind_absent(struct binding *b);
