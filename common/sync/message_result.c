// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "sync/messages_private.h"

#define RESULT_TEXT_MAX (64 << 10)

#define TIME_FIELD(member) JSON_STRING(struct result_message, member), .required = true
#define COUNT_FIELD(member)                                                                                  \
	JSON_INT(struct result_message, member), .required = true, .min = 0, .max = JSON_INT_MAX

/* Fields that may be null must be there all the same: see check_presence. */
static const struct json_field result_fields[] = {
    {.name = "event_id", JSON_UUID(struct result_message, event_id), .required = true},
    {.name = "event_type",
        JSON_ENUM(struct result_message, event_type),
        .required = true,
        .allowed = RESULT_EVENTS},
    {.name = "occurred_at", TIME_FIELD(occurred_at)},
    {.name = "sync_id",
        JSON_UUID(struct result_message, sync_id),
        .nullable = true,
        JSON_GIVEN(struct result_message, has_sync_id)},
    /* Only for the list of known fields: take_sync_ids has read it. */
    {.name = "sync_ids", JSON_OBJECT(struct result_message, doc)},
    {.name = "task_id",
        JSON_UUID(struct result_message, task_id),
        .nullable = true,
        JSON_GIVEN(struct result_message, has_task_id)},
    {.name = "tenant_id", JSON_UUID(struct result_message, tenant_id), .required = true},
    {.name = "connection_id", JSON_UUID(struct result_message, connection_id), .required = true},
    {.name = "provider", NAME_FIELD(struct result_message, provider)},
    {.name = "resource",
        JSON_STRING(struct result_message, resource),
        .nullable = true,
        .min = 1,
        .max = MESSAGE_NAME_MAX,
        JSON_GIVEN(struct result_message, has_resource)},
    {.name = "mode", JSON_ENUM(struct result_message, mode), .required = true, .allowed = RESULT_MODES},
    {.name = "state",
        JSON_ENUM(struct result_message, state),
        .required = true,
        .allowed = "completed|failed|cancelled"},
    {.name = "error_class", JSON_STRING(struct result_message, error_class), .nullable = true},
    {.name = "error_message",
        JSON_STRING(struct result_message, error_message),
        .nullable = true,
        .max = RESULT_TEXT_MAX},
    {.name = "records_inserted", COUNT_FIELD(records_inserted)},
    {.name = "records_updated", COUNT_FIELD(records_updated)},
    {.name = "records_unchanged", COUNT_FIELD(records_unchanged)},
    {.name = "records_deleted", COUNT_FIELD(records_deleted)},
    {.name = "records_quarantined", COUNT_FIELD(records_quarantined)},
    {.name = "created_at", TIME_FIELD(created_at)},
    {.name = "started_at", JSON_STRING(struct result_message, started_at), .nullable = true},
    {.name = "ended_at", TIME_FIELD(ended_at)},
    {.name = "sequence",
        JSON_INT(struct result_message, sequence),
        .required = true,
        .min = 1,
        .max = INT32_MAX},
};

static enum rc check_presence(json_object *doc, struct json_problem *problem)
{
	static const char *const nullable[] = {
	    "sync_id", "task_id", "resource", "error_class", "error_message", "started_at"};
	char pointer[32];

	for (size_t i = 0; i < ARRAY_SIZE(nullable); i++) {
		snprintf(pointer, sizeof pointer, "/%s", nullable[i]);
		if (!json_object_object_get_ex(doc, nullable[i], NULL))
			return message_problem(problem, pointer, "required field is missing");
	}
	return RC_OK;
}

/* The list may be longer than a field table takes. It leaves the document, which is decoded by table
 * afterwards. */
static enum rc take_sync_ids(json_object *doc, struct result_message *m, struct json_problem *problem)
{
	json_object *list = NULL;
	char pointer[32];

