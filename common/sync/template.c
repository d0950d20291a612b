// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "base/jsonw.h"
#include "sync/template.h"

static const char *const variable_names[] = {[TEMPLATE_LITERAL] = "",
#define X(id, name) [TEMPLATE_##id] = (name),
    TEMPLATE_VARIABLES(X)
#undef X
};

static bool name_matches(const char *known, struct str name, struct str *ret_member)
{
	size_t n = strlen(known);
	bool family = known[n - 1] == '.';
	*ret_member = (struct str){name.p + MIN(n, name.n), name.n - MIN(n, name.n)};
	if (family)
		return name.n > n && memcmp(known, name.p, n) == 0;
	return str_is(name, known);
}

static enum rc fail_unknown(struct str name, struct err *err)
{
	char known[ERR_TEXT_MAX] = "";
	size_t at = 0;
	for (size_t i = 1; i < ARRAY_SIZE(variable_names); i++) {
		size_t n = strlen(variable_names[i]);
		int len = snprintf(known + at, sizeof known - at, "%s%s%s", i > 1 ? ", " : "",
		    variable_names[i], variable_names[i][n - 1] == '.' ? "<name>" : "");
		at = MIN(at + (size_t)len, sizeof known - 1);
	}
	return err_set(err, RC_INVALID, "unknown variable ${%.*s}; known are %s", STR_ARG(name), known);
}

static enum rc parse_variable(struct str name, struct template_part *ret, struct err *err)
{
	for (size_t i = 1; i < ARRAY_SIZE(variable_names); i++) {
		struct str member;
		if (name_matches(variable_names[i], name, &member)) {
			*ret = (struct template_part){(enum template_variable)i, member};
			return RC_OK;
		}
	}
	return fail_unknown(name, err);
}

/* Cuts the next piece off `rest`. */
static enum rc parse_part(struct str *rest, struct template_part *ret, struct err *err)
{
	const char *open = memmem(rest->p, rest->n, "${", 2);
	if (open != rest->p) {
		size_t n = open ? (size_t)(open - rest->p) : rest->n;
		*ret = (struct template_part){TEMPLATE_LITERAL, {rest->p, n}};
		*rest = (struct str){rest->p + n, rest->n - n};
		return RC_OK;
	}
	const char *close = memchr(open, '}', rest->n);
	if (!close)
		return err_set(err, RC_INVALID, "\"%.*s\" has no closing brace", STR_ARG(*rest));
	struct str name = {open + 2, (size_t)(close - open) - 2};
	*rest = (struct str){close + 1, rest->n - (size_t)(close + 1 - open)};
	return parse_variable(name, ret, err);
}

enum rc template_compile(const char *text, struct template *ret, struct err *err)
{
	struct template t = {0};
	struct str rest = str_of(text);
	while (rest.n) {
		struct template_part part;
		enum rc rc = parse_part(&rest, &part, err);
		if (rc) {
			template_done(&t);
			return rc;
		}
		t.part = mem_realloc(t.part, (t.n + 1) * sizeof *t.part);
		t.part[t.n++] = part;
	}
	*ret = t;
	return RC_OK;
}

void template_done(struct template *t)
{
	free(t->part);
	*t = (struct template){0};
}

bool template_uses(const struct template *t, enum template_variable v)
{
	for (size_t i = 0; i < t->n; i++)
		if (t->part[i].variable == v)
			return true;
	return false;
}

const char *template_variable_name(enum template_variable v)
{
	return variable_names[v];
}

/* RFC 3986, 2.3: the characters that mean themselves everywhere. */
static bool is_unreserved(unsigned char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
	       c == '.' || c == '_' || c == '~';
}

void url_encode(struct str s, const char *keep, struct buf *out)
{
	static const char hex[] = "0123456789ABCDEF";
	char *to = buf_reserve(out, s.n * 3);
	if (!to)
		return;
	char *at = to;
	for (size_t i = 0; i < s.n; i++) {
		unsigned char c = (unsigned char)s.p[i];
		if (is_unreserved(c) || (c && strchr(keep, c))) {
			*at++ = (char)c;
			continue;
		}
		*at++ = '%';
		*at++ = hex[c >> 4];
		*at++ = hex[c & 15];
	}
	out->n += (size_t)(at - to);
	out->p[out->n] = '\0';
}

bool template_json_inside(const struct template *t, size_t i)
{
	bool inside = false;
	bool escaped = false;
	for (size_t k = 0; k < i; k++) {
		struct str s = t->part[k].variable == TEMPLATE_LITERAL ? t->part[k].text : (struct str){0};
		for (size_t at = 0; at < s.n; at++) {
			if (s.p[at] == '"' && !escaped)
				inside = !inside;
			escaped = inside && !escaped && s.p[at] == '\\';
		}
	}
	return inside;
}

bool template_expand(const struct template *t, enum template_escape escape, template_lookup *lookup,
    void *user, struct buf *out, const struct template_part **ret_missing)
{
	size_t start = out->n;
	for (size_t i = 0; i < t->n; i++) {
		const struct template_part *part = &t->part[i];
		bool literal = part->variable == TEMPLATE_LITERAL;
		struct str value = literal ? part->text : lookup(user, part);
		if (!value.p) {
			out->n = start;
			if (out->p)
				out->p[start] = '\0';
			if (ret_missing)
				*ret_missing = part;
			return false;
		}
		bool declared = literal || part->variable == TEMPLATE_DC;
		bool inside = escape == ESCAPE_JSON && !literal && template_json_inside(t, i);
		if (escape == ESCAPE_QUERY || (escape == ESCAPE_URL && !declared))
			url_encode(value, "", out);
		else if (inside)
			json_escape(out, value);
		else
			buf_add_str(out, value);
	}
	return true;
}
