// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "once.h"
#include "param_types.h"
#include "stream_point.h"

#include <ctype.h>

#define SHOWN_MAX 64       /* bytes of a refused value that are repeated to the caller */
#define NAMES_MAX 1536     /* bytes of a list of what is allowed */
#define RESOURCES_MAX 256  /* of one request */
#define TRACEPARENT_LEN 55 /* 00-<32 hex>-<16 hex>-<2 hex> */
#define CURSOR_LEN 32
#define IDS_MAX 1000 /* of one request */
#define REGISTRY_MAX (1u << 20)

#define SHOWN(s) (int)MIN((s).n, (size_t)SHOWN_MAX), (s).p

static void fault_type(struct binding *b, const char *what)
{
	problem_fault(b->faults, "wrong_type", b->pointer, "%s must be %s", b->param->name, what);
}

/* The text of a text or a JSON string; p NULL with a fault when it is something else. */
static struct str text_of(struct binding *b, const struct given *g, const char *what)
{
	if (g->text.p)
		return g->text;
	if (json_object_is_type(g->json, json_type_string))
		return (struct str){
		    json_object_get_string(g->json), (size_t)json_object_get_string_len(g->json)};
	fault_type(b, what);
	return (struct str){NULL, 0};
}

static void bind_uuid(struct binding *b, const struct given *g)
{
	struct str s = text_of(b, g, "a UUID");
	struct uuid id;

	if (!s.p)
		return;
	if (uuid_parse(s, &id))
		pg_arg_uuid(b->args, &id);
	else
		fault_type(b, "a UUID");
}

static void bind_int(struct binding *b, const struct given *g)
{
	int64_t value = 0;
	bool ok = g->text.p ? str_to_i64(g->text, &value) : json_object_is_type(g->json, json_type_int);

	if (g->json)
		value = json_object_get_int64(g->json);
	if (!ok)
		fault_type(b, "an integer");
	else if (value < b->param->min || value > b->param->max)
		problem_fault(b->faults, "out_of_range", b->pointer,
		    "%s must be between %" PRId64 " and %" PRId64, b->param->name, b->param->min,
		    b->param->max);
	else
		pg_arg_i64(b->args, value);
}

static void bind_bool(struct binding *b, const struct given *g)
{
	if (g->json ? json_object_is_type(g->json, json_type_boolean)
	            : str_is(g->text, "true") || str_is(g->text, "false"))
		pg_arg_bool(b->args, g->json ? json_object_get_boolean(g->json) : str_is(g->text, "true"));
	else
		fault_type(b, "true or false");
}

static void bind_enum(struct binding *b, const struct given *g)
{
	struct str s = text_of(b, g, "a string");
	struct str allowed = str_of(b->param->allowed);
	struct buf names = BUF(NAMES_MAX);
	bool found = false;

	while (s.p && allowed.n && !found) {
		struct str name = str_cut(&allowed, '|');

		found = str_eq(name, s);
		buf_printf(&names, "%s%.*s", names.n ? ", " : "", STR_ARG(name));
	}
	if (found)
		pg_arg_text(b->args, s);
	else if (s.p)
		problem_fault(b->faults, "not_allowed", b->pointer, "%s must be one of %s, not \"%.*s\"",
		    b->param->name, buf_text(&names), SHOWN(s));
	buf_done(&names);
}

static void bind_provider(struct binding *b, const struct given *g)
{
	struct str s = text_of(b, g, "a string");

	if (!s.p)
		return;
	if (catalog_has_provider(b->in->catalog, s)) {
		b->provider = s;
		pg_arg_text(b->args, s);
		return;
	}
	struct buf names = BUF(NAMES_MAX);
	catalog_name_providers(b->in->catalog, &names);
	problem_fault(b->faults, "unknown_provider", b->pointer, "no provider \"%.*s\"; there are: %s",
	    SHOWN(s), buf_text(&names));
	buf_done(&names);
}

static void fault_resource(struct binding *b, struct str resource, const char *pointer)
{
	struct buf names = BUF(NAMES_MAX);

	catalog_name_resources(b->in->catalog, b->provider, &names);
	problem_fault(b->faults, "unknown_resource", pointer, "%.*s has no resource \"%.*s\"; it has: %s",
	    STR_ARG(b->provider), SHOWN(resource), buf_text(&names));
	buf_done(&names);
}

