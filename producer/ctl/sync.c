// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "ctl.h"

#include "ctl_sql.h"
#include "output.h"
#include "sync/declaration.h"

#define PATH_BYTES 1024
#define DOCUMENT_MAX (1u << 20)

/* What is asked for, as the statement's parameters from $1 on. */
struct asked {
	struct uuid id;
	struct uuid tenant;
	struct uuid connection;
	const struct provider *provider;
};

static enum rc read_declarations(const struct ctl *ctl, struct registry **ret, struct err *err)
{
	AUTO(buf_done) struct buf folder = BUF(PATH_BYTES);

	ctl_find_folder(ctl->o.providers_dir, "common/providers", "providers", &folder);
	return registry_load_versions(buf_text(&folder), ctl->o.versions, ret, err);
}

static enum rc find_connection(
    struct ctl *ctl, const struct registry *registry, struct asked *ret, struct err *err)
{
	AUTO(pg_blocking_free_ptr) struct pg_result *r = NULL;

	if (!uuid_parse(str_of(ctl->o.connection), &ret->connection))
		return err_set(err, RC_INVALID, "--connection: %s is no id", ctl->o.connection);
	if (ctl_query_id(ctl, &sql_ctl_connection_of, &ret->connection, &r, err) != RC_OK)
		return err->rc;
	if (pg_rows(r) == 0 || !pg_uuid(r, 0, 0, &ret->tenant))
		return err_set(err, RC_NOT_FOUND, "no connection has this id: see syncctl get connections");
	ret->provider = registry_find_provider(registry, pg_str(r, 0, 1));
	if (!ret->provider)
		return err_set(
		    err, RC_INVALID, "no declaration of %.*s is in providers.dir", STR_ARG(pg_str(r, 0, 1)));
	return RC_OK;
}

static enum rc refuse_resource(const struct provider *provider, struct str name, struct err *err)
{
	AUTO(buf_done) struct buf names = BUF(ERR_TEXT_MAX);

	for (size_t i = 0; i < provider->resources.n; i++)
		buf_printf(&names, "%s%s", i ? ", " : "", provider->resources.at[i].name);
	return err_set(err, RC_INVALID, "%s has no resource %.*s; it has: %s", provider->name,
	    MIN((int)name.n, 60), name.p, buf_text(&names));
}

static enum rc add_resources(
    const struct ctl *ctl, const struct provider *provider, struct pg_args *args, struct err *err)
{
	struct str rest = str_of(ctl->o.resource);

	pg_array_begin(args, PG_TEXT);
	for (size_t i = 0; !*ctl->o.resource && i < provider->resources.n; i++)
		pg_array_text(args, str_of(provider->resources.at[i].name));
	while (rest.n) {
		struct str one = str_cut(&rest, ',');

		if (!provider_find_resource(provider, one))
			return refuse_resource(provider, one, err);
		pg_array_text(args, one);
	}
	pg_array_end(args);
	return RC_OK;
}

static enum rc ask(struct ctl *ctl, const struct asked *asked, json_object **ret, struct err *err)
{
	static const char *const modes[] = {"incremental", "full"};
	static const char *const priorities[] = {"interactive", "backfill"};
	AUTO(pg_args_done) struct pg_args args = PG_ARGS;
	AUTO(pg_blocking_free_ptr) struct pg_result *r = NULL;

	pg_arg_uuid(&args, &asked->id);
	pg_arg_uuid(&args, &asked->tenant);
	pg_arg_uuid(&args, &asked->connection);
	pg_arg_text(&args, str_of(asked->provider->name));
	if (add_resources(ctl, asked->provider, &args, err) != RC_OK)
		return err->rc;
	pg_arg_text(&args, str_of(modes[ctl->o.mode]));
	pg_arg_text(&args, str_of(priorities[ctl->o.priority]));
	if (pg_blocking_query(ctl->db, &sql_ctl_sync, &args, &r, err) != RC_OK ||
	    ctl_refused(ctl, pg_i64(r, 0, 0), pg_str(r, 0, 1), err) != RC_OK)
		return err->rc;
	return json_parse(pg_str(r, 0, 1), DOCUMENT_MAX, 8, ret, err);
}

static enum rc ask_with(struct ctl *ctl, const struct registry *registry, struct err *err)
{
	AUTO(json_put_ptr) json_object *accepted = NULL;
	struct asked asked = {.id = uuid_new()};

	if (find_connection(ctl, registry, &asked, err) != RC_OK || ask(ctl, &asked, &accepted, err) != RC_OK)
		return err->rc;
	if (ctl->o.wait)
		return ctl_watch_sync(ctl, &asked.id, err);
	ctl_print_document(ctl, accepted);
	return RC_OK;
}

enum rc ctl_sync(struct ctl *ctl, struct err *err)
{
	struct registry *registry = NULL;

	if (read_declarations(ctl, &registry, err) != RC_OK)
		return err->rc;
	enum rc rc = ask_with(ctl, registry, err);
	registry_free(registry);
	return rc;
}
