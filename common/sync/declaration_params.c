// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "base/buf.h"
#include "base/json.h"
#include "sync/declaration_params.h"

#define BODY_MAX (64u << 10)
#define BODY_DEPTH 16

bool header_is_safe(const char *s)
{
	return s[0] && !s[strcspn(s, ": \t\r\n")];
}

enum rc check_param(const struct reader *r, const config_setting_t *at, const struct param *p)
{
	if (p->in == PARAM_HEADER && !header_is_safe(p->name))
		return reader_fail(r, reader_at(at, "name"), "\"%s\" is no name of a header", p->name);
	if (!p->name[0])
		return reader_fail(r, reader_at(at, "name"), "may not be empty");
	for (size_t i = 0; i < p->value.n; i++)
		if (memchr(p->value.part[i].text.p, '\n', p->value.part[i].text.n) ||
		    memchr(p->value.part[i].text.p, '\r', p->value.part[i].text.n))
			return reader_fail(r, reader_at(at, "value"), "may not hold a line break");
	return RC_OK;
}

enum rc check_params(const struct reader *r, const config_setting_t *at, const struct listing *list)
{
	for (size_t i = 0; i < list->nparams; i++) {
		enum rc rc = check_param(r, config_setting_get_elem(at, (unsigned)i), &list->params[i]);
		if (rc)
			return rc;
	}
	return RC_OK;
}

enum rc check_path(const struct reader *r, const config_setting_t *at, const struct template *path)
{
	struct str first = path->n ? path->part[0].text : STR("");
	if (path->n && path->part[0].variable == TEMPLATE_LITERAL && first.p[0] == '/')
		return RC_OK;
	return reader_fail(r, at, "has to begin with /");
}

/* Reads the same as JSON inside of a string and outside. */
static struct str any_value(void *user, const struct template_part *part)
{
	(void)user;
	(void)part;
	return STR("0");
}

enum rc check_body_json(const struct reader *r, const config_setting_t *at, const struct resource *ask)
{
	AUTO(buf_done) struct buf text = BUF(BODY_MAX);
	AUTO(json_put_ptr) json_object *doc = NULL;
	struct err err;
	if (!ask->body_json.n)
		return RC_OK;
	const config_setting_t *body = reader_at(at, "body_json");
	if (ask->method != METHOD_POST)
		return reader_fail(r, body, "only a POST has a body");
	if (!template_expand(&ask->body_json, ESCAPE_JSON, any_value, NULL, &text, NULL) ||
	    json_parse(buf_str(&text), BODY_MAX, BODY_DEPTH, &doc, &err) != RC_OK)
		return reader_fail(r, body, "is no JSON document, with or without its variables");
	return RC_OK;
}
