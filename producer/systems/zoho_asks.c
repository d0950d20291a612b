// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "zoho_asks.h"

#include "asks.h"
#include "caller.h"
#include "statements.h"

#define QUESTION_MAX ((size_t)1 << 20)
#define QUESTION_DEPTH 32
#define ASK_AGAIN 102 /* the status of a row that is a question */
#define ASK_ENDED 200
#define ASK_GOES_ON 202

struct questions {
	const struct pg_statement *answer;
	json_object *question;
};

static call_then put_question;

static void questions_free(void *kept)
{
	struct questions *q = kept;

	json_object_put(q->question);
	free(q);
}

static json_object *member(const struct questions *q, const char *name)
{
	return json_object_object_get(q->question, name);
}

/* The document of the question says its id; with it the statement reads what the worker left. */
static bool bind(struct call *c, const struct reply *row)
{
	struct questions *q = call_kept(c);
	struct pg_args *args = call_args(c);
	struct uuid id;

	if (!reply_id(row, QUESTION_DEPTH, "ask_id", &id))
		return false;
	pg_args_clear(args);
	pg_arg_uuid(args, &id);
	pg_arg_uuid(args, &call_caller(c)->tenant);
	pg_arg_text(
	    args, str_of(json_object_to_json_string_ext(member(q, "context"), JSON_C_TO_STRING_PLAIN)));
	return true;
}

static void asked(struct call *c, struct reply row)
{
	struct questions *q = call_kept(c);

	if (row.status != ASK_ENDED && row.status != ASK_GOES_ON) {
		call_answer(c, row);
		return;
	}
	bool bound = bind(c, &row);
	reply_done(&row);
	if (bound)
		call_read(c, q->answer, put_question);
	else
		call_refuse(c, 500, "internal_error", "the answer cannot be read");
}

static void put_question(struct call *c, struct reply row)
{
	struct questions *q = call_kept(c);
	struct uuid connection;
	struct err err;

	if (row.status != ASK_AGAIN) {
		call_answer(c, row);
		return;
	}
	json_object_put(q->question);
	q->question = NULL;
	enum rc rc = json_parse(
	    (struct str){row.body, row.body_n}, QUESTION_MAX, QUESTION_DEPTH, &q->question, &err);
	reply_done(&row);
	if (rc == RC_OK &&
	    uuid_parse(str_of(json_object_get_string(member(q, "connection_id"))), &connection))
		ask_start(
		    c, &connection, json_object_get_string(member(q, "ask")), member(q, "arguments"), asked);
	else
		call_refuse(c, 500, "internal_error", "the question cannot be read");
}

static void begin(struct call *c, const struct pg_statement *question, const struct pg_statement *answer)
{
	struct questions *q = mem_zalloc(sizeof *q);

	q->answer = answer;
	call_keep(c, q, questions_free);
	call_read(c, question, put_question);
}

void zoho_auth_validate(struct call *c)
{
	begin(c, &sql_zoho_ask_validate, &sql_zoho_validated);
}

void zoho_auth_refresh(struct call *c)
{
	begin(c, &sql_zoho_ask_refresh, &sql_zoho_refreshed);
}

void zoho_auth_permissions(struct call *c)
{
	begin(c, &sql_zoho_ask_permissions, &sql_zoho_permitted);
}

void zoho_auth_organization(struct call *c)
{
	begin(c, &sql_zoho_ask_organization, &sql_zoho_organization);
}

void zoho_auth_modules(struct call *c)
{
	begin(c, &sql_zoho_ask_modules, &sql_zoho_modules);
}

void zoho_fields_metadata(struct call *c)
{
	begin(c, &sql_zoho_ask_fields, &sql_zoho_fields);
}

void zoho_fields_validate(struct call *c)
{
	begin(c, &sql_zoho_ask_field_check, &sql_zoho_field_check);
}

void zoho_fields_create(struct call *c)
{
	begin(c, &sql_zoho_ask_create_fields, &sql_zoho_created_fields);
}

void zoho_sync_validate(struct call *c)
{
	begin(c, &sql_zoho_ask_sync_check, &sql_zoho_sync_checked);
}
