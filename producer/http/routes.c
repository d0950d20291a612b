// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "base/jsonw.h"
#include "caller.h"
#include "dialect.h"
#include "routes.h"

static bool is_param(struct str segment)
{
	return segment.n > 2 && segment.p[0] == '{' && segment.p[segment.n - 1] == '}';
}

static size_t count_slashes(struct str s)
{
	size_t n = 0;

	for (size_t i = 0; i < s.n; i++)
		n += s.p[i] == '/';
	return n;
}

/* Most patterns differ from a path before their first parameter, and most of these within a few bytes. */
static bool begins_as(struct str path, const char *pattern)
{
	for (size_t i = 0; pattern[i] && pattern[i] != '{'; i++) {
		if (i >= path.n || path.p[i] != pattern[i])
			return false;
	}
	return true;
}

/*
 * Whether the path fits the pattern. `ret_rank` has a bit for each literal segment, the first one highest, so
 * that the larger number is the pattern that is literal where the other is not.
 */
static bool path_fits(const char *pattern, struct str path, unsigned *ret_rank, struct route_match *m)
{
	struct str want = str_of(pattern);
	size_t slashes = count_slashes(want);
	unsigned rank = 0;

	assert(slashes <= ROUTE_SEGMENTS_MAX);
	if (count_slashes(path) != slashes)
		return false;
	m->nvalues = 0;
	for (size_t i = 0; i <= slashes; i++) {
		struct str a = str_cut(&want, '/');
		struct str b = str_cut(&path, '/');

		rank <<= 1;
		if (is_param(a) && b.n > 0)
			m->value[m->nvalues++] = b;
		else if (str_eq(a, b))
			rank |= 1;
		else
			return false;
	}
	*ret_rank = rank;
	return true;
}

/* The pattern that fits best, or NULL. */
static const char *best_pattern(const struct routes *routes, struct str path, struct route_match *ret)
{
	const char *best = NULL;
	unsigned best_rank = 0;
	struct route_match m;
	unsigned rank;

	for (size_t i = 0; i < routes->n; i++) {
		if (!begins_as(path, routes->at[i].pattern) ||
		    !path_fits(routes->at[i].pattern, path, &rank, &m) || (best && rank <= best_rank))
			continue;
		best = routes->at[i].pattern;
		best_rank = rank;
		memcpy(ret->value, m.value, sizeof m.value);
		ret->nvalues = m.nvalues;
	}
	return best;
}

static void allow(struct route_match *m, const char *method)
{
	size_t n = strlen(m->allowed);

	snprintf(m->allowed + n, sizeof m->allowed - n, "%s%s", n ? ", " : "", method);
	if (strcmp(method, "GET") == 0)
		allow(m, "HEAD");
}

void routes_find(const struct routes *routes, struct str method, struct str path, struct route_match *ret)
{
	bool head = str_is(method, "HEAD");

	memset(ret, 0, sizeof *ret);
	const char *pattern = best_pattern(routes, path, ret);
	for (size_t i = 0; pattern && i < routes->n; i++) {
		const struct route *r = &routes->at[i];

		if (strcmp(r->pattern, pattern) != 0)
			continue;
		allow(ret, r->method);
		if (str_is(method, r->method) || (head && strcmp(r->method, "GET") == 0))
			ret->route = r;
	}
}

int routes_path_place(const struct route *route, const char *name)
{
	struct str rest = str_of(route->pattern);
	int place = 0;

	while (rest.n) {
		struct str segment = str_cut(&rest, '/');

		if (!is_param(segment))
			continue;
		if (str_is((struct str){segment.p + 1, segment.n - 2}, name))
			return place;
		place++;
	}
	return -1;
}

bool routes_takes_body(const struct route *route)
{
	return strcmp(route->method, "GET") != 0;
}

bool routes_needs_body(const struct route *route)
{
	for (size_t i = 0; i < route->nparams; i++)
		if (route->params[i].from == PARAM_BODY && route->params[i].required)
			return true;
	return false;
}

