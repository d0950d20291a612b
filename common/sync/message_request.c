// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "sync/messages_private.h"

#include "base/jsonw.h"
#include "base/utf8.h"

#include <ctype.h>

#define ENVELOPE_TEXT_MAX 1024 /* of one attribute; ids and sources become part of a database key */

static const struct json_field request_fields[] = {
    {.name = "provider", NAME_FIELD(struct sync_request, provider)},
    {.name = "connection_id", JSON_UUID(struct sync_request, connection_id), .required = true},
    {.name = "resources", JSON_STRINGS(struct sync_request, resources), .min = 1, .max = MESSAGE_NAME_MAX},
    {.name = "mode", JSON_ENUM(struct sync_request, mode), .allowed = SYNC_MODES},
    {.name = "priority", JSON_ENUM(struct sync_request, priority), .allowed = SYNC_PRIORITIES},
    {.name = "on_conflict", JSON_ENUM(struct sync_request, on_conflict), .allowed = SYNC_CONFLICTS},
    {.name = "tenant_id",
        JSON_UUID(struct sync_request, tenant_id),
        JSON_GIVEN(struct sync_request, has_tenant)},
};

static enum rc check_resources(const struct json_strings *list, bool given, struct json_problem *problem)
{
	char pointer[32];

	if (given && list->n == 0)
		return message_problem(
		    problem, "/resources", "must name one resource at least; leave it out for all");
	for (size_t i = 0; i < list->n; i++) {
		snprintf(pointer, sizeof pointer, "/resources/%zu", i);
		if (message_check_name(list->item[i], pointer, problem) != RC_OK)
			return RC_INVALID;
		for (size_t j = 0; j < i; j++) {
			if (str_eq(list->item[i], list->item[j]))
				return message_problem(problem, pointer, "is named twice");
		}
	}
	return RC_OK;
}

static enum rc read_body(json_object *body, struct sync_request *ret, struct json_problem *problem)
{
	ret->mode = SYNC_INCREMENTAL;
	if (json_decode(body, request_fields, ARRAY_SIZE(request_fields), ret, problem) != RC_OK ||
	    message_check_name(ret->provider, "/provider", problem) != RC_OK)
		return RC_INVALID;
	return check_resources(&ret->resources, json_object_object_get_ex(body, "resources", NULL), problem);
}

/* ---- CloudEvents 1.0.2 ---- */

static enum rc check_attribute(struct str value, const char *pointer, struct json_problem *problem)
{
	if (!value.p || value.n == 0 || value.n > ENVELOPE_TEXT_MAX)
		return message_problem(problem, pointer, "must have 1 to %d bytes", ENVELOPE_TEXT_MAX);
	if (!utf8_valid(value) || memchr(value.p, '\0', value.n))
		return message_problem(problem, pointer, "must be UTF-8 text");
	return RC_OK;
}

/* `where` is "/headers/ce_" or "/". */
static enum rc check_envelope(
    const struct request_headers *h, const char *where, struct json_problem *problem)
{
	const struct {
		const char *name;
		struct str value;
	} required[] = {{"id", h->ce_id}, {"source", h->ce_source}, {"type", h->ce_type}};
	char pointer[32];

	snprintf(pointer, sizeof pointer, "%sspecversion", where);
	if (!h->ce_specversion.p || !str_is(h->ce_specversion, "1.0"))
		return message_problem(problem, pointer, "must be 1.0");
	for (size_t i = 0; i < ARRAY_SIZE(required); i++) {
		snprintf(pointer, sizeof pointer, "%s%s", where, required[i].name);
		if (check_attribute(required[i].value, pointer, problem) != RC_OK)
			return RC_INVALID;
	}
	return RC_OK;
}

/* Attribute names are lower-case letters and digits; further ones are extensions, which anybody may add. */
static enum rc check_attribute_name(const char *name, json_object *value, struct json_problem *problem)
{
	char pointer[64];

	snprintf(pointer, sizeof pointer, "/%.40s", name);
	for (const char *p = name; *p; p++) {
		if (!islower((unsigned char)*p) && !isdigit((unsigned char)*p))
			return message_problem(problem, pointer, "attributes have names of a-z and 0-9");
	}
	if (json_object_is_type(value, json_type_object) || json_object_is_type(value, json_type_array))
		return message_problem(problem, pointer, "attributes are no objects or lists");
	return RC_OK;
}

static struct str text_member(json_object *o, const char *name)
{
	json_object *value = NULL;

	if (!json_object_object_get_ex(o, name, &value) || !json_object_is_type(value, json_type_string))
		return (struct str){0};
	return (struct str){json_object_get_string(value), (size_t)json_object_get_string_len(value)};
}

static bool is_json_type(struct str content_type)
{
	struct str type = str_cut(&content_type, ';');

	type = str_trim(type);
	if (str_eq_nocase(type, STR("application/json")))
		return true;
	return type.n > 5 && str_eq_nocase((struct str){type.p + type.n - 5, 5}, STR("+json"));
}

