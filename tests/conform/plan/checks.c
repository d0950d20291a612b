// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "plan.h"

#define SLOWEST_S 60 /* between two calls: slower, and a walk of a thousand pages takes most of a day */
#define KEY_MAX 128

static const char *key_of(const struct resource *r, const char *key)
{
	static char text[KEY_MAX];
	snprintf(text, sizeof text, "resources.%s.%s", r->name, key);
	return text;
}

/* The first parameter that uses the variable, or NULL. */
static const struct param *carrier(const struct resource *r, enum template_variable v)
{
	for (size_t i = 0; i < r->params.n; i++)
		if (template_uses(&r->params.at[i].value, v))
			return &r->params.at[i];
	return NULL;
}

/* ---- paging ---- */

static void check_size(struct plan *p, const struct resource *r)
{
	const char *check = "the page's size is asked for";
	const struct param *size = carrier(r, TEMPLATE_PAGE_SIZE);
	bool in_path = template_uses(&r->path, TEMPLATE_PAGE_SIZE);
	if (r->paging.size && !size && !in_path)
		plan_fail(p, r, check, key_of(r, "params"),
		    "paging.size is %" PRId64
		    ", but no parameter holds ${page.size}: the provider never hears of it",
		    r->paging.size);
	else if (!r->paging.size && size)
		plan_fail(p, r, check, key_of(r, "paging.size"),
		    "the parameter %s holds ${page.size}, but no size is given: it is never sent",
		    size->name);
	else
		plan_add(p, r, check, "paging.size", NULL);
}

static void check_guard(struct plan *p, const struct resource *r)
{
	const char *check = "a repeated page is looked for";
	bool counts = r->paging.strategy == PAGING_OFFSET || r->paging.strategy == PAGING_PAGE;
	if (counts && !r->paging.guard)
		plan_fail(p, r, check, key_of(r, "paging.guard"),
		    "a walk by counting that gets one page again and again would not notice; set guard = "
		    "true");
	else
		plan_add(p, r, check, "paging.guard", NULL);
}

static void check_moves(struct plan *p, const struct resource *r)
{
	static const enum template_variable moves[] = {
	    TEMPLATE_PAGE_OFFSET, TEMPLATE_PAGE_NUMBER, TEMPLATE_CURSOR};
	const char *check = "the next page is asked for";
	for (size_t i = 0; i < ARRAY_SIZE(moves); i++) {
		const struct param *param = carrier(r, moves[i]);
		if (!param || param->when == WHEN_ALWAYS || param->when == WHEN_NEXT)
			continue;
		plan_fail(p, r, check, key_of(r, "params"),
		    "the parameter %s holds ${%s}, but its `when` leaves it out of later requests",
		    param->name, template_variable_name(moves[i]));
		return;
	}
	plan_add(p, r, check, "params", NULL);
}

/* ---- paths ---- */

/* Whether both cannot be in one document: equal, or one inside of the other. */
static bool collide(const char *a, const char *b)
{
	size_t n = strlen(a);
	size_t m = strlen(b);
	return strncmp(a, b, MIN(n, m)) == 0 && (n == m || (n < m ? b[n] : a[m]) == '.');
}

static void check_envelope(struct plan *p, const struct resource *r)
{
	const char *check = "the envelope's values have places of their own";
	const struct {
		const char *key;
		const char *path;
	} places[] = {{"records", r->records}, {"paging.next", r->paging.next},
	    {"paging.more", r->paging.more}, {"paging.total", r->paging.total},
	    {"paging.sync_token", r->paging.sync_token},
	    {"incremental.path", r->incremental.on ? r->incremental.path : NULL}};
	for (size_t i = 1; i < ARRAY_SIZE(places); i++) {
		if (!places[i].path)
			continue;
		for (size_t k = 0; k < i; k++) {
			if (!places[k].path || !collide(places[k].path, places[i].path))
				continue;
			plan_fail(p, r, check, key_of(r, places[i].key),
			    "\"%s\" and %s = \"%s\" cannot both be in one answer%s", places[i].path,
			    places[k].key, places[k].path, places[k].path[0] ? "" : ", which is a bare list");
			plan_mark_impossible(p);
			return;
		}
	}
	plan_add(p, r, check, "records", NULL);
}

static bool is_within(const char *outer, const char *inner)
{
	size_t n = strlen(outer);
	return strncmp(outer, inner, n) == 0 && inner[n] == '.';
}

