// SPDX-License-Identifier: Apache-2.0
#pragma once
/* The shipped declarations, and those of the five systems in their words. For tests, which run in the
 * project's folder. */
#include "base/base.h"
#include "sync/declaration.h"

#include <setjmp.h>

#include <cmocka.h>

static struct registry *declarations_shipped, *declarations_fixtures;

/* A group's setup. */
static inline int declarations_load(void **state)
{
	struct err err = {0};

	(void)state;
	if (registry_load("common/providers", &declarations_shipped, &err) == RC_OK &&
	    registry_load("tests/fixtures/declarations", &declarations_fixtures, &err) == RC_OK)
		return 0;
	print_error("%s\n", err.text);
	return -1;
}

/* A group's teardown. */
static inline int declarations_unload(void **state)
{
	(void)state;
	registry_free(declarations_shipped);
	registry_free(declarations_fixtures);
	return 0;
}

static inline const struct provider *declarations_provider(const char *name)
{
	const struct provider *p = registry_find_provider(declarations_shipped, str_of(name));

	if (!p)
		p = registry_find_provider(declarations_fixtures, str_of(name));
	assert_non_null(p);
	return p;
}

static inline const struct resource *declarations_resource(const char *provider, const char *resource)
{
	const struct resource *r = provider_find_resource(declarations_provider(provider), str_of(resource));

	assert_non_null(r);
	return r;
}
