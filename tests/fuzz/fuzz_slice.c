// SPDX-License-Identifier: Apache-2.0
/*
 * The page slicer against json-c. What we accept json-c accepts, with the same records and the same values;
 * what only json-c accepts we refused for one of the named strictnesses. The first byte chooses what is
 * looked for.
 */
#include "base/base.h"
#include "base/slice.h"

#include <json-c/json.h>
#include <math.h>

#define FIELDS_MAX 8
#define PLANS 4
#define JSON_C_DEPTH 256

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct target {
	const char *records;
	const char *fields[FIELDS_MAX];
	const char *envelope[FIELDS_MAX];
	size_t nfields;
	size_t nenvelope;
	struct slice_plan *plan;
};

static struct target targets[PLANS] = {
    {.records = "", .fields = {"id", "a", "a.b", "id", "notes", ""}, .nfields = 6},
    {.records = "data",
        .fields = {"id", "a.b.c", "a.b"},
        .nfields = 3,
        .envelope = {"next", "info.more", "info"},
        .nenvelope = 3},
    {.records = "a.data", .fields = {"id"}, .nfields = 1, .envelope = {"a.next", "a", ""}, .nenvelope = 3},
    {.records = NULL, .envelope = {"id", "a.b", "a"}, .nenvelope = 3},
};

/* Reasons for which a document that json-c takes may be refused. */
static const char *const strictnesses[] = {
    "a raw control character in a string",
    "a lone surrogate escape",
    "not UTF-8",
    "not a number",
    "nested too deeply",
    "a key on the way to the records is repeated",
    "the records are no array",
};

static _Noreturn void report(const char *what, struct str where)
{
	fprintf(stderr, "%s: %.*s\n", what, STR_ARG(where));
	abort();
}

/* False when json-c refuses the text; a null's tree is NULL. */
static bool parse_with_json_c(struct str text, struct json_object **ret)
{
	struct json_tokener *tokener = json_tokener_new_ex(JSON_C_DEPTH);
	char *copy = mem_strndup(text.p, text.n); /* a number at the end is finished by the NUL */

	json_tokener_set_flags(tokener, JSON_TOKENER_STRICT | JSON_TOKENER_VALIDATE_UTF8);
	struct json_object *tree = json_tokener_parse_ex(tokener, copy, (int)text.n + 1);
	bool ok = json_tokener_get_error(tokener) == json_tokener_success;
	if (!ok)
		json_object_put(tree);
	*ret = ok ? tree : NULL;
	json_tokener_free(tokener);
	free(copy);
	return ok;
}

/* The value at a dotted path; false when there is none. A null is a NULL pointer. */
static bool find(struct json_object *tree, const char *path, struct json_object **ret)
{
	struct str rest = str_of(path);
	char key[32];

	while (rest.n) {
		struct str head = str_cut(&rest, '.');

		snprintf(key, sizeof key, "%.*s", STR_ARG(head));
		if (!json_object_is_type(tree, json_type_object) ||
		    !json_object_object_get_ex(tree, key, &tree))
			return false;
	}
	*ret = tree;
	return true;
}

static bool number_is_same(struct slice slice, struct json_object *value)
{
	char *text = mem_strndup(slice.p, slice.n);
	bool same;

	if (json_object_is_type(value, json_type_int) && text[0] == '-')
		same = strtoll(text, NULL, 10) == json_object_get_int64(value);
	else if (json_object_is_type(value, json_type_int))
		same = strtoull(text, NULL, 10) == json_object_get_uint64(value);
	else
		same = strtod(text, NULL) == json_object_get_double(value);
	free(text);
	return same;
}

static bool string_is_same(struct slice slice, struct json_object *value)
{
	struct buf text = BUF(1 << 24);
	enum rc rc = slice_unescape(slice, &text);
	bool same = json_object_is_type(value, json_type_string);

	if (rc == RC_OK)
		same = same && str_eq(buf_str(&text), (struct str){json_object_get_string(value),
		                                          (size_t)json_object_get_string_len(value)});
	buf_done(&text);
	return same;
}

static bool tree_is_same(struct slice slice, struct json_object *value)
{
	struct json_object *parsed;
	bool same = parse_with_json_c(slice_str(slice), &parsed) && json_object_equal(parsed, value);

	json_object_put(parsed);
	return same;
}

