// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "base/jsonw.h"
#include "catalog.h"

bool catalog_has_provider(const struct catalog *c, struct str provider)
{
	struct str name;

	for (size_t i = 0; (name = c->provider(c->user, i)).p; i++)
		if (str_eq(name, provider))
			return true;
	return false;
}

bool catalog_has_resource(const struct catalog *c, struct str provider, struct str resource)
{
	struct str name;

	for (size_t i = 0; (name = c->resource(c->user, provider, i)).p; i++)
		if (str_eq(name, resource))
			return true;
	return false;
}

static void add_name(struct buf *out, size_t i, struct str name)
{
	buf_printf(out, "%s%.*s", i ? ", " : "", STR_ARG(name));
}

void catalog_name_providers(const struct catalog *c, struct buf *out)
{
	struct str name;

	for (size_t i = 0; (name = c->provider(c->user, i)).p; i++)
		add_name(out, i, name);
}

void catalog_name_resources(const struct catalog *c, struct str provider, struct buf *out)
{
	struct str name;

	for (size_t i = 0; (name = c->resource(c->user, provider, i)).p; i++)
		add_name(out, i, name);
}

void catalog_list_add(struct buf *list, struct str name)
{
	if (list->n)
		buf_add_char(list, ',');
	buf_add_str(list, name);
}

size_t catalog_list_resources(const struct catalog *c, struct str provider, struct buf *list)
{
	struct str name;
	size_t n = 0;

	for (; (name = c->resource(c->user, provider, n)).p; n++)
		catalog_list_add(list, name);
	return n;
}

void catalog_print(const struct catalog *c, struct buf *out)
{
	struct jsonw w = JSONW(out);
	struct str provider;
	struct str resource;

	jsonw_object(&w, NULL);
	jsonw_array(&w, "providers");
	for (size_t i = 0; (provider = c->provider(c->user, i)).p; i++) {
		jsonw_object(&w, NULL);
		jsonw_str(&w, "provider", provider);
		jsonw_array(&w, "resources");
		for (size_t j = 0; (resource = c->resource(c->user, provider, j)).p; j++)
			jsonw_str(&w, NULL, resource);
		jsonw_array_end(&w);
		jsonw_object_end(&w);
	}
	jsonw_array_end(&w);
	jsonw_object_end(&w);
}