static bool repeats_earlier(struct json_object *list, size_t i)
{
	const char *text = json_object_get_string(json_object_array_get_idx(list, i));

	for (size_t j = 0; j < i; j++)
		if (strcmp(json_object_get_string(json_object_array_get_idx(list, j)), text) == 0)
			return true;
	return false;
}

static void bind_resource(struct binding *b, struct json_object *list, size_t i)
{
	struct json_object *item = json_object_array_get_idx(list, i);
	char pointer[PARAM_POINTER_MAX];

	snprintf(pointer, sizeof pointer, "#/%s/%zu", b->param->name, i);
	if (!json_object_is_type(item, json_type_string)) {
		problem_fault(b->faults, "wrong_type", pointer, "a resource must be a string");
		return;
	}
	struct str name = {json_object_get_string(item), (size_t)json_object_get_string_len(item)};
	if (b->provider.p && !catalog_has_resource(b->in->catalog, b->provider, name))
		fault_resource(b, name, pointer);
	else if (repeats_earlier(list, i))
		problem_fault(b->faults, "repeated", pointer, "\"%.*s\" is there twice", SHOWN(name));
	pg_array_text(b->args, name);
}

static void bind_resources(struct binding *b, const struct given *g)
{
	size_t n = json_object_is_type(g->json, json_type_array) ? json_object_array_length(g->json) : 0;

	if (n == 0 || n > RESOURCES_MAX) {
		fault_type(b, "an array of resource names, with at least one; leave it out for all");
		return;
	}
	pg_array_begin(b->args, PG_TEXT);
	for (size_t i = 0; i < n; i++)
		bind_resource(b, g->json, i);
	pg_array_end(b->args);
	b->ntasks = n;
}

static void bind_every_resource(struct binding *b)
{
	struct str name;

	pg_array_begin(b->args, PG_TEXT);
	for (size_t i = 0;
	     b->provider.p && (name = b->in->catalog->resource(b->in->catalog->user, b->provider, i)).p;
	     i++) {
		pg_array_text(b->args, name);
		b->ntasks++;
	}
	pg_array_end(b->args);
}

static bool is_hex(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (!strchr("0123456789abcdef", s.p[i]) || s.p[i] == '\0')
			return false;
	return true;
}

static bool is_zero(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] != '0')
			return false;
	return true;
}

static void bind_cursor(struct binding *b, const struct given *g)
{
	if (g->text.n != CURSOR_LEN || !is_hex(g->text))
		problem_fault(b->faults, "wrong_type", b->pointer, "%s must be the next_cursor of a page",
		    b->param->name);
	else
		pg_arg_text(b->args, g->text);
}

static void bind_text(struct binding *b, const struct given *g)
{
	const struct route_param *p = b->param;
	struct str s = text_of(b, g, "a string");

	if (!s.p)
		return;
	if ((int64_t)s.n < p->min || (int64_t)s.n > p->max || memchr(s.p, '\0', s.n))
		problem_fault(b->faults, "out_of_range", b->pointer,
		    "%s must have %" PRId64 " to %" PRId64 " bytes, none of them NUL", p->name, p->min,
		    p->max);
	else
		pg_arg_text(b->args, s);
}

static bool bind_id(struct binding *b, struct json_object *item)
{
	struct uuid id;

	if (!json_object_is_type(item, json_type_string) ||
	    !uuid_parse(
	        (struct str){json_object_get_string(item), (size_t)json_object_get_string_len(item)}, &id))
		return false;
	pg_array_uuid(b->args, &id);
	return true;
}

static void bind_ids(struct binding *b, const struct given *g)
{
	size_t n = json_object_is_type(g->json, json_type_array) ? json_object_array_length(g->json) : 0;
	bool ok = n > 0 && n <= IDS_MAX;

	pg_array_begin(b->args, PG_UUID);
	for (size_t i = 0; ok && i < n; i++)
		ok = bind_id(b, json_object_array_get_idx(g->json, i));
	pg_array_end(b->args);
	if (!ok)
		fault_type(b, "an array of at most 1000 UUIDs, with at least one; leave it out for all");
}

static bool is_allowed(struct str allowed, struct str name)
{
	while (allowed.n)
		if (str_eq(str_cut(&allowed, '|'), name))
			return true;
	return false;
}

