// SPDX-License-Identifier: Apache-2.0
#pragma once
/*
 * What can be said of a declaration without running it, as JSON for conform.py: its resources with their
 * tables, an answer for each verdict rule, and findings. A finding is a row of the table: what was checked,
 * whether it holds, and where to look if it does not.
 */
#include "base/base.h"
#include "base/json.h"
#include "sync/declaration.h"

struct plan {
	const struct provider *provider;
	json_object *findings;
};

/* `resource` NULL: of the provider. `key` is where to look in the file; a NULL `detail` means that it holds.
 */
void plan_add(
    struct plan *p, const struct resource *resource, const char *check, const char *key, const char *detail);
/* As above, for what does not hold. */
void plan_fail(struct plan *p, const struct resource *resource, const char *check, const char *key,
    const char *fmt, ...) PRINTF_LIKE(5, 6);

/* The finding that was added last says that no answer can be made. */
void plan_mark_impossible(struct plan *p);

/* What could be wrong with paging, times, limits and tokens. */
void plan_check(struct plan *p);
void plan_check_tokens(struct plan *p);

/* Every rule with an answer that it decides, if there is one; adds the findings of those that have none. */
json_object *plan_rules(struct plan *p);
/* The same for the token endpoint's. */
json_object *plan_token_rules(struct plan *p);

/* The statement that makes the resource's table. */
json_object *plan_table(const struct resource *r);

/* What of the resource no API made from a declaration shows, so that it is left out; NULL: nothing. */
const char *plan_untried(const struct resource *r);

#define PLAN_CAP_PAGES 4
#define PLAN_WINDOWS 4
#define PLAN_BACK_S INT64_C(432000) /* the API's records are three days old at least */

/* How far back a walk by windows goes when it is run: a few windows. */
int64_t plan_back_near_s(const struct resource *r);

/* A limit brought so near that a few calls come to it. */
struct plan_limit {
	int64_t count;
	double period_s;
	int64_t burst;
	int64_t cost; /* of a call, the dearest */
};

#define PLAN_CALLS 8 /* of a rate, in a second */
#define PLAN_QUOTA 3 /* calls that a quota is for */
#define PLAN_AT_ONCE 2

struct plan_limit plan_limit_near(const struct provider *p, size_t i);
/* Whether all resources that it counts can be run. */
bool plan_limit_counts_kept(const struct provider *p, size_t i);

/*
 * Writes what can be run into the folder, as <name>.cfg: the declaration without the resources that this
 * version cannot do, with caps of PLAN_CAP_PAGES pages at most, and without limits, which would make a minute
 * of work take days. And for each limit <name>_limit<i>.cfg, a provider with that one, brought near.
 */
enum rc plan_reduce(const struct provider *p, const char *file, const char *folder, struct err *err) MUST_USE;
