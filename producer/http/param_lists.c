// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "param_binders.h"

#define NAMES_MAX 1536    /* bytes of a list of what is there */
#define RESOURCES_MAX 256 /* of one request */
#define IDS_MAX 1000      /* of one request */
#define TEXTS_BYTES_MAX 100

void param_bind_provider(struct binding *b, const struct given *g)
{
	struct str s = param_text_of(b, g, "a string");

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

static void check_resource(struct binding *b, struct json_object *list, size_t i, struct buf *names)
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
	catalog_list_add(names, name);
}

void param_bind_resources(struct binding *b, const struct given *g)
{
	size_t n = json_object_is_type(g->json, json_type_array) ? json_object_array_length(g->json) : 0;
	AUTO(buf_done) struct buf names = BUF(CATALOG_LIST_MAX);

	if (n == 0 || n > RESOURCES_MAX) {
		param_fault_type(b, "an array of resource names, with at least one; leave it out for all");
		return;
	}
	for (size_t i = 0; i < n; i++)
		check_resource(b, g->json, i, &names);
	pg_arg_text(b->args, buf_str(&names));
	b->ntasks = n;
}

void param_bind_every_resource(struct binding *b)
{
	AUTO(buf_done) struct buf names = BUF(CATALOG_LIST_MAX);

	if (b->provider.p)
		b->ntasks = catalog_list_resources(b->in->catalog, b->provider, &names);
	pg_arg_text(b->args, buf_str(&names));
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

void param_bind_ids(struct binding *b, const struct given *g)
{
	size_t n = json_object_is_type(g->json, json_type_array) ? json_object_array_length(g->json) : 0;
	bool ok = n > 0 && n <= IDS_MAX;

	pg_array_begin(b->args, PG_UUID);
	for (size_t i = 0; ok && i < n; i++)
		ok = bind_id(b, json_object_array_get_idx(g->json, i));
	pg_array_end(b->args);
	if (!ok)
		param_fault_type(
		    b, "an array of at most 1000 UUIDs, with at least one; leave it out for all");
}

static bool is_allowed(struct str allowed, struct str name)
{
	while (allowed.n)
		if (str_eq(str_cut(&allowed, '|'), name))
			return true;
	return false;
}

void param_bind_names(struct binding *b, const struct given *g)
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

static bool fits_list(const struct binding *b, const struct given *g)
{
	size_t n = json_object_is_type(g->json, json_type_array) ? json_object_array_length(g->json) : 0;

	return (int64_t)n >= MAX(b->param->min, 1) && (int64_t)n <= b->param->max;
}

void param_bind_texts(struct binding *b, const struct given *g)
{
	bool ok = fits_list(b, g);

	pg_array_begin(b->args, PG_TEXT);
	for (size_t i = 0; ok && i < json_object_array_length(g->json); i++) {
		struct json_object *item = json_object_array_get_idx(g->json, i);
		struct str text = {json_object_get_string(item), (size_t)json_object_get_string_len(item)};

		ok = json_object_is_type(item, json_type_string) && text.n > 0 && text.n <= TEXTS_BYTES_MAX &&
		     !memchr(text.p, '\0', text.n);
		if (ok)
			pg_array_text(b->args, text);
	}
	pg_array_end(b->args);
	if (!ok)
		problem_fault(b->faults, "not_allowed", b->pointer,
		    "%s must be an array of %" PRId64 " to %" PRId64 " texts of at most %d bytes",
		    b->param->name, MAX(b->param->min, 1), b->param->max, TEXTS_BYTES_MAX);
}

void param_bind_objects(struct binding *b, const struct given *g)
{
	bool ok = fits_list(b, g);

	for (size_t i = 0; ok && i < json_object_array_length(g->json); i++)
		ok = json_object_is_type(json_object_array_get_idx(g->json, i), json_type_object);
	if (ok)
		pg_arg_text(b->args, str_of(json_object_to_json_string_ext(g->json, JSON_C_TO_STRING_PLAIN)));
	else
		problem_fault(b->faults, "not_allowed", b->pointer,
		    "%s must be an array of %" PRId64 " to %" PRId64 " objects", b->param->name,
		    MAX(b->param->min, 1), b->param->max);
}
