// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/jsonw.h"
#include "dialect.h"

#define DOCUMENT_MAX ((size_t)128 << 10)
#define DEPTH 16

static const char *text_of(json_object *doc, const char *name)
{
	json_object *value = NULL;

	json_object_object_get_ex(doc, name, &value);
	return value ? json_object_get_string(value) : "";
}

static const struct dialect_word *find(const struct dialect *d, const char *code, int status)
{
	static const struct dialect_word as_it_is = {0};

	for (size_t i = 0; i < d->nwords; i++) {
		const struct dialect_word *w = &d->words[i];

		if ((!w->code || strcmp(w->code, code) == 0) && (!w->status || w->status == status))
			return w;
	}
	return &as_it_is;
}

/* "#/name", "?name", "{name}" and a header's name without what says where it stands. */
static struct str field_of(const char *pointer)
{
	size_t skip = strspn(pointer, "#/?{");
	struct str name = str_of(pointer + skip);

	name.n -= name.n && name.p[name.n - 1] == '}';
	return name;
}

static void add_fields(struct jsonw *w, json_object *doc)
{
	json_object *errors = NULL;
	size_t n = json_object_object_get_ex(doc, "errors", &errors) ? json_object_array_length(errors) : 0;

	jsonw_array(w, "errors");
	for (size_t i = 0; i < n; i++) {
		json_object *fault = json_object_array_get_idx(errors, i);

		jsonw_object(w, NULL);
		jsonw_str(w, "field", field_of(text_of(fault, "pointer")));
		jsonw_text(w, "message", text_of(fault, "detail"));
		jsonw_object_end(w);
	}
	jsonw_array_end(w);
}

static void add_timestamp(struct jsonw *w, int64_t now_us)
{
	char text[CLOCK_TEXT_LEN + 1];

	clock_format(now_us, text);
	memcpy(text + 19, "Z", 2); /* to the second */
	jsonw_text(w, "timestamp", text);
}

static bool is_of_the_problem(const char *name)
{
	static const char *const names[] = {"type", "title", "status", "detail", "code", "errors"};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (strcmp(names[i], name) == 0)
			return true;
	return false;
}

static void add_further(struct jsonw *w, json_object *doc)
{
	json_object_object_foreach(doc, name, value)
	{
		if (!is_of_the_problem(name))
			jsonw_raw(
			    w, name, str_of(json_object_to_json_string_ext(value, JSON_C_TO_STRING_PLAIN)));
	}
}

static void say(const struct dialect *d, json_object *doc, int64_t now_us, struct reply *reply)
{
	struct buf out = BUF(DOCUMENT_MAX);
	struct jsonw w = JSONW(&out);
	const char *code = text_of(doc, "code");
	const struct dialect_word *word = find(d, code, reply->status);
	const char *error = word->error ? word->error : code;
	const char *message = word->message ? word->message : text_of(doc, "detail");

	jsonw_object(&w, NULL);
	if (d->shape == DIALECT_PLAIN)
		jsonw_text(&w, "error", error);
	else
		jsonw_bool(&w, "success", false);
	jsonw_text(&w, "message", message);
	if (d->shape == DIALECT_FLAGGED)
		jsonw_text(&w, "error", error);
	if (d->shape == DIALECT_FIELDS)
		add_fields(&w, doc);
	add_further(&w, doc);
	if (d->shape == DIALECT_FIELDS)
		add_timestamp(&w, now_us);
	jsonw_object_end(&w);
	free(reply->body);
	reply->body = out.p;
	reply->body_n = out.n;
	reply->content_type = "application/json";
	reply->status = word->says_status ? word->says_status : reply->status;
}

void dialect_apply(const struct dialect *d, struct str accept, int64_t now_us, struct reply *reply)
{
	AUTO(json_put_ptr) json_object *doc = NULL;
	struct str wanted = STR("application/problem+json");

	if (reply->status < 400 || !reply->body ||
	    (accept.p && memmem(accept.p, accept.n, wanted.p, wanted.n)))
		return;
	if (json_parse((struct str){reply->body, reply->body_n}, DOCUMENT_MAX, DEPTH, &doc, NULL) != RC_OK ||
	    !json_object_is_type(doc, json_type_object))
		return;
	if (json_object_object_get_ex(doc, "type", NULL))
		say(d, doc, now_us, reply);
	else
		reply->content_type = "application/json";
}