bool routes_has(const struct route *route, enum param_type type)
{
	for (size_t i = 0; i < route->nparams; i++)
		if (route->params[i].type == type)
			return true;
	return false;
}

static void print_param(struct jsonw *w, const struct route_param *p)
{
	static const char *const from[] = {"path", "query", "body", "header", "made"};
	static const char *const type[] = {
	    [PARAM_UUID] = "uuid",
	    [PARAM_INT] = "int",
	    [PARAM_ENUM] = "enum",
	    [PARAM_PROVIDER] = "provider",
	    [PARAM_RESOURCES] = "resources",
	    [PARAM_SOME_RESOURCES] = "some_resources",
	    [PARAM_BOOL] = "bool",
	    [PARAM_CURSOR] = "cursor",
	    [PARAM_TEXT] = "text",
	    [PARAM_IDS] = "ids",
	    [PARAM_NAMES] = "names",
	    [PARAM_OBJECT] = "object",
	    [PARAM_TEXTS] = "texts",
	    [PARAM_OBJECTS] = "objects",
	    [PARAM_SECRET] = "secret",
	    [PARAM_TRACEPARENT] = "traceparent",
	    [PARAM_EVENT_ID] = "event_id",
	    [PARAM_TIME] = "time",
	    [PARAM_DAY_OR_TIME] = "day_or_time",
	    [PARAM_IDEMPOTENCY_KEY] = "idempotency_key",
	    [PARAM_IF_NONE_MATCH] = "if_none_match",
	    [PARAM_PREFER] = "prefer",
	    [PARAM_OWN_TENANT] = "own_tenant",
	    [PARAM_TENANT] = "tenant",
	    [PARAM_USER] = "user",
	    [PARAM_OPERATES] = "operates",
	    [PARAM_REGISTRY] = "registry",
	    [PARAM_NEW_ID] = "new_id",
	    [PARAM_RIGHTS] = "rights",
	    [PARAM_DIRECT] = "direct",
	};

	jsonw_object(w, NULL);
	jsonw_text(w, "name", p->name);
	jsonw_text(w, "in", from[p->from]);
	jsonw_text(w, "type", type[p->type]);
	jsonw_bool(w, "required", p->required);
	if (p->allowed)
		jsonw_text(w, "allowed", p->allowed);
	if (p->fallback)
		jsonw_text(w, "default", p->fallback);
	if (p->type == PARAM_INT || p->type == PARAM_TEXTS || p->type == PARAM_OBJECTS) {
		jsonw_int(w, "min", p->min);
		jsonw_int(w, "max", p->max);
	}
	jsonw_object_end(w);
}

void routes_print(const struct routes *routes, struct buf *out)
{
	static const char *const effect[] = {"read", "write", "handler"};
	static const char *const shape[] = {
	    [DIALECT_PLAIN] = "plain", [DIALECT_FLAGGED] = "flagged", [DIALECT_FIELDS] = "fields"};

	for (size_t i = 0; i < routes->n; i++) {
		const struct route *r = &routes->at[i];
		struct jsonw w = JSONW(out);

		jsonw_object(&w, NULL);
		jsonw_text(&w, "method", r->method);
		jsonw_text(&w, "path", r->pattern);
		jsonw_text(&w, "needs", r->needs ? right_name(r->needs) : NULL);
		jsonw_text(&w, "effect", effect[r->effect]);
		jsonw_text(&w, "statement", r->statement ? r->statement->name : NULL);
		jsonw_text(&w, "errors", r->dialect ? shape[r->dialect->shape] : "problem");
		jsonw_bool(&w, "open", r->open);
		jsonw_array(&w, "params");
		for (size_t p = 0; p < r->nparams; p++)
			print_param(&w, &r->params[p]);
		jsonw_array_end(&w);
		jsonw_object_end(&w);
		buf_add_char(out, '\n');
	}
}
