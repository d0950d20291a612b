// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "ctl.h"
#include "output.h"

#define DOCUMENT_MAX (256u << 20) /* a sync of thousands of tasks, a record's text */
#define DOCUMENT_DEPTH 32
#define IDS_MAX 1000

/* ---- parameters ---- */

void ctl_arg_given(struct pg_args *args, const char *text)
{
	if (*text)
		pg_arg_text(args, str_of(text));
	else
		pg_arg_null(args);
}

enum rc ctl_arg_ids(struct pg_args *args, const char *list, struct err *err)
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

		if (!uuid_parse(one, &id) || n == IDS_MAX)
			return err_set(err, RC_INVALID, "--ids: up to %d ids, with commas between", IDS_MAX);
		pg_array_uuid(args, &id);
	}
	pg_array_end(args);
	return RC_OK;
}

static void bind_flag(const struct ctl *ctl, struct str name, struct pg_args *args)
{
	const struct conf_option *o = ctl_option(name);
	const char *at = (const char *)&ctl->o + o->offset;

	if (o->type == CONF_TYPE_INT)
		pg_arg_i64(args, *(const int64_t *)(const void *)at);
	else
		ctl_arg_given(args, *(const char *const *)(const void *)at);
}

enum rc ctl_query(struct ctl *ctl, struct pg_result **ret, struct err *err)
{
	AUTO(pg_args_done) struct pg_args args = PG_ARGS;
	struct str rest = str_of(ctl_flags(ctl->command, 0));
	struct str flag;
	bool required;

	for (int i = 0; i < ctl->nargs; i++)
		pg_arg_text(&args, str_of(ctl->args[i]));
	while (ctl_next_flag(&rest, &flag, &required))
		bind_flag(ctl, flag, &args);
	return pg_blocking_query(ctl->db, ctl->command->statement, &args, ret, err);
}

enum rc ctl_query_id(struct ctl *ctl, const struct pg_statement *st, const struct uuid *id,
    struct pg_result **ret, struct err *err)
{
	AUTO(pg_args_done) struct pg_args args = PG_ARGS;

	pg_arg_uuid(&args, id);
	return pg_blocking_query(ctl->db, st, &args, ret, err);
}

/* ---- answers ---- */

enum rc ctl_conflict(struct ctl *ctl, struct err *err, const char *fmt, ...)
{
	char text[ERR_TEXT_MAX];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof text, fmt, args);
	va_end(args);
	ctl->code = CTL_CONFLICT;
	return err_set(err, RC_INVALID, "%s", text);
}

enum rc ctl_refused(struct ctl *ctl, int64_t status, struct str body, struct err *err)
{
	AUTO(json_put_ptr) json_object *problem = NULL;
	const char *detail = "";

	if (status < 400)
		return RC_OK;
	if (json_parse(body, DOCUMENT_MAX, DOCUMENT_DEPTH, &problem, err) == RC_OK)
		detail = json_object_get_string(json_object_object_get(problem, "detail"));
	if (status == 409)
		return ctl_conflict(ctl, err, "%s", detail ? detail : "");
	return err_set(err, status == 404 ? RC_NOT_FOUND : RC_INVALID, "%s", detail ? detail : "");
}

static enum rc print_body(struct ctl *ctl, struct str body, struct err *err)
{
	AUTO(json_put_ptr) json_object *document = NULL;

	if (json_parse(body, DOCUMENT_MAX, DOCUMENT_DEPTH, &document, err) != RC_OK)
		return err_prefix(err, "reading the database's answer");
	ctl_print_document(ctl, document);
	return RC_OK;
}

enum rc ctl_describe(struct ctl *ctl, struct err *err)
{
	AUTO(pg_blocking_free_ptr) struct pg_result *r = NULL;

	if (ctl_query(ctl, &r, err) != RC_OK)
		return err->rc;
	if (pg_rows(r) == 0)
		return err_set(err, RC_NOT_FOUND, "there is no %s %s",
		    ctl->command->name + strlen("describe "), ctl->args[0]);
	return print_body(ctl, pg_str(r, 0, 0), err);
}

enum rc ctl_act(struct ctl *ctl, struct err *err)
{
	AUTO(pg_blocking_free_ptr) struct pg_result *r = NULL;

	if (ctl_query(ctl, &r, err) != RC_OK)
		return err->rc;
	if (pg_i64(r, 0, 0) == 404 && ctl->nargs == 1)
		return err_set(err, RC_NOT_FOUND, "%s: there is no %s", ctl->command->name, ctl->args[0]);
	if (ctl_refused(ctl, pg_i64(r, 0, 0), pg_str(r, 0, 1), err) != RC_OK)
		return err->rc;
	return print_body(ctl, pg_str(r, 0, 1), err);
}
