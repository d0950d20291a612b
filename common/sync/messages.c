// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "sync/messages_private.h"

#include "base/clock.h"
#include "base/jsonw.h"
#include "base/utf8.h"

const char *sync_mode_name(enum sync_mode mode)
{
	static const char *const names[] = {"full", "incremental", "replay", "records", "ask"};

	return names[mode];
}

const char *sync_priority_name(enum sync_priority priority)
{
	return priority == SYNC_BACKFILL ? "backfill" : "interactive";
}

const char *sync_conflict_name(enum sync_conflict conflict)
{
	return conflict == SYNC_REJECT ? "reject" : "attach";
}

/* ---- shared ---- */

enum rc message_problem(struct json_problem *problem, const char *pointer, const char *fmt, ...)
{
	va_list args;
	char text[ERR_TEXT_MAX];

	va_start(args, fmt);
	vsnprintf(text, sizeof text, fmt, args);
	va_end(args);
	str_copy(problem->pointer, sizeof problem->pointer, pointer);
	utf8_mend(problem->pointer); /* it may end inside of a name that somebody else chose */
	return err_set(&problem->err, RC_INVALID, "%s%s%s", problem->pointer, pointer[0] ? ": " : "", text);
}

enum rc message_decode(struct str value, size_t max_bytes, const struct json_field *fields, size_t n,
    void *target, json_object **ret_doc, struct json_problem *problem)
{
	AUTO(json_put_ptr) json_object *doc = NULL;

	problem->pointer[0] = '\0';
	enum rc rc = json_parse(value, max_bytes, MESSAGE_DEPTH_MAX, &doc, &problem->err);
	if (rc == RC_OK)
		rc = json_decode(doc, fields, n, target, problem);
	if (rc == RC_OK)
		*ret_doc = TAKE(doc);
	return rc;
}

enum rc message_check_name(struct str name, const char *pointer, struct json_problem *problem)
{
	bool ok = name.n > 0 && !(name.p[0] >= '0' && name.p[0] <= '9');

	for (size_t i = 0; i < name.n; i++) {
		char c = name.p[i];

		ok = ok && ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_');
	}
	return ok ? RC_OK
	          : message_problem(
	                problem, pointer, "must be of a-z, 0-9 and _, and not begin with a digit");
}

enum rc message_check_time(struct str text, const char *pointer, struct json_problem *problem)
{
	int64_t us;
	char again[CLOCK_TEXT_LEN + 1];

	if (text.n == CLOCK_TEXT_LEN && clock_parse(text, false, &us)) {
		clock_format(us, again);
		if (str_is(text, again))
			return RC_OK;
	}
	return message_problem(problem, pointer, "must be a UTC time like 2026-11-20T12:34:56.000000Z");
}

/* ---- task ---- */

static const struct json_field task_fields[] = {
    {.name = "task_id", JSON_UUID(struct task_message, task_id), .required = true},
    {.name = "dispatch",
        JSON_INT(struct task_message, dispatch),
        .required = true,
        .min = 1,
        .max = INT32_MAX},
    {.name = "provider", NAME_FIELD(struct task_message, provider)},
    {.name = "resource", NAME_FIELD(struct task_message, resource)},
    {.name = "connection_id", JSON_UUID(struct task_message, connection_id), .required = true},
    {.name = "tenant_id", JSON_UUID(struct task_message, tenant_id), .required = true},
    {.name = "mode", JSON_ENUM(struct task_message, mode), .required = true, .allowed = TASK_MODES},
};

enum rc task_message_decode(struct str value, struct task_message *ret, struct json_problem *problem)
{
	struct task_message m = {0};

	enum rc rc = message_decode(
	    value, MESSAGE_TASK_BYTES_MAX, task_fields, ARRAY_SIZE(task_fields), &m, &m.doc, problem);
	if (rc == RC_OK)
		rc = message_check_name(m.provider, "/provider", problem);
	if (rc == RC_OK)
		rc = message_check_name(m.resource, "/resource", problem);
	if (rc == RC_OK)
		*ret = m;
	else
		task_message_done(&m);
	return rc;
}

void task_message_done(struct task_message *m)
{
	json_put_ptr(&m->doc);
}

void task_message_encode(const struct task_message *m, struct buf *out)
{
	struct jsonw w = JSONW(out);

	jsonw_object(&w, NULL);
	jsonw_uuid(&w, "task_id", &m->task_id);
	jsonw_int(&w, "dispatch", m->dispatch);
	jsonw_str(&w, "provider", m->provider);
	jsonw_str(&w, "resource", m->resource);
	jsonw_uuid(&w, "connection_id", &m->connection_id);
	jsonw_uuid(&w, "tenant_id", &m->tenant_id);
	jsonw_text(&w, "mode", sync_mode_name(m->mode));
	jsonw_object_end(&w);
}
