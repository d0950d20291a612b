// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "base/jsonw.h"
#include "base/url.h"
#include "batch.h"

#define REQUEST_TEXT_MAX (128u << 10) /* URL, headers and body; a page token in a URL takes some KB */

void provider_request_done(struct provider_request *rq)
{
	buf_done(&rq->text);
	buf_done(&rq->scratch);
	buf_done(&rq->names);
	*rq = (struct provider_request){0};
}

/* What the connection has to bring; anything else may be absent, and then the parameter is. */
static bool is_required(const struct template_part *part)
{
	return part->variable == TEMPLATE_EXTERNAL_ID || part->variable == TEMPLATE_SETTING ||
	       part->variable == TEMPLATE_DC || part->variable == TEMPLATE_PARENT;
}

static enum rc fail_missing(const struct making *m, const struct template_part *part)
{
	return err_set(m->err, RC_INVALID, "%s.%s needs ${%s%.*s}, which %s", m->walk->provider->name,
	    m->walk->resource->name, template_variable_name(part->variable), STR_ARG(part->text),
	    part->variable == TEMPLATE_ASK ? "the question does not say" : "this connection does not have");
}

enum rc making_expand(struct making *m, const struct template *t, enum template_escape escape)
{
	const struct template_part *missing = NULL;
	if (!template_expand(t, escape, variable_lookup, m, &m->request->text, &missing))
		return fail_missing(m, missing);
	return RC_OK;
}

/* ---- URL ---- */

static bool param_applies(const struct param *p, const struct position *pos)
{
	switch (p->when) {
	case WHEN_ALWAYS:
		return true;
	case WHEN_FULL:
		return !position_is_incremental(pos);
	case WHEN_INCREMENTAL:
		return position_is_incremental(pos);
	case WHEN_FIRST:
		return pos->pages == 0;
	case WHEN_NEXT:
		return pos->pages != 0;
	}
	return true;
}

/* Appends the value, or takes `start` back when a variable that may be absent is. */
static enum rc add_value(
    struct making *m, const struct param *p, enum template_escape escape, size_t start, bool *ret_added)
{
	const struct template_part *missing = NULL;
	struct buf *out = &m->request->text;
	*ret_added = template_expand(&p->value, escape, variable_lookup, m, out, &missing);
	if (*ret_added)
		return RC_OK;
	out->n = start;
	return is_required(missing) ? fail_missing(m, missing) : RC_OK;
}

static enum rc add_query(struct making *m)
{
	const struct listing *list = m->list;
	struct buf *out = &m->request->text;
	char separator = '?';
	for (size_t i = 0; i < list->nparams; i++) {
		const struct param *p = &list->params[i];
		size_t start = out->n;
		bool added;
		if (p->in != PARAM_QUERY || !param_applies(p, m->position))
			continue;
		buf_add_char(out, separator);
		url_encode(str_of(p->name), "$", out); /* OData's names, as its documentation writes them */
		buf_add_char(out, '=');
		enum rc rc = add_value(m, p, ESCAPE_QUERY, start, &added);
		if (rc)
			return rc;
		if (added)
			separator = '&';
	}
	return RC_OK;
}

/* A link is the provider's text: it may only lead to the host that the token is for. */
static enum rc add_link(struct making *m, struct str base_origin)
{
	struct str link = buf_str(&m->position->next);
	struct str origin = url_origin(link);
	struct buf *out = &m->request->text;
	bool relative = link.n && link.p[0] == '/' && !str_starts(link, STR("//"));
	if (!relative && !str_eq_nocase(origin, base_origin) &&
	    !(m->walk->origin.n && str_eq_nocase(origin, m->walk->origin)))
		return err_set(m->err, RC_INVALID, "the next link leads to another host");
	if (memchr(link.p, ' ', link.n) || memchr(link.p, '\r', link.n) || memchr(link.p, '\n', link.n))
		return err_set(m->err, RC_INVALID, "the next link is no URL");
	size_t cut = relative ? 0 : origin.n;
	out->n = base_origin.n;
	buf_add(out, link.p + cut, link.n - cut);
	return RC_OK;
}

