// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "hooks.h"

static const struct hook *const hooks[] = {
    &hook_amazon_financial_events,
    &hook_gmail_history,
};

const struct hook *hook_find(const char *name)
{
	for (size_t i = 0; name && i < ARRAY_SIZE(hooks); i++)
		if (strcmp(hooks[i]->name, name) == 0)
			return hooks[i];
	return NULL;
}
