// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "ctl.h"

enum rc ctl_deletions_list(struct ctl *ctl, struct err *err)
{
	static const char *const columns[] = {"connection_id", "tenant", "provider", "external_id",
	    "resource", "records", "of", "accepted", "withheld_at"};

	return ctl_print_list(ctl, &sql_ctl_deletions_list, columns, ARRAY_SIZE(columns), err);
}

enum rc ctl_deletions_accept(struct ctl *ctl, struct err *err)
{
	static const char *const columns[] = {
	    "connection_id", "provider", "external_id", "resource", "records", "of"};
	struct uuid id;
	struct pg_args args = PG_ARGS;
	AUTO(pg_blocking_free_ptr) struct pg_result *r = NULL;

	if (!uuid_parse(str_of(ctl->o.connection), &id))
		return err_set(err, RC_INVALID, "%s is not a connection's id: see syncctl deletions list",
		    ctl->o.connection);
	pg_arg_uuid(&args, &id);
	pg_arg_text(&args, str_of(ctl->o.resource));
	enum rc rc = pg_blocking_query(ctl->db, &sql_ctl_deletions_accept, &args, &r, err);
	pg_args_done(&args);
	if (rc != RC_OK)
		return rc;
	if (pg_rows(r) == 0)
		return err_set(err, RC_NOT_FOUND,
		    "no deletions of %s are withheld for this connection: see syncctl deletions list",
		    ctl->o.resource);
	ctl_print_result(ctl, columns, ARRAY_SIZE(columns), r);
	return RC_OK;
}
