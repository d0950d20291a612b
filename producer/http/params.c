// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "param_types.h"
#include "params.h"

#define SHOWN_MAX 64 /* bytes of an unknown name that are repeated to the caller */
#define NAMES_MAX 512

struct json_object *params_parse_body(struct str body, struct problem_faults *faults)
{
	AUTO(json_put_ptr) json_object *root = NULL;
	struct err err;
	enum rc rc = json_parse(body, body.n, PARAMS_DEPTH_MAX, &root, &err);

	if (rc == RC_OK && json_object_is_type(root, json_type_object))
		return TAKE(root);
	if (rc == RC_OK)
		problem_fault(faults, "malformed_json", "#", "the body must be a JSON object");
	else
		problem_fault(faults, rc == RC_LIMIT ? "too_deep" : "malformed_json", "#", "%s", err.text);
	return NULL;
}

/* ---- names that the route does not know ---- */

static void name_params(const struct route *route, enum param_from from, struct buf *out)
{
	for (size_t i = 0; i < route->nparams; i++)
		if (route->params[i].from == from)
			buf_printf(out, "%s%s", out->n ? ", " : "", route->params[i].name);
}

static const struct route_param *find_param(const struct route *route, enum param_from from, struct str name)
{
	for (size_t i = 0; i < route->nparams; i++)
		if (route->params[i].from == from && str_is(name, route->params[i].name))
			return &route->params[i];
	return NULL;
}

static void refuse_name(struct binding *b, enum param_from from, struct str name)
{
	const struct route *route = b->in->match->route;
	struct buf known = BUF(NAMES_MAX);
	char pointer[PARAM_POINTER_MAX];

	name_params(route, from, &known);
	snprintf(pointer, sizeof pointer, "%s%.*s", from == PARAM_BODY ? "#/" : "?",
	    (int)MIN(name.n, (size_t)SHOWN_MAX), name.p);
	problem_fault(b->faults, from == PARAM_BODY ? "unknown_field" : "unknown_parameter", pointer,
	    "there is no such %s here; known: %s", from == PARAM_BODY ? "field" : "parameter",
	    known.n ? buf_text(&known) : "none");
	buf_done(&known);
}

/* Bit i of `seen`: the route's i-th parameter was there before. */
struct query_names {
	struct binding *binding;
	uint32_t seen;
};

static void check_query_name(void *user, struct str name, struct str value)
{
	struct query_names *names = user;
	const struct route *route = names->binding->in->match->route;
	const struct route_param *p = find_param(route, PARAM_QUERY, name);
	uint32_t bit = p ? UINT32_C(1) << (p - route->params) : 0;
	char pointer[PARAM_POINTER_MAX];

	(void)value;
	if (!p && !names->binding->in->match->route->open)
		refuse_name(names->binding, PARAM_QUERY, name);
	if (names->seen & bit) {
		snprintf(pointer, sizeof pointer, "?%s", p->name);
		problem_fault(names->binding->faults, "repeated", pointer, "%s is there twice", p->name);
	}
	names->seen |= bit;
}

static void check_names(struct binding *b)
{
	struct query_names query = {.binding = b};

	httpd_query_each(b->in->rq, check_query_name, &query);
	if (!b->in->body)
		return;
	json_object_object_foreach(b->in->body, name, value)
	{
		(void)value;
		if (!find_param(b->in->match->route, PARAM_BODY, str_of(name)))
			refuse_name(b, PARAM_BODY, str_of(name));
	}
}

/* ---- where a parameter comes from ---- */

static struct given find_given(const struct binding *b)
{
	const struct route_param *p = b->param;
	struct given g = {0};

	switch (p->from) {
	case PARAM_PATH:
		g.text = b->in->match->value[routes_path_place(b->in->match->route, p->name)];
		break;
	case PARAM_QUERY:
		g.text = httpd_query(b->in->rq, p->name);
		break;
	case PARAM_HEADER:
		g.text = httpd_header(b->in->rq, p->name);
		break;
	case PARAM_BODY:
		g.present = json_object_object_get_ex(b->in->body, p->name, &g.json);
		break;
	case PARAM_MADE:
		break;
	}
	if (!g.present && !g.text.p && p->fallback)
		g.text = str_of(p->fallback);
	g.present |= g.text.p != NULL;
	return g;
}

static void point_at(struct binding *b)
{
	static const char *const before[] = {"{", "?", "#/", "", ""};

	snprintf(b->pointer, sizeof b->pointer, "%s%s%s", before[b->param->from], b->param->name,
	    b->param->from == PARAM_PATH ? "}" : "");
}

static void bind_param(struct binding *b)
{
	if (b->param->from == PARAM_MADE) {
		param_bind_made(b);
		return;
	}
	struct given g = find_given(b);
	point_at(b);
	if (g.present)
		param_bind_given(b, &g);
	else if (b->param->required)
		problem_fault(b->faults, "missing_field", b->pointer, "%s is required", b->param->name);
	else
		param_bind_absent(b);
}

void params_bind(const struct params_input *in, struct pg_args *args, struct problem_faults *faults)
{
	const struct route *route = in->match->route;
	struct binding b = {.in = in, .args = args, .faults = faults};

	check_names(&b);
	for (size_t i = 0; i < route->nparams; i++) {
		b.param = &route->params[i];
		bind_param(&b);
	}
}
