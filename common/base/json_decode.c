// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "base/json.h"

#include "base/buf.h"
#include "base/utf8.h"

#define STRING_BYTES_MAX (64 << 10) /* of a field that names no limit */

/* Where we are: the innermost name, and the item of its list or -1. */
struct place {
	const char *name;
	int item;
	struct json_problem *problem;
};

static void pointer_set(char *pointer, size_t size, struct str text)
{
	struct str cut = utf8_cut(text, size - 1);

	memcpy(pointer, cut.p, cut.n);
	pointer[cut.n] = '\0';
}

/* Appends "/name", with ~ and / written as RFC 6901 wants them. */
static void pointer_add(char *pointer, size_t size, const char *name)
{
	struct buf out = BUF(2 * size);

	buf_add_text(&out, pointer);
	buf_add_char(&out, '/');
	for (const char *p = name; *p; p++)
		buf_add_text(&out, *p == '~' ? "~0" : *p == '/' ? "~1" : (char[]){*p, '\0'});
	pointer_set(pointer, size, buf_str(&out));
	buf_done(&out);
}

/* Sets pointer and "<pointer>: <what>"; returns RC_INVALID. */
PRINTF_LIKE(2, 3) static enum rc problem_at(const struct place *at, const char *fmt, ...)
{
	struct json_problem *problem = at->problem;
	char what[ERR_TEXT_MAX];
	char item[16];
	va_list args;

	va_start(args, fmt);
	vsnprintf(what, sizeof what, fmt, args);
	va_end(args);
	problem->pointer[0] = '\0';
	if (at->name)
		pointer_add(problem->pointer, sizeof problem->pointer, at->name);
	if (at->item >= 0) {
		snprintf(item, sizeof item, "%d", at->item);
		pointer_add(problem->pointer, sizeof problem->pointer, item);
	}
	return err_set(
	    &problem->err, RC_INVALID, "%s%s%s", problem->pointer, problem->pointer[0] ? ": " : "", what);
}

void json_problem_nest(struct json_problem *problem, const char *parent)
{
	struct json_problem inner = *problem;
	char pointer[2 * sizeof inner.pointer];

	err_set(&problem->err, inner.err.rc, "%s%s%s", parent, inner.pointer[0] ? "" : ": ", inner.err.text);
	snprintf(pointer, sizeof pointer, "%s%s", parent, inner.pointer);
	pointer_set(problem->pointer, sizeof problem->pointer, str_of(pointer));
}

/* ---- one value ---- */

static enum rc read_string(
    const struct place *at, const struct json_field *f, json_object *value, struct str *ret)
{
	int64_t max = f->max ? f->max : STRING_BYTES_MAX;

	if (!json_object_is_type(value, json_type_string))
		return problem_at(at, "must be a string");
	struct str text = {json_object_get_string(value), (size_t)json_object_get_string_len(value)};
	if ((int64_t)text.n < f->min || (int64_t)text.n > max)
		return problem_at(at, "must have %" PRId64 " to %" PRId64 " bytes", f->min, max);
	*ret = text;
	return RC_OK;
}

static enum rc read_uuid(const struct place *at, json_object *value, struct uuid *ret)
{
	struct str text = {0};

	if (json_object_is_type(value, json_type_string))
		text = (struct str){json_object_get_string(value), (size_t)json_object_get_string_len(value)};
	return uuid_parse(text, ret) ? RC_OK : problem_at(at, "must be a UUID in a string");
}

static enum rc read_int(const struct place *at, const struct json_field *f, json_object *value, int64_t *ret)
{
	bool any = !f->min && !f->max;
	int64_t min = any ? -JSON_INT_MAX : f->min;
	int64_t max = any ? JSON_INT_MAX : f->max;

	if (!json_object_is_type(value, json_type_int))
		return problem_at(at, "must be an integer");
	int64_t number = json_object_get_int64(value); /* beyond int64 it is clamped, so still out of range */
	if (number < min || number > max)
		return problem_at(at, "must be from %" PRId64 " to %" PRId64, min, max);
	*ret = number;
	return RC_OK;
}

static enum rc read_enum(const struct place *at, const struct json_field *f, json_object *value, int *ret)
{
	struct str rest = str_of(f->allowed);
	struct str text = {0};