/* Puts the origin in the place of the one at the beginning of the text. */
static void replace_origin(struct making *m, struct str origin)
{
	struct buf *out = &m->request->text;
	if (!origin.n)
		return;
	struct str old = url_origin(buf_str(out));
	struct buf *copy = &m->request->scratch;
	buf_clear(copy);
	buf_add(copy, out->p + old.n, out->n - old.n);
	buf_set(out, origin);
	buf_add_str(out, buf_str(copy));
}

/* Where the connection's data is, if it says so and is believed. */
static struct str account_origin(const struct making *m)
{
	const struct provider *p = m->walk->provider;
	struct str scheme = STR("https://");
	if (!p->origin_setting)
		return (struct str){0};
	struct str origin = url_origin(setting_text(m->account, str_of(p->origin_setting)));
	for (size_t i = 0; i < p->origin_hosts.n && str_starts(origin, scheme); i++)
		if (str_is((struct str){origin.p + scheme.n, origin.n - scheme.n}, p->origin_hosts.at[i]))
			return origin;
	return (struct str){0};
}

static enum rc add_url(struct making *m)
{
	struct buf *out = &m->request->text;
	const struct listing *list = m->list;
	const struct template *own = &m->walk->resource->base_url;
	enum rc rc = making_expand(m, own->n ? own : &m->walk->provider->base_url, ESCAPE_URL);
	if (rc)
		return rc;
	replace_origin(m, account_origin(m));
	if (list->paging->strategy == PAGING_LINK && m->position->next.n) {
		rc = add_link(m, url_origin(buf_str(out)));
	} else {
		rc = making_expand(m, list->path, ESCAPE_URL);
		if (!rc)
			rc = add_query(m);
	}
	if (rc)
		return rc;
	replace_origin(m, m->walk->origin);
	buf_add_char(out, '\0');
	return RC_OK;
}

/* ---- headers and body ---- */

static enum rc end_header(struct making *m, size_t start)
{
	struct provider_request *rq = m->request;
	struct str line = {rq->text.p + start, rq->text.n - start};
	for (size_t i = 0; i < line.n; i++)
		if ((unsigned char)line.p[i] < 0x20 && line.p[i] != '\t')
			return err_set(m->err, RC_INVALID, "a header's value holds a control character");
	if (rq->nheaders == PROVIDER_HEADERS_MAX)
		return err_set(m->err, RC_LIMIT, "more than %d headers", PROVIDER_HEADERS_MAX);
	m->header_at[rq->nheaders++] = start;
	buf_add_char(&rq->text, '\0');
	return RC_OK;
}

static enum rc add_header(struct making *m, const struct param *p)
{
	struct buf *out = &m->request->text;
	size_t start = out->n;
	bool added;
	buf_printf(out, "%s: ", p->name);
	enum rc rc = add_value(m, p, ESCAPE_NONE, start, &added);
	return rc || !added ? rc : end_header(m, start);
}

static enum rc add_token(struct making *m)
{
	const struct auth *auth = &m->walk->provider->auth;
	struct buf *out = &m->request->text;
	size_t start = out->n;
	if (auth->kind == AUTH_NONE)
		return RC_OK;
	if (!m->account->access_token.n)
		return err_set(m->err, RC_INVALID, "this connection has no access token");
	buf_printf(out, "%s: %s", auth->header, auth->prefix);
	buf_add_str(out, m->account->access_token);
	return end_header(m, start);
}

static enum rc add_headers(struct making *m)
{
	static const char *const content_types[] = {
	    [BODY_FORM] = "application/x-www-form-urlencoded",
	    [BODY_JSON] = "application/json",
	    [BODY_PARTS] = "multipart/mixed; boundary=" BATCH_BOUNDARY,
	};
	const struct provider *p = m->walk->provider;
	const struct listing *list = m->list;
	enum rc rc = add_token(m);
	for (size_t i = 0; !rc && i < p->headers.n; i++)
		rc = add_header(m, &p->headers.at[i]);
	for (size_t i = 0; !rc && i < list->nparams; i++)
		if (list->params[i].in == PARAM_HEADER && param_applies(&list->params[i], m->position))
			rc = add_header(m, &list->params[i]);
	if (rc || list->method != METHOD_POST)
		return rc;
	size_t start = m->request->text.n;
	buf_printf(&m->request->text, "Content-Type: %s", content_types[list->body]);
	return end_header(m, start);
}

