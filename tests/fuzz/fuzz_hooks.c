// SPDX-License-Identifier: Apache-2.0
/* Any page through the hook of Amazon's financial events: what is handed over lies inside of the page, or is
 * a list's name. */
#include "base/base.h"
#include "hooks.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct column columns[] = {
    {.name = "event_list", .path = "$list"},
    {.name = "posted_date", .path = "$posted"},
    {.name = "order_id", .path = "$order"},
    {.name = "marketplace_name", .path = "MarketplaceName"},
    {.name = "event_type", .path = "$type"},
};

static bool inside(struct str body, const char *p, size_t n)
{
	return p >= body.p && p + n <= body.p + body.n;
}

static enum rc check(void *user, struct str raw, const struct slice *fields)
{
	const struct str *body = user;
	if (!inside(*body, raw.p, raw.n))
		abort();
	for (size_t i = 0; i < ARRAY_SIZE(columns); i++)
		if (fields[i].kind != SLICE_ABSENT && !inside(*body, fields[i].p, fields[i].n))
			abort();
	if (fields[0].kind != SLICE_STRING || fields[0].p[-1] != '"' || fields[0].p[fields[0].n] != '"')
		abort();
	return RC_OK;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct resource resource = {.columns = {.at = columns, .n = ARRAY_SIZE(columns)}};
	AUTO(mem_free_ptr)
	char *copy = mem_alloc(size + 1); /* of its own, so that no byte behind it may be read */
	struct err err = {0};
	memcpy(copy, data, size);
	struct str body = {copy, size};
	copy[size] = '\xff';
	enum rc rc = hook_amazon_financial_events.records(&resource, body, check, &body, &err);
	return rc == RC_OK || rc == RC_INVALID ? 0 : -1;
}
