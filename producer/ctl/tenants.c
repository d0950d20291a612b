// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "ctl.h"

#include "ctl_sql.h"
#include "output.h"

enum rc ctl_tenant_find(struct ctl *ctl, struct str name, struct uuid *ret, struct err *err)
{
	struct pg_args args = PG_ARGS;
	AUTO(pg_blocking_free_ptr) struct pg_result *r = NULL;

	pg_arg_text(&args, name);
	enum rc rc = pg_blocking_query(ctl->db, &sql_ctl_tenant_find, &args, &r, err);
	pg_args_done(&args);
	if (rc != RC_OK)
		return rc;
	if (pg_rows(r) != 1 || !pg_uuid(r, 0, 0, ret))
		return err_set(err, RC_NOT_FOUND,
		    "no tenant is called %.*s: make it with syncctl tenants create", STR_ARG(name));
	return RC_OK;
}

enum rc ctl_tenants_create(struct ctl *ctl, struct err *err)
{
	static const char *const columns[] = {"tenant_id", "name"};
	struct uuid id = uuid_new();
	char id_text[UUID_TEXT_LEN + 1];
	struct pg_args args = PG_ARGS;

	pg_arg_uuid(&args, &id);
	pg_arg_text(&args, str_of(ctl->args[0]));
	enum rc rc = pg_blocking_query(ctl->db, &sql_ctl_tenant_create, &args, NULL, err);
	pg_args_done(&args);
	if (rc != RC_OK && strcmp(err->sqlstate, "23505") == 0)
		return ctl_conflict(ctl, err, "a tenant called %s exists already", ctl->args[0]);
	if (rc != RC_OK)
		return rc;
	uuid_format(&id, id_text);
	ctl_print(ctl, columns, 2, (struct str[]){str_of(id_text), str_of(ctl->args[0])}, 1);
	return RC_OK;
}