static void check_columns(struct plan *p, const struct resource *r)
{
	const char *check = "a record can have all columns";
	for (size_t i = 0; i < r->columns.n; i++)
		for (size_t k = 0; k < r->columns.n; k++) {
			const struct column *outer = &r->columns.at[i];
			const struct column *inner = &r->columns.at[k];
			if (outer->type == COLUMN_JSON || !is_within(outer->path, inner->path))
				continue;
			plan_fail(p, r, check, key_of(r, "columns"),
			    "%s reads \"%s\" as one value, %s reads \"%s\" inside of it", outer->name,
			    outer->path, inner->name, inner->path);
			plan_mark_impossible(p);
			return;
		}
	plan_add(p, r, check, "columns", NULL);
}

/* ---- time ---- */

static void check_since(struct plan *p, const struct resource *r)
{
	const char *check = "an incremental walk says since when";
	const struct param *since = carrier(r, TEMPLATE_SINCE);
	if (!r->incremental.on)
		return;
	if (since && since->when != WHEN_ALWAYS && since->when != WHEN_INCREMENTAL &&
	    since->when != WHEN_FIRST)
		plan_fail(p, r, check, key_of(r, "params"),
		    "the parameter %s holds ${since}, but its `when` leaves it out of incremental walks",
		    since->name);
	else
		plan_add(p, r, check, "incremental", NULL);
}

static bool limit_counts(const struct limit *l, const struct resource *r)
{
	for (size_t i = 0; i < l->resources.n; i++)
		if (strcmp(l->resources.at[i], r->name) == 0)
			return true;
	return l->resources.n == 0;
}

/* Seconds between two calls at the pace that the limit allows in the long run. */
static double interval_s(const struct limit *l, const struct resource *r)
{
	double cost = l->weighted && r->cost ? (double)r->cost : 1;
	return l->kind == LIMIT_CONCURRENCY ? 0 : l->period_s * cost / l->count;
}

static void check_limits(struct plan *p, const struct resource *r)
{
	const char *check = "the limits let a walk come to its end";
	for (size_t i = 0; i < p->provider->limits.n; i++) {
		const struct limit *l = &p->provider->limits.at[i];
		AUTO(mem_free_ptr) char *key = mem_printf("limits[%zu]", i);
		double s = interval_s(l, r);
		if (!limit_counts(l, r))
			continue;
		if (l->kind != LIMIT_CONCURRENCY && l->weighted && (double)resource_dearest(r) > l->count) {
			plan_fail(p, r, check, key, "a call costs %" PRId64 ", and %s has %.0f in all",
			    resource_dearest(r), l->name, l->count);
			return;
		}
		if (r->paging.cursor_life_s && s > (double)r->paging.cursor_life_s) {
			plan_fail(p, r, check, key,
			    "%s allows a page every %.0f s, and a cursor lives %" PRId64 " s", l->name, s,
			    r->paging.cursor_life_s);
			return;
		}
		if (s > SLOWEST_S) {
			plan_fail(p, r, check, key,
			    "%s allows a page every %.0f s: a thousand pages take %.0f h", l->name, s,
			    s * 1000 / 3600);
			return;
		}
	}
	plan_add(p, r, check, "limits", NULL);
}

/* ---- all ---- */

void plan_check(struct plan *p)
{
	static void (*const checks[])(struct plan * p, const struct resource *r) = {
	    check_size, check_guard, check_moves, check_envelope, check_columns, check_since, check_limits};
	for (size_t i = 0; i < p->provider->resources.n; i++)
		for (size_t k = 0; k < ARRAY_SIZE(checks); k++)
			checks[k](p, &p->provider->resources.at[i]);
}

void plan_check_tokens(struct plan *p)
{
	const char *check = "an access token lives longer than it is refreshed early";
	const struct auth *auth = &p->provider->auth;
	if (auth->kind != AUTH_OAUTH2)
		return;
	if (auth->refresh_early_s >= auth->expires_in_default_s)
		plan_fail(p, NULL, check, "auth.refresh_early_s",
		    "a token of %" PRId64 " s (expires_in_default_s) is due for a refresh %" PRId64
		    " s before its end: every task would refresh",
		    auth->expires_in_default_s, auth->refresh_early_s);
	else
		plan_add(p, NULL, check, "auth.refresh_early_s", NULL);
}
