// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "ctl.h"

#include "ctl_sql.h"
#include "output.h"

#define DOCUMENT_MAX (256u << 20)
#define DOCUMENT_DEPTH 32

static struct uuid given_id(const struct ctl *ctl)
{
	struct uuid id = {0};

	if (!uuid_parse(str_of(ctl->args[0]), &id))
		assert(!"check_args has let a text pass that is no id");
	return id;
}

static enum rc query_sync(struct ctl *ctl, const struct uuid *id, const struct uuid *tenant,
    struct pg_result **ret, struct err *err)
{
	AUTO(pg_args_done) struct pg_args args = PG_ARGS;

	pg_arg_uuid(&args, id);
	pg_arg_uuid(&args, tenant);
	return pg_blocking_query(ctl->db, &sql_syncs_get, &args, ret, err);
}

enum rc ctl_sync_read(struct ctl *ctl, const struct uuid *id, json_object **ret, struct err *err)
{
	AUTO(pg_blocking_free_ptr) struct pg_result *owner = NULL;
	AUTO(pg_blocking_free_ptr) struct pg_result *r = NULL;
	struct uuid tenant;

	if (ctl_query_id(ctl, &sql_ctl_sync_tenant, id, &owner, err) != RC_OK)
		return err->rc;
	if (pg_rows(owner) == 0 || !pg_uuid(owner, 0, 0, &tenant))
		return err_set(err, RC_NOT_FOUND, "no sync has this id: see syncctl get syncs");
	if (query_sync(ctl, id, &tenant, &r, err) != RC_OK ||
	    ctl_refused(ctl, pg_i64(r, 0, 0), pg_str(r, 0, 2), err) != RC_OK)
		return err->rc;
	return json_parse(pg_str(r, 0, 2), DOCUMENT_MAX, DOCUMENT_DEPTH, ret, err);
}

/* Moves the members of the command's own document behind those that callers see. */
static enum rc add_own(struct ctl *ctl, json_object *document, struct err *err)
{
	AUTO(pg_blocking_free_ptr) struct pg_result *r = NULL;
	AUTO(json_put_ptr) json_object *own = NULL;

	if (ctl_query(ctl, &r, err) != RC_OK)
		return err->rc;
	if (pg_rows(r) == 0)
		return err_set(err, RC_NOT_FOUND, "there is no %s %s",
		    ctl->command->name + strlen("describe "), ctl->args[0]);
	if (json_parse(pg_str(r, 0, 0), DOCUMENT_MAX, DOCUMENT_DEPTH, &own, err) != RC_OK)
		return err->rc;
	json_object_object_foreach(own, key, value)
	    json_object_object_add(document, key, json_object_get(value));
	ctl_print_document(ctl, document);
	return RC_OK;
}

enum rc ctl_describe_sync(struct ctl *ctl, struct err *err)
{
	AUTO(json_put_ptr) json_object *sync = NULL;
	struct uuid id = given_id(ctl);

	if (ctl_sync_read(ctl, &id, &sync, err) != RC_OK)
		return err->rc;
	return add_own(ctl, sync, err);
}

static json_object *find_task(json_object *sync, const char *id)
{
	json_object *tasks = json_object_object_get(sync, "tasks");

	for (size_t i = 0; i < json_object_array_length(tasks); i++) {
		json_object *task = json_object_array_get_idx(tasks, i);
		json_object *its = json_object_object_get(task, "task_id");

		if (its && strcasecmp(json_object_get_string(its), id) == 0)
			return task;
	}
	return NULL;
}

enum rc ctl_describe_task(struct ctl *ctl, struct err *err)
{
	AUTO(pg_blocking_free_ptr) struct pg_result *r = NULL;
	AUTO(json_put_ptr) json_object *sync = NULL;
	struct uuid id = given_id(ctl);
	struct uuid sync_id;

	if (ctl_query_id(ctl, &sql_ctl_task_sync, &id, &r, err) != RC_OK)
		return err->rc;
	if (pg_rows(r) == 0 || !pg_uuid(r, 0, 0, &sync_id))
		return err_set(err, RC_NOT_FOUND, "no task has this id: see syncctl get tasks");
	if (ctl_sync_read(ctl, &sync_id, &sync, err) != RC_OK)
		return err->rc;
	json_object *task = find_task(sync, ctl->args[0]);
	if (!task)
		return err_set(err, RC_NOT_FOUND, "no task has this id: see syncctl get tasks");
	return add_own(ctl, task, err);
}
