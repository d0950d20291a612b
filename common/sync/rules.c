// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "sync/rules.h"

#include "base/json.h"

#define BODY_DEPTH 32
#define MEMBER_MAX 64 /* bytes of one name in a path */

static struct str body_of(const struct rules_answer *a)
{
	const struct buf *body = a->response->body;

	return body && body->n <= RULES_BODY_MAX ? buf_str(body) : STR("");
}

json_object *rules_doc(struct rules_answer *a)
{
	if (!a->parsed && json_parse(body_of(a), RULES_BODY_MAX, BODY_DEPTH, &a->doc, NULL) != RC_OK)
		a->doc = NULL;
	a->parsed = true;
	return a->doc;
}

void rules_answer_done(struct rules_answer *a)
{
	json_put_ptr(&a->doc);
	*a = (struct rules_answer){0};
}

static struct str text_of(json_object *o)
{
	const char *text = json_object_get_string(o);

	if (json_object_is_type(o, json_type_string))
		return (struct str){text, (size_t)json_object_get_string_len(o)};
	return str_of(text ? text : "");
}

static json_object *member(json_object *o, struct str name)
{
	char key[MEMBER_MAX];
	json_object *value = NULL;

	if (!json_object_is_type(o, json_type_object) || name.n >= sizeof key)
		return NULL;
	memcpy(key, name.p, name.n);
	key[name.n] = '\0';
	json_object_object_get_ex(o, key, &value);
	return value;
}

static json_object *element(json_object *o, struct str number)
{
	int64_t i;

	if (!json_object_is_type(o, json_type_array) || !str_to_i64(number, &i) || i < 0)
		return NULL;
	return json_object_array_get_idx(o, (size_t)i);
}

json_object *rules_value(json_object *doc, const char *path)
{
	struct str rest = str_of(path);

	while (doc && rest.n) {
		struct str name = str_cut(&rest, '.');
		json_object *found = member(doc, name);

		doc = found ? found : element(doc, name);
	}
	return doc;
}

typedef bool fits(const struct verdict_rule *rule, struct str value);

static bool fits_any(const struct verdict_rule *rule, struct str value)
{
	(void)rule;
	(void)value;
	return true;
}

static bool fits_equals(const struct verdict_rule *rule, struct str value)
{
	for (size_t i = 0; i < rule->equals.n; i++) {
		if (str_is(value, rule->equals.at[i]))
			return true;
	}
	return false;
}

static bool fits_contains(const struct verdict_rule *rule, struct str value)
{
	for (size_t i = 0; i < rule->contains.n; i++) {
		const char *part = rule->contains.at[i];

		if (value.n && memmem(value.p, value.n, part, strlen(part)))
			return true;
	}
	return false;
}

static bool any_fits(json_object *o, struct str path, const struct verdict_rule *rule, fits *fit);

static bool any_element_fits(json_object *list, struct str path, const struct verdict_rule *rule, fits *fit)
{
	for (size_t i = 0; i < json_object_array_length(list); i++) {
		if (any_fits(json_object_array_get_idx(list, i), path, rule, fit))
			return true;
	}
	return false;
}

/* `*` is any element of a list, and so is a list at the path's end. The recursion is as deep as the document.
 */
static bool any_fits(json_object *o, struct str path, const struct verdict_rule *rule, fits *fit)
{
	if (!o)
		return false;
	bool list = json_object_is_type(o, json_type_array);
	if (path.n == 0)
		return list ? any_element_fits(o, path, rule, fit) : fit(rule, text_of(o));
	struct str rest = path;
	struct str name = str_cut(&rest, '.');
	if (list && str_is(name, "*"))
		return any_element_fits(o, rest, rule, fit);
	return any_fits(list ? element(o, name) : member(o, name), rest, rule, fit);
}

static bool status_fits(const struct verdict_rule *rule, int status)
{
	for (size_t i = 0; i < rule->status.n; i++) {
		if (rule->status.at[i] == status)
			return true;
	}
	return rule->status.n == 0;
}

static bool path_fits(const struct verdict_rule *rule, json_object *doc)
{
	struct str path = str_of(rule->path);

	if (rule->present != TRI_ANY && any_fits(doc, path, rule, fits_any) != (rule->present == TRI_YES))
		return false;
	if (rule->equals.n && !any_fits(doc, path, rule, fits_equals))
		return false;
	return !rule->contains.n || any_fits(doc, path, rule, fits_contains);
}

static bool rule_holds(const struct verdict_rule *rule, struct rules_answer *a)
{
	if (!status_fits(rule, a->response->status))
		return false;
	if (rule->cursor_sent != TRI_ANY && a->cursor_sent != (rule->cursor_sent == TRI_YES))
		return false;
	if (rule->header && !http_response_header(a->response, rule->header).p)
		return false;
	if (rule->path)
		return path_fits(rule, rules_doc(a));
	return !rule->contains.n || fits_contains(rule, body_of(a));
}

const struct verdict_rule *rules_find(const struct verdict_rule *rules, size_t n, struct rules_answer *a)
{
	for (size_t i = 0; i < n; i++) {
		if (rule_holds(&rules[i], a))
			return &rules[i];
	}
	return NULL;
}
