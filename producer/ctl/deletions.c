// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "ctl.h"

#include "ctl_sql.h"
#include "output.h"

enum rc ctl_deletions_accept(struct ctl *ctl, struct err *err)
{
	struct uuid id;
	struct pg_args args = PG_ARGS;
	AUTO(pg_blocking_free_ptr) struct pg_result *r = NULL;

	if (!uuid_parse(str_of(ctl->o.connection), &id))
		return err_set(err, RC_INVALID, "--connection: %s is no id", ctl->o.connection);
	pg_arg_uuid(&args, &id);
	pg_arg_text(&args, str_of(ctl->o.resource));
	enum rc rc = pg_blocking_query(ctl->db, &sql_ctl_deletions_accept, &args, &r, err);
	pg_args_done(&args);
	if (rc != RC_OK)
		return rc;
	if (pg_rows(r) == 0)
		return err_set(err, RC_NOT_FOUND,
		    "no deletions of %s are withheld for this connection: see syncctl get deletions",
		    ctl->o.resource);
	ctl_print_result(ctl, r);
	return RC_OK;
}
