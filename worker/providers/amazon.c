// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "hooks.h"

#define ALTERNATIVES_MAX 6
#define COLUMNS_MAX 64

/*
 * Finances v0: an answer holds a list for each kind of event, 34 of them so far, and the kinds name alike
 * things differently. A new kind's list is read as the others are.
 * https://developer-docs.amazon.com/sp-api/docs/finances-api-v0-reference
 */
static const struct alias {
	const char *path;
	const char *means[ALTERNATIVES_MAX];
} aliases[] = {
    {"$posted", {"PostedDate", "postedDate", "TransactionPostedDate", "TransactionCreationDate"}},
    {"$order", {"AmazonOrderId", "OrderId"}},
    {"$type", {"AdjustmentType", "TransactionType", "transactionType", "RetrochargeEventType",
                  "DebtRecoveryType", "ReasonCode"}},
};

struct events {
	const struct resource *resource;
	struct slice_plan *plan;
	size_t first[COLUMNS_MAX + 1]; /* of a column's paths in the plan */
	struct slice list;             /* the name of the one being read */
	slice_record_fn *fn;
	void *user;
};

static const struct alias *alias_of(const char *path)
{
	for (size_t i = 0; i < ARRAY_SIZE(aliases); i++)
		if (strcmp(aliases[i].path, path) == 0)
			return &aliases[i];
	return NULL;
}

static void plan_make(struct events *e)
{
	const char *paths[COLUMNS_MAX * ALTERNATIVES_MAX];
	size_t n = 0;
	for (size_t i = 0; i < e->resource->columns.n; i++) {
		const char *path = e->resource->columns.at[i].path;
		const struct alias *alias = alias_of(path);
		e->first[i] = n;
		for (size_t k = 0; alias && k < ALTERNATIVES_MAX && alias->means[k]; k++)
			paths[n++] = alias->means[k];
		if (!alias)
			paths[n++] = path;
	}
	e->first[e->resource->columns.n] = n;
	e->plan = slice_plan_new("", paths, n, NULL, 0);
}

static enum rc on_event(void *user, struct str raw, const struct slice *found)
{
	struct events *e = user;
	struct slice fields[COLUMNS_MAX] = {0};
	for (size_t i = 0; i < e->resource->columns.n; i++) {
		size_t k = e->first[i];
		while (
		    k + 1 < e->first[i + 1] && (found[k].kind == SLICE_ABSENT || found[k].kind == SLICE_NULL))
			k++;
		bool list = strcmp(e->resource->columns.at[i].path, "$list") == 0;
		fields[i] = list ? e->list : found[k];
	}
	return e->fn(e->user, raw, fields);
}

/* ---- an object's members: the text is known to be valid ---- */

/* Behind the string that begins here. */
static const char *string_end(const char *p)
{
	for (p++; *p != '"'; p++)
		p += *p == '\\';
	return p + 1;
}

static const char *value_end(const char *p, const char *end)
{
	int depth = 0;
	while (p < end) {
		if (*p == '"') {
			p = string_end(p);
			continue;
		}
		if (depth == 0 && (*p == ',' || *p == '}'))
			return p;
		depth += (*p == '{' || *p == '[') - (*p == '}' || *p == ']');
		p++;
	}
	return end;
}

static const char *blanks_end(const char *p, const char *end)
{
	while (p < end && strchr(" \t\r\n,:", *p))
		p++;
	return p;
}

static enum rc lists_read(struct events *e, struct str object, struct err *err)
{
	const char *end = object.p + object.n;
	enum rc rc = RC_OK;
	for (const char *p = blanks_end(object.p + 1, end); !rc && p < end && *p == '"';
	     p = blanks_end(p, end)) {
		const char *name = p;
		p = string_end(p);
		e->list = (struct slice){.p = name + 1, .n = (uint32_t)(p - name - 2), .kind = SLICE_STRING};
		const char *value = blanks_end(p, end);
		p = value_end(value, end);
		if (*value == '[')
			rc = slice_page(
			    e->plan, (struct str){value, (size_t)(p - value)}, NULL, on_event, e, err);
	}
	return rc;
}

static enum rc records(
    const struct resource *res, struct str body, slice_record_fn *fn, void *user, struct err *err)
{
	static const char path[] = "payload.FinancialEvents";
	struct events e = {.resource = res, .fn = fn, .user = user};
	struct slice object = {.kind = SLICE_ABSENT};
	if (res->columns.n > COLUMNS_MAX || res->id.n)
		return err_set(err, RC_INVALID, "too many columns for the hook, or an identity");
	AUTO(slice_plan_free_ptr)
	struct slice_plan *finder = slice_plan_new("payload.*", NULL, 0, (const char *const[]){path}, 1);
	enum rc rc = slice_page(finder, body, &object, slice_pass_over, NULL, err);
	if (rc || object.kind != SLICE_OBJECT)
		return rc;
	plan_make(&e);
	rc = lists_read(&e, slice_str(object), err);
	slice_plan_free(e.plan);
	return rc;
}

const struct hook hook_amazon_financial_events = {.name = "amazon_financial_events", .records = records};