	if (!json_object_object_get_ex(doc, "sync_ids", &list))
		return message_problem(problem, "/sync_ids", "required field is missing");
	if (!json_object_is_type(list, json_type_array) || json_object_array_length(list) == 0)
		return message_problem(problem, "/sync_ids", "must be a list of one UUID at least");
	size_t n = json_object_array_length(list);
	m->sync_ids = mem_array(n, sizeof *m->sync_ids);
	for (size_t i = 0; i < n; i++) {
		json_object *item = json_object_array_get_idx(list, i);

		snprintf(pointer, sizeof pointer, "/sync_ids/%zu", i);
		if (!json_object_is_type(item, json_type_string) ||
		    !uuid_parse(str_of(json_object_get_string(item)), &m->sync_ids[i]))
			return message_problem(problem, pointer, "must be a UUID in a string");
	}
	m->nsync_ids = n;
	json_object_object_del(doc, "sync_ids");
	return RC_OK;
}

static enum rc check_error(const struct result_message *m, struct json_problem *problem)
{
	struct str rest = STR(ERROR_CLASSES);
	bool known = false;

	while (m->error_class.p && rest.n && !known)
		known = str_eq(str_cut(&rest, '|'), m->error_class);
	if (m->error_class.p && !known)
		return message_problem(problem, "/error_class", "must be null or one of %s", ERROR_CLASSES);
	if (m->event_type % 3 == RESULT_TASK_FAILED && !m->error_class.p)
		return message_problem(
		    problem, "/error_class", "a failure must have one of %s", ERROR_CLASSES);
	if (m->event_type % 3 == RESULT_TASK_COMPLETED && m->error_class.p)
		return message_problem(problem, "/error_class", "must be null when the state is completed");
	return RC_OK;
}

/* What an event is about decides which identities it has. */
static enum rc check_kind(const struct result_message *m, struct json_problem *problem)
{
	bool of_sync = m->event_type >= RESULT_SYNC_COMPLETED;

	if (m->state != (int)m->event_type % 3)
		return message_problem(problem, "/state", "must be the one that event_type names");
	if (m->has_sync_id != of_sync)
		return message_problem(
		    problem, "/sync_id", of_sync ? "must be a UUID" : "must be null on a task's event");
	if (m->has_task_id == of_sync)
		return message_problem(
		    problem, "/task_id", of_sync ? "must be null on a sync's event" : "must be a UUID");
	if (m->has_resource == of_sync)
		return message_problem(problem, "/resource",
		    of_sync ? "must be null on a sync's event" : "must be a resource's name");
	return m->has_resource ? message_check_name(m->resource, "/resource", problem) : RC_OK;
}

static enum rc check_times(const struct result_message *m, struct json_problem *problem)
{
	if (message_check_time(m->occurred_at, "/occurred_at", problem) != RC_OK ||
	    message_check_time(m->created_at, "/created_at", problem) != RC_OK ||
	    message_check_time(m->ended_at, "/ended_at", problem) != RC_OK)
		return RC_INVALID;
	return m->started_at.p ? message_check_time(m->started_at, "/started_at", problem) : RC_OK;
}

static enum rc read_result(struct result_message *m, struct json_problem *problem)
{
	if (!json_object_is_type(m->doc, json_type_object))
		return message_problem(problem, "", "must be an object");
	enum rc rc = take_sync_ids(m->doc, m, problem);
	if (rc == RC_OK)
		rc = json_decode(m->doc, result_fields, ARRAY_SIZE(result_fields), m, problem);
	if (rc == RC_OK)
		rc = check_presence(m->doc, problem);
	if (rc == RC_OK)
		rc = message_check_name(m->provider, "/provider", problem);
	if (rc == RC_OK)
		rc = check_kind(m, problem);
	if (rc == RC_OK)
		rc = check_error(m, problem);
	return rc == RC_OK ? check_times(m, problem) : rc;
}

enum rc result_decode(struct str value, struct result_message *ret, struct json_problem *problem)
{
	struct result_message m = {0};

	problem->pointer[0] = '\0';
	enum rc rc = json_parse(value, MESSAGE_RESULT_BYTES_MAX, MESSAGE_DEPTH_MAX, &m.doc, &problem->err);
	if (rc == RC_OK)
		rc = read_result(&m, problem);
	if (rc == RC_OK)
		*ret = m;
	else
		result_message_done(&m);
	return rc;
}

void result_message_done(struct result_message *m)
{
	json_put_ptr(&m->doc);
	free(TAKE(m->sync_ids));
}
