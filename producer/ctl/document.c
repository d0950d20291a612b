// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "output.h"

#include "base/clock.h"

#define TEXT_MAX (64u << 20) /* of one value: a record's text, escaped */
#define COLUMNS_MAX 24
#define NAME_WIDTH 24
#define INDENT 2

static bool is_list_of_objects(json_object *value)
{
	return json_object_is_type(value, json_type_array) && json_object_array_length(value) > 0 &&
	       json_object_is_type(json_object_array_get_idx(value, 0), json_type_object);
}

/* A time in a cell of a table is a distance; by itself it is both. */
static void add_text(const struct ctl *ctl, const char *text, bool cell, struct buf *out)
{
	struct str s = str_of(text);
	int64_t us;

	if (s.n != CLOCK_TEXT_LEN || !clock_parse(s, false, &us)) {
		ctl_add_shown(s, out);
		return;
	}
	ctl_add_distance(ctl, us, out);
	if (!cell)
		buf_printf(out, " (%.19sZ)", text);
}

static void add_scalar(const struct ctl *ctl, json_object *value, bool cell, struct buf *out)
{
	if (!value)
		buf_add_char(out, '-');
	else if (json_object_is_type(value, json_type_string))
		add_text(ctl, json_object_get_string(value), cell, out);
	else if (json_object_is_type(value, json_type_boolean))
		buf_add_text(out, json_object_get_boolean(value) ? "yes" : "no");
	else
		buf_add_text(out, json_object_to_json_string_ext(value, JSON_C_TO_STRING_PLAIN));
}

/* On one line: a list with commas between, an object's values behind their names. */
static void add_value(const struct ctl *ctl, json_object *value, bool cell, struct buf *out)
{
	bool first = true;

	if (json_object_is_type(value, json_type_array)) {
		size_t n = json_object_array_length(value);

		for (size_t i = 0; i < n; i++) {
			buf_add_text(out, i ? ", " : "");
			add_scalar(ctl, json_object_array_get_idx(value, i), cell, out);
		}
		buf_add_text(out, n ? "" : "-");
	} else if (json_object_is_type(value, json_type_object)) {
		json_object_object_foreach(value, key, member)
		{
			buf_printf(out, "%s%s ", first ? "" : ", ", key);
			add_scalar(ctl, member, cell, out);
			first = false;
		}
		buf_add_text(out, first ? "-" : "");
	} else {
		add_scalar(ctl, value, cell, out);
	}
}

/* ---- lists of objects ---- */

/* A column for each member of the first object that any row has a value for. */
static size_t columns_of(json_object *list, const char **ret)
{
	size_t n = 0;

	json_object_object_foreach(json_object_array_get_idx(list, 0), key, first)
	{
		bool any = first != NULL;

		for (size_t i = 1; !any && i < json_object_array_length(list); i++)
			any = json_object_object_get(json_object_array_get_idx(list, i), key) != NULL;
		if (any && n < COLUMNS_MAX)
			ret[n++] = key;
	}
	return n;
}

static void print_list(const struct ctl *ctl, const char *name, json_object *list)
{
	const char *columns[COLUMNS_MAX];
	size_t ncolumns = columns_of(list, columns);
	size_t nrows = ncolumns ? json_object_array_length(list) : 0;
	struct buf *texts = mem_array((nrows + 1) * ncolumns, sizeof *texts);
	int width[COLUMNS_MAX] = {0};

	for (size_t i = 0; i < (nrows + 1) * ncolumns; i++) {
		const char *column = columns[i % ncolumns];

		buf_init(&texts[i], TEXT_MAX);
		if (i < ncolumns)
			buf_add_text(&texts[i], column);
		else
			add_value(ctl,
			    json_object_object_get(json_object_array_get_idx(list, i / ncolumns - 1), column),
			    true, &texts[i]);
		width[i % ncolumns] = MAX(width[i % ncolumns], (int)texts[i].n);
	}
	fprintf(ctl->out, "%s:\n", name);
	for (size_t i = 0; i < (nrows + 1) * ncolumns; i++) {
		bool last = i % ncolumns + 1 == ncolumns;

		fprintf(ctl->out, "%*s%-*s%s", INDENT, "", last ? 0 : width[i % ncolumns],
		    buf_text(&texts[i]), last ? "\n" : "");
		buf_done(&texts[i]);
	}
	free(texts);
}

/* ---- the document ---- */

static void print_member(const struct ctl *ctl, const char *name, json_object *value)
{
	struct buf text = BUF(TEXT_MAX);

	add_value(ctl, value, false, &text);
	fprintf(ctl->out, "%-*s %s\n", NAME_WIDTH, name, buf_text(&text));
	buf_done(&text);
}

static void print_object(const struct ctl *ctl, const char *name, json_object *value)
{
	struct buf text = BUF(TEXT_MAX);

	fprintf(ctl->out, "%s:\n", name);
	json_object_object_foreach(value, key, member)
	{
		buf_clear(&text);
		add_value(ctl, member, false, &text);
		fprintf(ctl->out, "%*s%-*s %s\n", INDENT, "", NAME_WIDTH - INDENT, key, buf_text(&text));
	}
	buf_done(&text);
}

void ctl_print_document(const struct ctl *ctl, json_object *document)
{
	if (ctl->o.output == CTL_JSON) {
		fprintf(ctl->out, "%s\n",
		    json_object_to_json_string_ext(
		        document, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE));
		return;
	}
	json_object_object_foreach(document, name, value)
	{
		if (is_list_of_objects(value))
			print_list(ctl, name, value);
		else if (json_object_is_type(value, json_type_object) && json_object_object_length(value) > 5)
			print_object(ctl, name, value);
		else
			print_member(ctl, name, value);
	}
}
