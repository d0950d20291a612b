// SPDX-License-Identifier: Apache-2.0
#pragma once
/* A registry of two providers. */
#include "base/base.h"
#include "catalog.h"

static inline struct str fake_provider(void *user, size_t i)
{
	static const char *const names[] = {"practicepanther", "bench"};

	(void)user;
	return i < ARRAY_SIZE(names) ? str_of(names[i]) : (struct str){NULL, 0};
}

static inline struct str fake_resource(void *user, struct str provider, size_t i)
{
	static const char *const names[] = {"contacts", "matters", "tasks"};

	(void)user;
	return i < (str_is(provider, "bench") ? 1u : ARRAY_SIZE(names)) ? str_of(names[i])
	                                                                : (struct str){NULL, 0};
}

static const struct catalog fake_catalog = {fake_provider, fake_resource, NULL};
