// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "limit_rules.h"
#include "base/clock.h"

#define LEASE_US (5 * US_PER_S)
#define PERMIT_SLACK_US (5 * US_PER_S) /* a permit outlives its call's deadline by so much */
#define POLL_WIDE_US (US_PER_S / 2)    /* others may have closed it */
#define POLL_NARROW_US (5 * US_PER_S / 2)
#define ROLLING_SLOTS                                                                                        \
	48 /* as in 0006_limits.sql: units must be spent in the slot that they were taken from */

struct override {
	struct str provider, limit;
	double count;
};

static bool next_override(struct str *rest, struct override *ret)
{
	struct str value = str_trim(str_cut(rest, ','));
	struct str name = str_cut(&value, '=');

	ret->provider = str_cut(&name, '.');
	ret->limit = name;
	return ret->provider.n && ret->limit.n && str_to_double(value, &ret->count) && ret->count >= 0 &&
	       ret->count <= 1e12;
}

static bool is_declared(const struct registry *r, const struct override *o)
{
	const struct provider *p = registry_find_provider(r, o->provider);

	for (size_t i = 0; p && i < p->limits.n; i++)
		if (str_is(o->limit, p->limits.at[i].name))
			return true;
	return false;
}

static enum rc check_declared(const struct provider *p, struct err *err)
{
	if (p->limits.n > LIMITS_PER_CALL)
		return err_set(err, RC_INVALID, "%s: more than %d limits", p->file, LIMITS_PER_CALL);
	for (size_t i = 0; i < p->limits.n; i++)
		if (p->limits.at[i].weighted && p->limits.at[i].kind != LIMIT_QUOTA)
			return err_set(err, RC_INVALID, "%s: limit %s: only a quota can be weighted", p->file,
			    p->limits.at[i].name);
	return RC_OK;
}

/* Of nothing that it counts a call would ever begin. */
static int64_t dearest_call(const struct registry *r, const struct override *o)
{
	const struct provider *p = registry_find_provider(r, o->provider);
	int64_t cost = 0;

	for (size_t i = 0; i < p->limits.n; i++) {
		struct limit_rule rule = {.provider = p, .limit = p->limits.at[i]};

		for (size_t k = 0; k < p->resources.n; k++)
			if (rule.limit.weighted && str_is(o->limit, rule.limit.name) &&
			    limit_rule_counts(&rule, &p->resources.at[k]))
				cost = MAX(cost, resource_dearest(&p->resources.at[k]));
	}
	return cost;
}

enum rc limit_rules_check(const struct registry *r, const char *overrides, struct err *err)
{
	struct str rest = str_of(overrides);
	struct override o;

	for (int i = 1; rest.n; i++) {
		if (!next_override(&rest, &o))
			return err_set(
			    err, RC_INVALID, "providers.limits: entry %d is not provider.limit=count", i);
		if (!is_declared(r, &o))
			return err_set(
			    err, RC_INVALID, "providers.limits: entry %d names no declared limit", i);
		if (o.count > 0 && o.count < (double)dearest_call(r, &o))
			return err_set(err, RC_INVALID,
			    "providers.limits: entry %d allows less than one call, which costs %" PRId64, i,
			    dearest_call(r, &o));
	}
	for (size_t i = 0; i < registry_count(r); i++)
		if (check_declared(registry_at(r, i), err) != RC_OK)
			return err->rc;
	return RC_OK;
}

static double count_of(const struct provider *p, const struct limit *l, const char *overrides)
{
	struct str rest = str_of(overrides);
	struct override o;
	double count = l->count;

	while (rest.n)
		if (next_override(&rest, &o) && str_is(o.provider, p->name) && str_is(o.limit, l->name))
			count = o.count;
	return count;
}

static int64_t keep_us_of(const struct limit_rule *rule)
{
	const struct provider *p = rule->provider;
	int64_t timeout_s = 0;

	if (rule->limit.kind == LIMIT_QUOTA && rule->limit.rolling)
		return MIN((int64_t)(rule->limit.period_s * (double)US_PER_S) / ROLLING_SLOTS, LEASE_US);
	if (rule->limit.kind != LIMIT_CONCURRENCY)
		return LEASE_US;
	for (size_t i = 0; i < p->resources.n; i++)
		timeout_s = MAX(timeout_s, p->resources.at[i].timeout_s);
	return timeout_s * US_PER_S + PERMIT_SLACK_US;
}

void limit_rules_add(const struct provider *p, const char *overrides, struct limit_rule **rules, size_t *n)
{
	for (size_t i = 0; i < p->limits.n; i++) {
		struct limit_rule rule = {.provider = p, .limit = p->limits.at[i]};

		rule.limit.count = count_of(p, &rule.limit, overrides);
		if (rule.limit.count <= 0)
			continue;
		limit_pace_of(&rule.limit, &rule.pace);
		rule.keep_us = keep_us_of(&rule);
		rule.poll_us = rule.limit.scope & SCOPE_CONNECTION ? POLL_NARROW_US : POLL_WIDE_US;
		*rules = mem_realloc(*rules, (*n + 1) * sizeof rule);
		(*rules)[(*n)++] = rule;
	}
}

bool limit_rule_counts(const struct limit_rule *rule, const struct resource *res)
{
	const struct texts *only = &rule->limit.resources;

	if (rule->provider != res->provider)
		return false;
	for (size_t i = 0; i < only->n; i++)
		if (strcmp(only->at[i], res->name) == 0)
			return true;
	return only->n == 0;
}

void limit_key(const struct limit_rule *rule, const struct limit_call *call, struct buf *out)
{
	buf_printf(out, "%s.%s", rule->provider->name, rule->limit.name);
	if (rule->limit.scope & SCOPE_APP)
		buf_printf(out, " app=%016" PRIx64, call->app);
	if (rule->limit.scope & SCOPE_CONNECTION)
		buf_printf(out, " connection=%s", call->connection);
	if (rule->limit.scope & SCOPE_OPERATION)
		buf_printf(out, " operation=%s", call->resource->operation);
}
