// SPDX-License-Identifier: Apache-2.0
#pragma once
/* Which limits are in force: the declared ones, changed by the setting providers.limits. */
#include "base/base.h"
#include "limit_starts.h"

struct metric;

struct limit_rule {
	const struct provider *provider;
	struct limit limit; /* with the setting's count; 0: off */
	struct limit_pace pace;
	int64_t keep_us; /* life of a lease */
	int64_t poll_us; /* between two looks at a budget that is in use */
	struct metric *leases, *waits, *parks, *closings, *discarded, *waiting;
};

#define LIMITS_PER_CALL 16

/* RC_INVALID: an entry of `overrides` that is no "provider.limit=count", or names no declared limit; or more
 * than LIMITS_PER_CALL limits of a provider. */
enum rc limit_rules_check(const struct registry *r, const char *overrides, struct err *err) MUST_USE;
/* Appends the rules of one provider; without metrics. Limits that are off are left out. */
void limit_rules_add(const struct provider *p, const char *overrides, struct limit_rule **rules, size_t *n);
/* The rule counts calls of that resource. */
bool limit_rule_counts(const struct limit_rule *rule, const struct resource *res);

struct limit_call {
	const struct resource *resource;
	const char *connection; /* its id */
	uint64_t app;
};

/* Appends the key of the budget that a call draws on. */
void limit_key(const struct limit_rule *rule, const struct limit_call *call, struct buf *out);