static void bind_names(struct binding *b, const struct given *g)
{
	size_t n = json_object_is_type(g->json, json_type_array) ? json_object_array_length(g->json) : 0;
	bool ok = n > 0;

	pg_array_begin(b->args, PG_TEXT);
	for (size_t i = 0; ok && i < n; i++) {
		struct json_object *item = json_object_array_get_idx(g->json, i);
		struct str name = {json_object_get_string(item), (size_t)json_object_get_string_len(item)};

		ok = json_object_is_type(item, json_type_string) &&
		     is_allowed(str_of(b->param->allowed), name) && !repeats_earlier(g->json, i);
		if (ok)
			pg_array_text(b->args, name);
	}
	pg_array_end(b->args);
	if (!ok)
		problem_fault(b->faults, "not_allowed", b->pointer,
		    "%s must be an array of at least one of %s, each once", b->param->name,
		    b->param->allowed);
}

static void bind_object(struct binding *b, const struct given *g)
{
	if (json_object_is_type(g->json, json_type_object))
		pg_arg_text(b->args, str_of(json_object_to_json_string_ext(g->json, JSON_C_TO_STRING_PLAIN)));
	else
		fault_type(b, "an object");
}

/* What may stand in a header. The value is never repeated. */
static void check_secret(struct binding *b, const struct given *g)
{
	const struct route_param *p = b->param;
	struct str s = text_of(b, g, "a string");
	bool ok = (int64_t)s.n >= p->min && (int64_t)s.n <= p->max;

	for (size_t i = 0; i < s.n; i++)
		ok = ok && s.p[i] > ' ' && s.p[i] <= '~';
	if (s.p && !ok)
		problem_fault(b->faults, "out_of_range", b->pointer,
		    "%s must have %" PRId64 " to %" PRId64 " visible ASCII characters", p->name, p->min,
		    p->max);
}

/* W3C trace context, version 00; anything else is as good as none, says the recommendation. */
static void bind_traceparent(struct binding *b, const struct given *g)
{
	struct str rest = g->text;
	struct str version = str_cut(&rest, '-');
	struct str trace = str_cut(&rest, '-');
	struct str parent = str_cut(&rest, '-');
	bool ok = g->text.n == TRACEPARENT_LEN && str_is(version, "00") && trace.n == 32 && parent.n == 16 &&
	          rest.n == 2 && is_hex(trace) && is_hex(parent) && is_hex(rest) && !is_zero(trace) &&
	          !is_zero(parent);

	if (ok)
		pg_arg_text(b->args, g->text);
	else
		pg_arg_null(b->args);
}

/* Anything else is as good as none: who resumes by it begins anew. */
static void bind_event_id(struct binding *b, const struct given *g)
{
	struct stream_point point;

	if (g->text.n < STREAM_POINT_TEXT_MAX && stream_point_parse(g->text, &point))
		pg_arg_text(b->args, g->text);
	else
		pg_arg_null(b->args);
}

#define TIME_SHAPE "dddd-dd-ddTdd:dd:dd"
#define FRACTION_MAX 9

/* Whether `s` begins with the shape, where d is a digit, and cuts it off. */
static bool cut_shape(struct str *s, const char *shape)
{
	size_t n = strlen(shape);

	if (s->n < n)
		return false;
	for (size_t i = 0; i < n; i++)
		if (shape[i] == 'd' ? !isdigit((unsigned char)s->p[i]) : s->p[i] != shape[i])
			return false;
	*s = (struct str){s->p + n, s->n - n};
	return true;
}

/* RFC 3339, section 5.6; whether there is such a day and hour is for the database to say. */
static bool is_time(struct str s)
{
	size_t digits = 0;

	if (!cut_shape(&s, TIME_SHAPE))
		return false;
	if (cut_shape(&s, "."))
		while (cut_shape(&s, "d"))
			if (++digits > FRACTION_MAX)
				return false;
	return str_is(s, "Z") || ((cut_shape(&s, "+dd:dd") || cut_shape(&s, "-dd:dd")) && s.n == 0);
}

static void bind_time(struct binding *b, const struct given *g)
{
	struct str s = text_of(b, g, "a time");

	if (s.p && is_time(s))
		pg_arg_text(b->args, s);
	else if (s.p)
		fault_type(b, "a time such as 2026-11-20T09:30:00Z (a plus sign in a query is sent as %2B)");
}

static void keep_idempotency_key(struct binding *b, const struct given *g)
{
	free(*b->in->idempotency_key);
	*b->in->idempotency_key = once_read_key(g->text);
	if (!*b->in->idempotency_key)
		problem_fault(b->faults, "invalid_idempotency_key", b->pointer,
		    "%s must be 1 to %d printable characters, bare or in quotes", b->param->name,
		    ONCE_KEY_MAX);
}