static enum rc check_envelope_members(json_object *event, struct json_problem *problem)
{
	json_object_object_foreach(event, name, value)
	{
		if (strcmp(name, "data") == 0)
			continue;
		if (strcmp(name, "data_base64") == 0)
			return message_problem(
			    problem, "/data_base64", "the data must be a JSON object in \"data\"");
		if (check_attribute_name(name, value, problem) != RC_OK)
			return RC_INVALID;
	}
	struct str type = text_member(event, "datacontenttype");
	if (json_object_object_get_ex(event, "datacontenttype", NULL) && !is_json_type(type))
		return message_problem(problem, "/datacontenttype", "must be application/json");
	return RC_OK;
}

static enum rc read_structured(json_object *event, struct sync_request *ret, struct json_problem *problem)
{
	json_object *data = NULL;

	if (!json_object_is_type(event, json_type_object))
		return message_problem(problem, "", "must be an object");
	struct request_headers h = {.ce_specversion = text_member(event, "specversion"),
	    .ce_id = text_member(event, "id"),
	    .ce_source = text_member(event, "source"),
	    .ce_type = text_member(event, "type")};
	if (check_envelope(&h, "/", problem) != RC_OK || check_envelope_members(event, problem) != RC_OK)
		return RC_INVALID;
	if (!json_object_object_get_ex(event, "data", &data))
		return message_problem(problem, "/data", "required field is missing");
	ret->event_id = h.ce_id;
	ret->event_source = h.ce_source;
	if (!ret->traceparent.p)
		ret->traceparent = text_member(event, "traceparent");
	enum rc rc = read_body(data, ret, problem);
	if (rc != RC_OK)
		json_problem_nest(problem, "/data");
	return rc;
}

static enum rc read_binary(json_object *body, const struct request_headers *h, struct sync_request *ret,
    struct json_problem *problem)
{
	if (h->content_type.p && !is_json_type(h->content_type))
		return message_problem(problem, "/headers/content-type", "must be application/json");
	if (h->ce_specversion.p || h->ce_id.p) {
		if (check_envelope(h, "/headers/ce_", problem) != RC_OK)
			return RC_INVALID;
		ret->event_id = h->ce_id;
		ret->event_source = h->ce_source;
	}
	return read_body(body, ret, problem);
}

/* https://www.w3.org/TR/trace-context/#traceparent-header, version 00. */
static bool is_traceparent(struct str s)
{
	static const char shape[] = "00-xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx-xxxxxxxxxxxxxxxx-xx";
	const size_t trace_at = 3;
	const size_t parent_at = 36;

	if (s.n != sizeof shape - 1)
		return false;
	for (size_t i = 0; i < s.n; i++) {
		bool hex = isdigit((unsigned char)s.p[i]) || (s.p[i] >= 'a' && s.p[i] <= 'f');

		if (shape[i] == 'x' ? !hex : s.p[i] != shape[i])
			return false;
	}
	return strspn(s.p + trace_at, "0") < 32 && strspn(s.p + parent_at, "0") < 16;
}

/* ---- both ways ---- */

enum rc request_decode(
    struct str value, const struct request_headers *h, struct sync_request *ret, struct json_problem *problem)
{
	struct sync_request rq = {.traceparent = h->traceparent};
	struct str rest = h->content_type;
	struct str type = rest.p ? str_trim(str_cut(&rest, ';')) : rest;

	problem->pointer[0] = '\0';
	if (!value.p)
		return message_problem(problem, "", "the message has no value");
	enum rc rc = json_parse(value, MESSAGE_REQUEST_BYTES_MAX, MESSAGE_DEPTH_MAX, &rq.doc, &problem->err);
	if (rc == RC_OK && str_eq_nocase(type, STR("application/cloudevents+json")))
		rc = read_structured(rq.doc, &rq, problem);
	else if (rc == RC_OK && str_starts(type, STR("application/cloudevents")))
		rc = message_problem(
		    problem, "/headers/content-type", "must be application/cloudevents+json");
	else if (rc == RC_OK)
		rc = read_binary(rq.doc, h, &rq, problem);
	if (rc != RC_OK) {
		sync_request_done(&rq);
		return rc;
	}
	if (!is_traceparent(rq.traceparent))
		rq.traceparent = (struct str){0};
	*ret = rq;
	return RC_OK;
}

void sync_request_done(struct sync_request *rq)
{
	json_put_ptr(&rq->doc);
}

void request_encode(const struct sync_request *rq, struct buf *out)
{
	struct jsonw w = JSONW(out);

	jsonw_object(&w, NULL);
	jsonw_str(&w, "provider", rq->provider);
	jsonw_uuid(&w, "connection_id", &rq->connection_id);
	if (rq->resources.n > 0) {
		jsonw_array(&w, "resources");
		for (size_t i = 0; i < rq->resources.n; i++)
			jsonw_str(&w, NULL, rq->resources.item[i]);
		jsonw_array_end(&w);
	}
	jsonw_text(&w, "mode", sync_mode_name(rq->mode));
	if (rq->priority != SYNC_INTERACTIVE)
		jsonw_text(&w, "priority", sync_priority_name(rq->priority));
	if (rq->on_conflict != SYNC_ATTACH)
		jsonw_text(&w, "on_conflict", sync_conflict_name(rq->on_conflict));
	if (rq->has_tenant)
		jsonw_uuid(&w, "tenant_id", &rq->tenant_id);
	jsonw_object_end(&w);
}