	if (json_object_is_type(value, json_type_string))
		text = (struct str){json_object_get_string(value), (size_t)json_object_get_string_len(value)};
	for (int i = 0; rest.n; i++) {
		if (!str_eq(str_cut(&rest, '|'), text))
			continue;
		*ret = i;
		return RC_OK;
	}
	return problem_at(at, "must be one of %s", f->allowed);
}

static enum rc read_strings(
    const struct place *at, const struct json_field *f, json_object *value, struct json_strings *ret)
{
	size_t max = f->max_items ? MIN(f->max_items, (size_t)JSON_STRINGS_MAX) : JSON_STRINGS_MAX;

	if (!json_object_is_type(value, json_type_array))
		return problem_at(at, "must be a list of strings");
	size_t n = json_object_array_length(value);
	if (n > max)
		return problem_at(at, "must have at most %zu items", max);
	for (size_t i = 0; i < n; i++) {
		struct place item = {at->name, (int)i, at->problem};

		if (read_string(&item, f, json_object_array_get_idx(value, i), &ret->item[i]) != RC_OK)
			return at->problem->err.rc;
	}
	ret->n = n;
	return RC_OK;
}

static enum rc read_value(
    const struct place *at, const struct json_field *f, json_object *value, char *target)
{
	switch (f->kind) {
	case JSON_KIND_STRING:
		return read_string(at, f, value, (struct str *)(void *)target);
	case JSON_KIND_UUID:
		return read_uuid(at, value, (struct uuid *)(void *)target);
	case JSON_KIND_INT:
		return read_int(at, f, value, (int64_t *)(void *)target);
	case JSON_KIND_ENUM:
		return read_enum(at, f, value, (int *)(void *)target);
	case JSON_KIND_STRINGS:
		return read_strings(at, f, value, (struct json_strings *)(void *)target);
	case JSON_KIND_BOOL:
		if (!json_object_is_type(value, json_type_boolean))
			return problem_at(at, "must be true or false");
		*(bool *)target = json_object_get_boolean(value);
		return RC_OK;
	case JSON_KIND_OBJECT:
		if (!json_object_is_type(value, json_type_object))
			return problem_at(at, "must be an object");
		*(json_object **)(void *)target = value;
		return RC_OK;
	}
	return problem_at(at, "has a type that nobody reads");
}

/* ---- the object ---- */

static bool is_known(const struct json_field *fields, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++) {
		if (strcmp(fields[i].name, name) == 0)
			return true;
	}
	return false;
}

static enum rc check_unknown(
    json_object *object, const struct json_field *fields, size_t n, struct json_problem *problem)
{
	json_object_object_foreach(object, name, value)
	{
		struct buf names = BUF(ERR_TEXT_MAX);

		(void)value;
		if (is_known(fields, n, name))
			continue;
		for (size_t i = 0; i < n; i++)
			buf_printf(&names, "%s%s", i ? ", " : "", fields[i].name);
		problem_at(
		    &(struct place){name, -1, problem}, "unknown field, allowed are: %s", buf_text(&names));
		buf_done(&names);
		return RC_INVALID;
	}
	return RC_OK;
}

static enum rc decode_field(
    json_object *object, const struct json_field *f, char *target, struct json_problem *problem)
{
	struct place at = {f->name, -1, problem};
	json_object *value = NULL;
	bool there = json_object_object_get_ex(object, f->name, &value);

	if (there && !value && f->nullable)
		there = false;
	else if (!there && f->required)
		return problem_at(&at, "required field is missing");
	if (there && read_value(&at, f, value, target + f->offset) != RC_OK)
		return problem->err.rc;
	if (f->given)
		*(bool *)(target + f->given) = there;
	return RC_OK;
}

enum rc json_decode(json_object *object, const struct json_field *fields, size_t n, void *target,
    struct json_problem *problem)
{
	if (!json_object_is_type(object, json_type_object))
		return problem_at(&(struct place){NULL, -1, problem}, "must be an object");
	if (check_unknown(object, fields, n, problem) != RC_OK)
		return RC_INVALID;
	for (size_t i = 0; i < n; i++) {
		if (decode_field(object, &fields[i], target, problem) != RC_OK)
			return problem->err.rc;
	}
	return RC_OK;
}
