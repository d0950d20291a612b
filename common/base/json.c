// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "base/json.h"

#include <limits.h>

#include "base/json_check.h"

void json_put_ptr(json_object **o)
{
	json_object_put(*o);
	*o = NULL;
}

static size_t count_members(json_object *o)
{
	size_t n = 0;

	if (json_object_is_type(o, json_type_array)) {
		for (size_t i = 0; i < json_object_array_length(o); i++)
			n += count_members(json_object_array_get_idx(o, i));
	} else if (json_object_is_type(o, json_type_object)) {
		json_object_object_foreach(o, name, value)
		{
			(void)name;
			n += 1 + count_members(value);
		}
	}
	return n;
}

/* The text has passed json_check; what json-c would be lenient about cannot occur any more. */
static enum rc build_tree(struct str text, unsigned max_depth, json_object **ret, struct err *err)
{
	json_tokener *tokener = json_tokener_new_ex(
	    (int)max_depth + 2); /* it counts the scalar and the root, too */
	json_object *o;

	if (!tokener)
		return err_set(err, RC_LIMIT, "JSON: no memory for a parser");
	o = json_tokener_parse_ex(tokener, text.p, (int)text.n);
	/* a number ends only where something else begins */
	if (json_tokener_get_error(tokener) == json_tokener_continue)
		o = json_tokener_parse_ex(tokener, " ", 1);
	enum json_tokener_error problem = json_tokener_get_error(tokener);
	json_tokener_free(tokener);
	if (problem != json_tokener_success) {
		json_object_put(o);
		return err_set(err, RC_INVALID, "JSON: %s", json_tokener_error_desc(problem));
	}
	*ret = o;
	return RC_OK;
}

enum rc json_parse(struct str text, size_t max_bytes, unsigned max_depth, json_object **ret, struct err *err)
{
	json_object *o = NULL;

	if (text.n > max_bytes || text.n > INT_MAX)
		return err_set(err, RC_LIMIT, "JSON: %zu bytes, at most %zu are allowed", text.n, max_bytes);
	if (text.n == 0)
		return err_set(err, RC_INVALID, "JSON: the document is empty");
	struct json_check check = json_check(text, max_depth);
	if (check.too_deep)
		return err_set(
		    err, RC_LIMIT, "JSON: more than %u levels of nesting at byte %zu", max_depth, check.at);
	if (check.problem)
		return err_set(err, RC_INVALID, "JSON: %s at byte %zu", check.problem, check.at);
	if (build_tree(text, max_depth, &o, err) != RC_OK)
		return err->rc;
	/* json-c keeps the last of two members with one name, so they show in the count */
	if (count_members(o) != check.members) {
		json_object_put(o);
		return err_set(err, RC_INVALID, "JSON: an object has two members of one name");
	}
	*ret = o;
	return RC_OK;
}