static void leave_unbound(struct binding *b, const struct given *g)
{
	(void)b;
	(void)g;
}

static void check_own_tenant(struct binding *b, const struct given *g)
{
	struct str s = text_of(b, g, "a UUID");
	struct uuid id;

	if (!s.p)
		return;
	if (!uuid_parse(s, &id))
		fault_type(b, "a UUID");
	else if (!uuid_eq(&id, &b->in->caller->tenant))
		problem_fault(b->faults, PARAMS_FOREIGN_TENANT, b->pointer,
		    "%s must be the tenant that the key belongs to; leave it out", b->param->name);
}

static void bind_rights(struct binding *b)
{
	pg_array_begin(b->args, PG_TEXT);
	for (unsigned bit = 0; bit < RIGHT_COUNT; bit++)
		if (b->in->caller->rights & 1u << bit)
			pg_array_text(b->args, str_of(right_name((enum right)(1u << bit))));
	pg_array_end(b->args);
}

static void bind_registry(struct binding *b)
{
	struct buf document = BUF(REGISTRY_MAX);

	catalog_print(b->in->catalog, &document);
	pg_arg_text(b->args, buf_str(&document));
	buf_done(&document);
}

void param_bind_made(struct binding *b)
{
	struct uuid id;

	switch (b->param->type) {
	case PARAM_TENANT:
		pg_arg_uuid(b->args, &b->in->caller->tenant);
		break;
	case PARAM_USER:
		if (b->in->caller->role == ROLE_SERVICE)
			pg_arg_null(b->args);
		else
			pg_arg_uuid(b->args, &b->in->caller->user);
		break;
	case PARAM_OPERATES:
		pg_arg_bool(b->args, (b->in->caller->rights & RIGHT_OPERATE) != 0);
		break;
	case PARAM_REGISTRY:
		bind_registry(b);
		break;
	case PARAM_NEW_ID:
		id = uuid_new();
		pg_arg_uuid(b->args, &id);
		break;
	case PARAM_RIGHTS:
		bind_rights(b);
		break;
	case PARAM_DIRECT:
		pg_arg_bool(b->args, b->faults->n == 0 && b->provider.p &&
		                         b->in->may_dispatch(b->in->user, b->provider, b->ntasks));
		break;
	default:
		abort(); /* the table says that somebody gives it */
	}
}

void param_bind_absent(struct binding *b)
{
	if (b->param->type == PARAM_RESOURCES)
		bind_every_resource(b);
	else if (b->param->type != PARAM_OWN_TENANT && b->param->type != PARAM_SECRET &&
	         b->param->type != PARAM_IDEMPOTENCY_KEY && b->param->type != PARAM_IF_NONE_MATCH &&
	         b->param->type != PARAM_PREFER)
		pg_arg_null(b->args);
}

void param_bind_given(struct binding *b, const struct given *g)
{
	static void (*const binders[])(struct binding * binding, const struct given *given) = {
	    [PARAM_UUID] = bind_uuid,
	    [PARAM_INT] = bind_int,
	    [PARAM_ENUM] = bind_enum,
	    [PARAM_PROVIDER] = bind_provider,
	    [PARAM_RESOURCES] = bind_resources,
	    [PARAM_SOME_RESOURCES] = bind_resources,
	    [PARAM_BOOL] = bind_bool,
	    [PARAM_CURSOR] = bind_cursor,
	    [PARAM_TEXT] = bind_text,
	    [PARAM_IDS] = bind_ids,
	    [PARAM_NAMES] = bind_names,
	    [PARAM_OBJECT] = bind_object,
	    [PARAM_SECRET] = check_secret,
	    [PARAM_TRACEPARENT] = bind_traceparent,
	    [PARAM_EVENT_ID] = bind_event_id,
	    [PARAM_TIME] = bind_time,
	    [PARAM_IDEMPOTENCY_KEY] = keep_idempotency_key,
	    [PARAM_IF_NONE_MATCH] = leave_unbound,
	    [PARAM_PREFER] = leave_unbound,
	    [PARAM_OWN_TENANT] = check_own_tenant,
	};

	assert(b->param->type < ARRAY_SIZE(binders));
	binders[b->param->type](b, g);
}
