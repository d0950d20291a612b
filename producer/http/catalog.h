// SPDX-License-Identifier: Apache-2.0
#pragma once
/* The providers and their resources, as the registry of declarations tells them: whatever is asked for must
 * be here. */
#include "base/base.h"
#include "base/buf.h"

struct catalog {
	/* The i-th provider's name, or p NULL past the last one. */
	struct str (*provider)(void *user, size_t i);
	/* The i-th resource of that provider, or p NULL past the last one. */
	struct str (*resource)(void *user, struct str provider, size_t i);
	void *user;
};

bool catalog_has_provider(const struct catalog *c, struct str provider);
bool catalog_has_resource(const struct catalog *c, struct str provider, struct str resource);
/* Appends the names, separated by ", ". */
void catalog_name_providers(const struct catalog *c, struct buf *out);
void catalog_name_resources(const struct catalog *c, struct str provider, struct buf *out);
/* Appends a name to a list as statements take it: one text, separated by commas. */
void catalog_list_add(struct buf *list, struct str name);
#define CATALOG_LIST_MAX (64u << 10)
/* Appends every resource of the provider so, and returns how many. */
size_t catalog_list_resources(const struct catalog *c, struct str provider, struct buf *list);
/* Appends all of it as JSON: {"providers": [{"provider": ..., "resources": [...]}]}. */
void catalog_print(const struct catalog *c, struct buf *out);
