// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "ctl.h"

enum rc ctl_breakers_list(struct ctl *ctl, struct err *err)
{
	static const char *const columns[] = {
	    "provider", "state", "openings", "opened_at", "open_until", "closed_at", "reason"};
	AUTO(pg_blocking_free_ptr) struct pg_result *r = NULL;
	enum rc rc = pg_blocking_query(ctl->db, &sql_ctl_breakers_list, NULL, &r, err);

	if (rc == RC_OK)
		ctl_print_result(ctl, columns, ARRAY_SIZE(columns), r);
	return rc;
}

enum rc ctl_breakers_close(struct ctl *ctl, struct err *err)
{
	struct pg_args args = PG_ARGS;
	AUTO(pg_blocking_free_ptr) struct pg_result *r = NULL;

	pg_arg_text(&args, str_of(ctl->args[0]));
	enum rc rc = pg_blocking_query(ctl->db, &sql_ctl_breaker_close, &args, &r, err);
	pg_args_done(&args);
	if (rc == RC_OK && !pg_bool(r, 0, 0))
		return err_set(err, RC_NOT_FOUND, "the breaker of %s is not open: see syncctl breakers list",
		    ctl->args[0]);
	return rc == RC_OK ? ctl_breakers_list(ctl, err) : rc;
}