static enum rc add_form(struct making *m)
{
	const struct listing *list = m->list;
	struct buf *out = &m->request->text;
	size_t first = out->n;
	for (size_t i = 0; i < list->nparams; i++) {
		const struct param *p = &list->params[i];
		size_t start = out->n;
		bool added;
		if (p->in != PARAM_BODY || !param_applies(p, m->position))
			continue;
		buf_printf(out, "%s%s=", out->n > first ? "&" : "", p->name);
		enum rc rc = add_value(m, p, ESCAPE_QUERY, start, &added);
		if (rc)
			return rc;
	}
	return RC_OK;
}

/* An object of strings. */
static enum rc add_json(struct making *m)
{
	const struct listing *list = m->list;
	struct provider_request *rq = m->request;
	struct jsonw w = JSONW(&rq->text);
	jsonw_object(&w, NULL);
	for (size_t i = 0; i < list->nparams; i++) {
		const struct param *p = &list->params[i];
		const struct template_part *missing = NULL;
		if (p->in != PARAM_BODY || !param_applies(p, m->position))
			continue;
		buf_clear(&rq->scratch);
		if (template_expand(&p->value, ESCAPE_NONE, variable_lookup, m, &rq->scratch, &missing))
			jsonw_str(&w, p->name, buf_str(&rq->scratch));
		else if (is_required(missing))
			return fail_missing(m, missing);
	}
	jsonw_object_end(&w);
	return RC_OK;
}

/* ---- the request ---- */

static enum rc add_body(struct making *m)
{
	switch (m->list->body) {
	case BODY_FORM:
		return add_form(m);
	case BODY_PARTS:
		return batch_write(m);
	case BODY_JSON:
		break;
	}
	return add_json(m);
}

static enum rc make(struct making *m)
{
	struct provider_request *rq = m->request;
	const struct listing *list = m->list;
	enum rc rc = add_url(m);
	if (!rc)
		rc = add_headers(m);
	size_t body_at = rq->text.n;
	bool post = list->method == METHOD_POST;
	if (!rc && post && m->walk->resource->body_json.n)
		rc = body_from_template(m);
	else if (!rc && post)
		rc = add_body(m);
	if (rc)
		return rc;
	if (!buf_ok(&rq->text) || !buf_ok(&rq->scratch))
		return err_set(m->err, RC_LIMIT, "the request is longer than %u bytes", REQUEST_TEXT_MAX);
	rq->url = rq->text.p;
	for (size_t i = 0; i < rq->nheaders; i++)
		rq->headers[i] = rq->text.p + m->header_at[i];
	if (post)
		rq->body = (struct str){rq->text.p + body_at, rq->text.n - body_at};
	rq->method = post ? "POST" : "GET";
	rq->timeout_ms = m->walk->resource->timeout_s * 1000;
	rq->cursor_sent = position_sends_cursor(m->position);
	return RC_OK;
}

enum rc provider_next(
    const struct walk *w, const struct account *a, struct provider_request *ret, struct err *err)
{
	struct position pos;
	struct making m = {.walk = w, .account = a, .position = &pos, .request = ret, .err = err};
	ret->text.max = REQUEST_TEXT_MAX;
	ret->scratch.max = REQUEST_TEXT_MAX;
	ret->names.max = REQUEST_TEXT_MAX;
	buf_clear(&ret->text);
	buf_clear(&ret->scratch);
	ret->nheaders = 0;
	ret->body = (struct str){0};
	enum rc rc = provider_supported(w->resource, err);
	if (rc)
		return rc;
	position_init(&pos);
	rc = walk_position(w, &pos, err);
	m.list = walk_list(w, &pos);
	if (!rc)
		rc = make(&m);
	position_done(&pos);
	return rc;
}