static bool value_is_same(struct slice slice, bool present, struct json_object *value)
{
	switch ((enum slice_kind)slice.kind) {
	case SLICE_ABSENT:
		return !present;
	case SLICE_NULL:
		return present && !value;
	case SLICE_FALSE:
	case SLICE_TRUE:
		return json_object_is_type(value, json_type_boolean) &&
		       json_object_get_boolean(value) == (slice.kind == SLICE_TRUE);
	case SLICE_NUMBER:
		return number_is_same(slice, value);
	case SLICE_STRING:
		return string_is_same(slice, value);
	case SLICE_ARRAY:
	case SLICE_OBJECT:
		return tree_is_same(slice, value);
	}
	return false;
}

struct reading {
	const struct target *target;
	struct json_object *records; /* NULL: json-c refused the document, or there are none */
	size_t count;
	bool compare;
	const char *problem; /* counts only if the whole page is accepted: a repeated key may come later */
};

/* The path at which the values differ, or NULL. */
static const char *compare_values(
    const char *const *paths, size_t n, const struct slice *slices, struct json_object *tree)
{
	for (size_t i = 0; i < n; i++) {
		struct json_object *value = NULL;
		bool present = find(tree, paths[i], &value);

		if (!value_is_same(slices[i], present, value))
			return paths[i];
	}
	return NULL;
}

static enum rc check_record(void *user, struct str raw, const struct slice *fields)
{
	struct reading *reading = user;
	size_t index = reading->count++;

	if (!raw.n)
		report("empty record", raw);
	if (!reading->compare || reading->problem)
		return RC_OK;
	if (!reading->records || index >= json_object_array_length(reading->records))
		reading->problem = "a record too many";
	else
		reading->problem = compare_values(reading->target->fields, reading->target->nfields, fields,
		    json_object_array_get_idx(reading->records, index));
	return RC_OK;
}

static struct target *target_get(size_t i)
{
	struct target *t = &targets[i % PLANS];

	if (!t->plan)
		t->plan = slice_plan_new(t->records, t->fields, t->nfields, t->envelope, t->nenvelope);
	return t;
}

/* json-c cuts keys at a NUL, and turns what it takes for a lone surrogate into U+FFFD. */
static bool is_comparable(struct str body)
{
	return !memmem(body.p, body.n, "\\u0000", 6);
}

/* json-c reads NaN and Infinity even in strict mode, and takes all of isspace() for white space. */
static bool has_leniency(struct str body)
{
	char *text = mem_strndup(body.p, body.n);
	bool odd = strcasestr(text, "nan") || strcasestr(text, "infinity") || strpbrk(text, "\v\f");

	free(text);
	return odd;
}

static bool is_strictness(const char *text, struct str body)
{
	for (size_t i = 0; i < ARRAY_SIZE(strictnesses); i++)
		if (strstr(text, strictnesses[i]))
			return true;
	return has_leniency(body);
}

static void check_page(const struct target *t, struct str body, struct json_object *tree, bool parsed)
{
	struct reading reading = {.target = t, .compare = parsed && is_comparable(body)};
	struct slice envelope[FIELDS_MAX];
	struct err err = {0};

	if (parsed && t->records)
		find(tree, t->records, &reading.records);
	if (!json_object_is_type(reading.records, json_type_array))
		reading.records = NULL;
	enum rc rc = slice_page(t->plan, body, envelope, check_record, &reading, &err);
	if (rc != RC_OK && parsed && !is_strictness(err.text, body))
		report(err.text, body);
	if (rc != RC_OK)
		return;
	if (!parsed)
		report("json-c refuses", body);
	if (!reading.compare)
		return;
	if (reading.count != (reading.records ? json_object_array_length(reading.records) : 0))
		report("records are missing", body);
	if (!reading.problem)
		reading.problem = compare_values(t->envelope, t->nenvelope, envelope, tree);
	if (reading.problem)
		report(reading.problem, body);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size < 1 || size > 1 << 20)
		return 0;
	struct str body = {(const char *)data + 1, size - 1};
	const struct target *t = target_get(data[0]);
	struct json_object *tree = NULL;

	/* A NUL ends the text for json-c and is an error for us: nothing to compare. */
	if (memchr(body.p, '\0', body.n)) {
		struct reading reading = {.target = t};
		struct slice envelope[FIELDS_MAX];

		if (slice_page(t->plan, body, envelope, check_record, &reading, NULL) == RC_OK)
			report("a NUL was accepted", body);
		return 0;
	}
	bool parsed = parse_with_json_c(body, &tree);
	check_page(t, body, tree, parsed);
	json_object_put(tree);
	return 0;
}
