// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "param_binders.h"

#include <ctype.h>

#define CURSOR_LEN 32
#define NAMES_MAX 1536 /* bytes of a list of what is allowed */
#define DAY_SHAPE "dddd-dd-dd"
#define TIME_SHAPE DAY_SHAPE "Tdd:dd:dd"
#define FRACTION_MAX 9

void param_fault_type(struct binding *b, const char *what)
{
	problem_fault(b->faults, "wrong_type", b->pointer, "%s must be %s", b->param->name, what);
}

/* The text of a text or a JSON string; p NULL with a fault when it is something else. */
struct str param_text_of(struct binding *b, const struct given *g, const char *what)
{
	if (g->text.p)
		return g->text;
	if (json_object_is_type(g->json, json_type_string))
		return (struct str){
		    json_object_get_string(g->json), (size_t)json_object_get_string_len(g->json)};
	param_fault_type(b, what);
	return (struct str){NULL, 0};
}

void param_bind_uuid(struct binding *b, const struct given *g)
{
	struct str s = param_text_of(b, g, "a UUID");
	struct uuid id;

	if (!s.p)
		return;
	if (uuid_parse(s, &id))
		pg_arg_uuid(b->args, &id);
	else
		param_fault_type(b, "a UUID");
}

void param_bind_int(struct binding *b, const struct given *g)
{
	int64_t value = 0;
	bool ok = g->text.p ? str_to_i64(g->text, &value) : json_object_is_type(g->json, json_type_int);

	if (g->json)
		value = json_object_get_int64(g->json);
	if (!ok)
		param_fault_type(b, "an integer");
	else if (value < b->param->min || value > b->param->max)
		problem_fault(b->faults, "out_of_range", b->pointer,
		    "%s must be between %" PRId64 " and %" PRId64, b->param->name, b->param->min,
		    b->param->max);
	else
		pg_arg_i64(b->args, value);
}

void param_bind_bool(struct binding *b, const struct given *g)
{
	if (g->json ? json_object_is_type(g->json, json_type_boolean)
	            : str_is(g->text, "true") || str_is(g->text, "false"))
		pg_arg_bool(b->args, g->json ? json_object_get_boolean(g->json) : str_is(g->text, "true"));
	else
		param_fault_type(b, "true or false");
}

void param_bind_enum(struct binding *b, const struct given *g)
{
	struct str s = param_text_of(b, g, "a string");
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

void param_bind_cursor(struct binding *b, const struct given *g)
{
	if (g->text.n != CURSOR_LEN || !param_is_hex(g->text))
		problem_fault(b->faults, "wrong_type", b->pointer, "%s must be the next_cursor of a page",
		    b->param->name);
	else
		pg_arg_text(b->args, g->text);
}

void param_bind_text(struct binding *b, const struct given *g)
{
	const struct route_param *p = b->param;
	struct str s = param_text_of(b, g, "a string");

	if (!s.p)
		return;
	if ((int64_t)s.n < p->min || (int64_t)s.n > p->max || memchr(s.p, '\0', s.n))
		problem_fault(b->faults, "out_of_range", b->pointer,
		    "%s must have %" PRId64 " to %" PRId64 " bytes, none of them NUL", p->name, p->min,
		    p->max);
	else
		pg_arg_text(b->args, s);
}

void param_bind_object(struct binding *b, const struct given *g)
{
	if (json_object_is_type(g->json, json_type_object))
		pg_arg_text(b->args, str_of(json_object_to_json_string_ext(g->json, JSON_C_TO_STRING_PLAIN)));
	else
		param_fault_type(b, "an object");
}

/* What may stand in a header. The value is never repeated. */
void param_check_secret(struct binding *b, const struct given *g)
{
	const struct route_param *p = b->param;
	struct str s = param_text_of(b, g, "a string");
	bool ok = (int64_t)s.n >= p->min && (int64_t)s.n <= p->max;

	for (size_t i = 0; i < s.n; i++)
		ok = ok && s.p[i] > ' ' && s.p[i] <= '~';
	if (s.p && !ok)
		problem_fault(b->faults, "out_of_range", b->pointer,
		    "%s must have %" PRId64 " to %" PRId64 " visible ASCII characters", p->name, p->min,
		    p->max);
}

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

void param_bind_time(struct binding *b, const struct given *g)
{
	struct str s = param_text_of(b, g, "a time");

	if (s.p && is_time(s))
		pg_arg_text(b->args, s);
	else if (s.p)
		param_fault_type(
		    b, "a time such as 2026-11-20T09:30:00Z (a plus sign in a query is sent as %2B)");
}

void param_bind_day_or_time(struct binding *b, const struct given *g)
{
	struct str s = param_text_of(b, g, "a time or a day");
	struct str rest = s;

	if (s.p && (is_time(s) || (cut_shape(&rest, DAY_SHAPE) && rest.n == 0)))
		pg_arg_text(b->args, s);
	else if (s.p)
		param_fault_type(b,
		    "a day such as 2026-11-20, or a time such as 2026-11-20T09:30:00Z (a plus "
		    "sign in a query is sent as %2B)");
}

void param_check_own_tenant(struct binding *b, const struct given *g)
{
	struct str s = param_text_of(b, g, "a UUID");
	struct uuid id;

	if (!s.p)
		return;
	if (!uuid_parse(s, &id))
		param_fault_type(b, "a UUID");
	else if (!uuid_eq(&id, &b->in->caller->tenant))
		problem_fault(b->faults, PARAMS_FOREIGN_TENANT, b->pointer,
		    "%s must be the tenant that the key belongs to; leave it out", b->param->name);
}
