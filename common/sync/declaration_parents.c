// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "sync/declaration_parents.h"

static const config_setting_t *element(const config_setting_t *list, size_t i)
{
	return config_setting_get_elem(list, (unsigned)i);
}

static bool parent_has_key(const struct resource *res, struct str name)
{
	for (size_t i = 0; i < res->parent.keys.n; i++)
		if (str_is(name, res->parent.keys.at[i].name))
			return true;
	return false;
}

static bool is_column(const struct resource *res, const char *name)
{
	for (size_t i = 0; i < res->columns.n; i++)
		if (strcmp(res->columns.at[i].name, name) == 0)
			return true;
	return strcmp(name, "id") == 0;
}

static enum rc check_parent_columns(
    const struct reader *r, const config_setting_t *at, const struct resource *res)
{
	const config_setting_t *keys = reader_at(at, "keys");
	for (size_t i = 0; i < res->parent.keys.n; i++) {
		const char *column = res->parent.keys.at[i].column;
		if (!column)
			return reader_fail(r, element(keys, i), "the key \"column\" is missing");
		if (!is_column(res->parent_resource, column))
			return reader_fail(r, reader_at(element(keys, i), "column"),
			    "\"%s\" is no column of %s", column, res->parent.resource);
	}
	return RC_OK;
}

static bool descends_from_itself(const struct resource *res)
{
	const struct resource *up = res->parent_resource;
	for (size_t i = 0; up && up != res && i < res->provider->resources.n; i++)
		up = up->parent_resource;
	return up != NULL;
}

enum rc check_parent(const struct reader *r, const config_setting_t *at, const struct resource *res)
{
	const struct parent *p = &res->parent;
	if (!p->resource == !p->setting)
		return reader_fail(r, at, "needs one of the keys \"resource\" and \"setting\"");
	if (p->setting && p->changed_only)
		return reader_fail(
		    r, reader_at(at, "changed_only"), "is for parents that are another resource's records");
	if (p->setting)
		return RC_OK;
	if (!res->parent_resource)
		return reader_fail(r, reader_at(at, "resource"), "there is no resource \"%s\"", p->resource);
	if (descends_from_itself(res))
		return reader_fail(r, reader_at(at, "resource"), "the resource would be its own parent");
	return check_parent_columns(r, at, res);
}

static enum rc check_parent_template(
    const struct reader *r, const config_setting_t *at, const struct resource *res, const struct template *t)
{
	for (size_t i = 0; i < t->n; i++)
		if (t->part[i].variable == TEMPLATE_PARENT && !parent_has_key(res, t->part[i].text))
			return reader_fail(
			    r, at, "${parent.%.*s} is none of the parent's keys", STR_ARG(t->part[i].text));
	return RC_OK;
}

static enum rc check_parent_path(
    const struct reader *r, const config_setting_t *at, const struct resource *res, const char *path)
{
	struct str name = path_parent_key(path);
	if (!name.p || parent_has_key(res, name))
		return RC_OK;
	return reader_fail(r, at, "${parent.%.*s} is none of the parent's keys", STR_ARG(name));
}

static enum rc check_parent_paths(
    const struct reader *r, const config_setting_t *at, const struct resource *res)
{
	enum rc rc = RC_OK;
	for (size_t i = 0; !rc && i < res->id.n; i++)
		rc = check_parent_path(r, reader_at(at, "id"), res, res->id.at[i]);
	for (size_t i = 0; !rc && i < res->columns.n; i++)
		rc = check_parent_path(
		    r, reader_at(element(reader_at(at, "columns"), i), "path"), res, res->columns.at[i].path);
	return rc;
}

enum rc check_parent_keys(const struct reader *r, const config_setting_t *at, const struct resource *res)
{
	const config_setting_t *params = reader_at(at, "params");
	enum rc rc = check_parent_paths(r, at, res);
	if (!rc)
		rc = check_parent_template(r, reader_at(at, "path"), res, &res->path);
	for (size_t i = 0; !rc && i < res->params.n; i++)
		rc = check_parent_template(
		    r, reader_at(element(params, i), "value"), res, &res->params.at[i].value);
	return rc;
}
