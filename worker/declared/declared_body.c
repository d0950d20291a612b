// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "base/json.h"
#include "base/jsonw.h"
#include "declared.h"

#define ARGUMENT_NAME_MAX 64

static json_object *argument_of(const struct making *m, struct str name)
{
	char key[ARGUMENT_NAME_MAX];
	json_object *value = NULL;
	if (name.n >= sizeof key)
		return NULL;
	memcpy(key, name.p, name.n);
	key[name.n] = '\0';
	json_object_object_get_ex(m->walk->arguments, key, &value);
	return value;
}

static struct str list_text(struct making *m, json_object *list)
{
	struct buf *out = &m->request->names;
	buf_clear(out);
	for (size_t i = 0; i < json_object_array_length(list); i++)
		buf_printf(
		    out, "%s%s", i ? "," : "", json_object_get_string(json_object_array_get_idx(list, i)));
	return buf_str(out);
}

struct str argument_text(struct making *m, struct str name)
{
	json_object *value = argument_of(m, name);
	if (!value || json_object_is_type(value, json_type_object))
		return (struct str){0};
	if (json_object_is_type(value, json_type_array))
		return list_text(m, value);
	return str_of(json_object_get_string(value));
}

/* A variable that stands for a whole JSON value. */
static struct str value_text(struct making *m, const struct template_part *part)
{
	struct buf *out = &m->request->scratch;
	if (part->variable == TEMPLATE_ASK) {
		json_object *value = argument_of(m, part->text);
		return value ? str_of(json_object_to_json_string_ext(value, JSON_C_TO_STRING_PLAIN))
		             : (struct str){0};
	}
	struct str text = variable_lookup(m, part);
	struct jsonw w = JSONW(out);
	buf_clear(out);
	if (text.p)
		jsonw_str(&w, NULL, text);
	return text.p ? buf_str(out) : text;
}

static struct str lookup(void *user, const struct template_part *part)
{
	struct making *m = user;
	const struct template *t = &m->walk->resource->body_json;
	return template_json_inside(t, (size_t)(part - t->part)) ? variable_lookup(m, part)
	                                                         : value_text(m, part);
}

enum rc body_from_template(struct making *m)
{
	const struct template *t = &m->walk->resource->body_json;
	const struct template_part *missing = NULL;
	if (template_expand(t, ESCAPE_JSON, lookup, m, &m->request->text, &missing))
		return RC_OK;
	return err_set(m->err, RC_INVALID, "%s.%s needs ${%s%.*s}, which the question does not say",
	    m->walk->provider->name, m->walk->resource->name, template_variable_name(missing->variable),
	    STR_ARG(missing->text));
}
