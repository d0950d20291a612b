// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "gate.h"

#include "base/clock.h"
#include "base/metrics.h"
#include "problem.h"

#define CHALLENGE_REFUSED "Bearer realm=\"sync-fleet\", error=\"invalid_token\"" /* RFC 6750, section 3 */

static const struct metric_family_def refusals_total = {.name = "caller_refusals_total",
    .kind = METRIC_COUNTER,
    .help = "Requests that were refused for who made them.",
    .labels = {"reason"}};

struct gate {
	struct cors *cors;
	struct rates *rates; /* NULL: no limit */
};

enum rc gate_check(const struct gate_options *o, struct err *err)
{
	struct cors *cors = cors_new(o->allowed_origins, err);

	if (!cors)
		return err->rc;
	cors_free(cors);
	return RC_OK;
}

struct gate *gate_new(const struct gate_options *o)
{
	struct gate *g = mem_zalloc(sizeof *g);

	g->cors = cors_new(o->allowed_origins, NULL);
	g->rates = rates_new(o->rate_per_minute, o->rate_burst);
	assert(g->cors);
	return g;
}

void gate_free(struct gate *g)
{
	if (!g)
		return;
	cors_free(g->cors);
	rates_free(g->rates);
	free(g);
}

static struct reply refuse(int status, const char *code, const char *detail)
{
	metric_add(metric_series(metrics_family(&refusals_total), (const char *[]){code}), 1);
	return problem_reply(status, code, detail);
}

/* Of a caller whom nobody vouches for. */
static struct reply refuse_unknown(const struct auth_ask *ask, enum auth_verdict verdict)
{
	struct reply reply = refuse(verdict == AUTH_AWAY ? 503 : 401, ask->code, ask->detail);

	if (verdict == AUTH_REFUSED && strcmp(ask->code, "missing_key") != 0)
		reply.challenge = CHALLENGE_REFUSED;
	return reply;
}

static bool is_safe(struct str method)
{
	return str_is(method, "GET") || str_is(method, "HEAD");
}

static bool within_rate(struct gate *g, struct passage *p)
{
	const struct caller *caller = &p->ask.caller;
	const struct uuid *id = caller->role == ROLE_SERVICE ? &caller->key : &caller->user;

	return !g->rates || rates_take(g->rates, id, clock_mono_us(), &p->rate);
}

bool gate_admits(
    struct gate *g, struct passage *p, enum auth_verdict verdict, unsigned needs, struct reply *ret)
{
	char detail[128];

	if (verdict != AUTH_KNOWN) {
		*ret = refuse_unknown(&p->ask, verdict);
	} else if (p->ask.by_cookie && !is_safe(p->rq->method) && !cors_trusts(g->cors, p->rq)) {
		*ret = refuse(403, "foreign_origin",
		    "with the cookie " AUTH_COOKIE
		    " a change needs an Origin or Referer of this service or of "
		    "http.allowed_origins; a program sends the token as Authorization: Bearer");
	} else if (!within_rate(g, p)) {
		*ret = refuse(
		    429, "rate_limited", "the caller calls too often; Retry-After says when to go on");
	} else if (!(p->ask.caller.rights & needs)) {
		snprintf(detail, sizeof detail, "this needs the right \"%s\", which the caller does not have",
		    right_name(needs));
		*ret = refuse(403, "missing_right", detail);
	} else {
		return true;
	}
	return false;
}

struct reply gate_answer_unrouted(const struct gate *g, const struct passage *p, const char *methods)
{
	struct reply reply;
	char detail[128];

	if (!*methods)
		return problem_reply(404, "unknown_path", "there is nothing at this path");
	if (cors_preflight(g->cors, p->rq, methods, &reply))
		return reply;
	snprintf(detail, sizeof detail, "this path takes %s", methods);
	reply = problem_reply(405, "method_not_allowed", detail);
	reply.allow = methods;
	return reply;
}

void gate_add_headers(const struct gate *g, const struct passage *p, struct reply *reply)
{
	cors_add_headers(g->cors, p->rq, reply);
	rate_add_headers(&p->rate, reply);
}
