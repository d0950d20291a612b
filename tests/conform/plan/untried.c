// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "plan.h"

static bool by_token(const struct resource *r)
{
	return r->paging.strategy == PAGING_SYNC_TOKEN || r->paging.strategy == PAGING_HISTORY;
}

const char *plan_untried(const struct resource *r)
{
	const struct {
		bool used;
		const char *what;
	} parts[] = {
	    {r->hook != NULL, "what its hook, which is C, makes of an answer"},
	    {r->batch.max_parts != 0, "batches"},
	    {by_token(r), "sync tokens and histories"},
	    {r->identity == IDENTITY_POSITION, "records without an identity"},
	};
	for (size_t i = 0; i < ARRAY_SIZE(parts); i++)
		if (parts[i].used)
			return parts[i].what;
	return r->parent_resource ? plan_untried(r->parent_resource) : NULL;
}
