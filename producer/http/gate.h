// SPDX-License-Identifier: Apache-2.0
#pragma once
/* What stands before every route: who calls, from which page, how often, and whether he may. */
#include "base/base.h"
#include "auth.h"
#include "cors.h"
#include "rates.h"

struct gate_options {
	const char *allowed_origins;
	int64_t rate_per_minute; /* 0: no limit */
	int64_t rate_burst;
};

struct gate;

/* Whether the settings make sense. */
enum rc gate_check(const struct gate_options *o, struct err *err) MUST_USE;
/* The options have passed gate_check. */
struct gate *gate_new(const struct gate_options *o);
/* Accepts NULL. */
void gate_free(struct gate *g);

/* One request at the gate; embedded by whoever serves it, `rq` set before. */
struct passage {
	const struct httpd_request *rq;
	struct auth_ask ask;
	struct rate rate;
};

/* Whether the caller may go on to a route that needs the right; else the answer. After auth_check's verdict.
 */
bool gate_admits(
    struct gate *g, struct passage *p, enum auth_verdict verdict, unsigned needs, struct reply *ret) MUST_USE;
/* The answer to a method that no route has: a preflight's, or that it is not allowed. */
struct reply gate_answer_unrouted(const struct gate *g, const struct passage *p, const char *methods);
/* What every answer says, streams included: whose pages may read it, how much of his rate the caller has
 * left. */
void gate_add_headers(const struct gate *g, const struct passage *p, struct reply *reply);
