// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "ctl.h"

#include "ctl_sql.h"
#include "output.h"

static enum rc replay_ask(struct ctl *ctl, struct pg_args *args, struct err *err)
{
	static const char *const columns[] = {"sync_id", "connection_id", "resource"};
	const struct ctl_options *o = &ctl->o;
	AUTO(pg_blocking_free_ptr) struct pg_result *r = NULL;
	struct uuid sync = uuid_new();
	struct uuid connection;

	pg_arg_uuid(args, &sync);
	if (!uuid_parse(str_of(o->connection), &connection))
		return err_set(err, RC_INVALID, "--connection: %s is no id", o->connection);
	pg_arg_uuid(args, &connection);
	pg_arg_text(args, str_of(o->resource));
	if (ctl_arg_ids(args, o->ids, err) != RC_OK ||
	    pg_blocking_query(ctl->db, &sql_ctl_records_replay, args, &r, err) != RC_OK)
		return err->rc;
	if (ctl_refused(ctl, pg_i64(r, 0, 0), pg_str(r, 0, 2), err) != RC_OK)
		return err->rc;
	ctl_print(ctl, columns, ARRAY_SIZE(columns),
	    (struct str[]){pg_str(r, 0, 1), str_of(o->connection), str_of(o->resource)}, 1);
	return RC_OK;
}

enum rc ctl_records_replay(struct ctl *ctl, struct err *err)
{
	struct pg_args args = PG_ARGS;
	enum rc rc = replay_ask(ctl, &args, err);

	pg_args_done(&args);
	return rc;
}
