// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "ctl.h"

/* Records in quarantine: to see, and to store once what was wrong is mended. */

#define RECORDS_IDS_MAX 1000

static void arg_given(struct pg_args *args, const char *text)
{
	if (*text)
		pg_arg_text(args, str_of(text));
	else
		pg_arg_null(args);
}

/* A flag that is a UUID; empty is null. */
static enum rc arg_id(struct pg_args *args, const char *flag, const char *text, struct err *err)
{
	struct uuid id;

	if (*text && !uuid_parse(str_of(text), &id))
		return err_set(err, RC_INVALID, "--%s: %s is no id", flag, text);
	if (*text)
		pg_arg_uuid(args, &id);
	else
		pg_arg_null(args);
	return RC_OK;
}

enum rc ctl_records_list(struct ctl *ctl, struct err *err)
{
	static const char *const columns[] = {"dead_record_id", "connection_id", "provider", "resource",
	    "record_id", "column", "reason", "last_seen_at"};
	struct pg_args args = PG_ARGS;
	AUTO(pg_blocking_free_ptr) struct pg_result *r = NULL;

	arg_given(&args, ctl->o.tenant);
	enum rc rc = arg_id(&args, "connection", ctl->o.connection, err);
	arg_given(&args, ctl->o.provider);
	arg_given(&args, ctl->o.resource);
	pg_arg_i64(&args, ctl->o.limit);
	if (rc == RC_OK)
		rc = pg_blocking_query(ctl->db, &sql_ctl_records_list, &args, &r, err);
	pg_args_done(&args);
	if (rc == RC_OK)
		ctl_print_result(ctl, columns, ARRAY_SIZE(columns), r);
	return rc;
}

enum rc ctl_records_show(struct ctl *ctl, struct err *err)
{
	static const char *const columns[] = {
	    "dead_record_id", "connection_id", "resource", "record_id", "column", "reason", "times", "raw"};
	struct uuid id;
	struct pg_args args = PG_ARGS;
	AUTO(pg_blocking_free_ptr) struct pg_result *r = NULL;

	if (!uuid_parse(str_of(ctl->args[0]), &id))
		return err_set(
		    err, RC_INVALID, "%s is not a record's id: see syncctl records list", ctl->args[0]);
	pg_arg_uuid(&args, &id);
	enum rc rc = pg_blocking_query(ctl->db, &sql_ctl_records_show, &args, &r, err);
	pg_args_done(&args);
	if (rc != RC_OK)
		return rc;
	if (pg_rows(r) == 0)
		return err_set(err, RC_NOT_FOUND, "no record with the id %s is in quarantine", ctl->args[0]);
	ctl_print_result(ctl, columns, ARRAY_SIZE(columns), r);
	return RC_OK;
}

static enum rc arg_ids(struct pg_args *args, const char *list, struct err *err)
{
	struct str rest = str_of(list);
	struct uuid id;

	if (!*list) {
		pg_arg_null(args);
		return RC_OK;
	}
	pg_array_begin(args, PG_UUID);
	for (size_t n = 0; rest.n; n++) {
		struct str one = str_cut(&rest, ',');

		if (!uuid_parse(one, &id) || n == RECORDS_IDS_MAX)
			return err_set(
			    err, RC_INVALID, "--ids: up to %d ids, with commas between", RECORDS_IDS_MAX);
		pg_array_uuid(args, &id);
	}
	pg_array_end(args);
	return RC_OK;
}

static enum rc replay_ask(struct ctl *ctl, struct pg_args *args, struct err *err)
{
	static const char *const columns[] = {"sync_id", "connection_id", "resource"};
	const struct ctl_options *o = &ctl->o;
	AUTO(pg_blocking_free_ptr) struct pg_result *r = NULL;
	struct uuid sync = uuid_new();

	pg_arg_uuid(args, &sync);
	if (arg_id(args, "connection", o->connection, err) != RC_OK)
		return err->rc;
	pg_arg_text(args, str_of(o->resource));
	if (arg_ids(args, o->ids, err) != RC_OK ||
	    pg_blocking_query(ctl->db, &sql_ctl_records_replay, args, &r, err) != RC_OK)
		return err->rc;
	if (pg_i64(r, 0, 0) != 202) /* the answer that HTTP would give */
		return err_set(err, RC_INVALID, "%.*s", STR_ARG(pg_str(r, 0, 2)));
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
