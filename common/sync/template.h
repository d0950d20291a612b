// SPDX-License-Identifier: Apache-2.0
#pragma once
/*
 * Text with ${variables}, compiled when a declaration is read:
 * "/v1/accounts/${connection.external_id}/contacts". The variables are a closed list; an unknown one is an
 * error of the declaration.
 */
#include "base/base.h"
#include "base/buf.h"

/* The trailing dot marks a family: ${connection.settings.<key>}. */
#define TEMPLATE_VARIABLES(X)                                                                                \
	X(EXTERNAL_ID, "connection.external_id")                                                             \
	X(SETTING, "connection.settings.")                                                                   \
	X(DC, "dc.") /* of the connection's data centre */                                                   \
	X(PAGE_SIZE, "page.size")                                                                            \
	X(PAGE_OFFSET, "page.offset")                                                                        \
	X(PAGE_NUMBER, "page.number")                                                                        \
	X(CURSOR, "cursor")         /* absent on the first page */                                           \
	X(AFTER, "after")           /* the last record's key; absent on the first page */                    \
	X(KEYS, "keys")             /* keys from beyond a cap, joined with commas */                         \
	X(SYNC_TOKEN, "sync_token") /* absent in a full walk */                                              \
	X(SINCE, "since")           /* absent in a full walk */                                              \
	X(UNTIL, "until")           /* the walk's start minus the holdback */                                \
	X(WINDOW_FROM, "window.from")                                                                        \
	X(WINDOW_TO, "window.to")                                                                            \
	X(PARENT, "parent.")                                                                                 \
	X(RECORD_ID, "record.id")                                                                            \
	X(ITEM, "item.")                                                                                     \
	X(ASK, "ask.")        /* an argument of the question */                                              \
	X(COLUMNS, "columns") /* top-level names of the record's columns, joined with commas */

enum template_variable {
	TEMPLATE_LITERAL,
#define X(id, name) TEMPLATE_##id,
	TEMPLATE_VARIABLES(X)
#undef X
};

struct template_part {
	enum template_variable variable;
	struct str text; /* of a literal; the member's name of a family */
};

struct template
{
	struct template_part *part;
	size_t n; /* 0: none given, or empty */
};

/* The pieces point into `text`, which must live as long. */
enum rc template_compile(const char *text, struct template *ret, struct err *err) MUST_USE;
void template_done(struct template *t);
bool template_uses(const struct template *t, enum template_variable v);
/* As written between the braces; of a family, with its trailing dot. */
const char *template_variable_name(enum template_variable v);

/* Looks a variable up; a value with p NULL is absent. Values need to live until the next look-up only. */
typedef struct str template_lookup(void *user, const struct template_part *part);

enum template_escape {
	ESCAPE_NONE,
	ESCAPE_URL,   /* percent-encodes all but unreserved characters (RFC 3986, 2.3) of values; literals are
	                 left alone */
	ESCAPE_QUERY, /* percent-encodes literals too: a parameter's value */
	/* Literals are JSON; a value inside of a string is escaped for it, one outside must be JSON itself:
	 * template_json_inside says which. */
	ESCAPE_JSON,
};

/* Appends the text. False (and `out` as it was) when a variable is absent; its part is put into `ret_missing`
 * if given. */
bool template_expand(const struct template *t, enum template_escape escape, template_lookup *lookup,
    void *user, struct buf *out, const struct template_part **ret_missing);

/* Of a template of JSON: whether its part i, a variable, stands inside of a string. */
bool template_json_inside(const struct template *t, size_t i);

/* Percent-encodes what is neither unreserved nor in `keep`. */
void url_encode(struct str s, const char *keep, struct buf *out);
