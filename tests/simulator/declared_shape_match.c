// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "base/clock.h"
#include "base/json.h"
#include "declared_shape_private.h"

#define NEXT_PARAM "conform_from"
#define BODY_DEPTH 8
#define TEXT_MAX (256u << 10)

/* ---- templates read backwards ---- */

static char *found_text(struct shape_found *f, enum template_variable v)
{
	switch (v) {
	case TEMPLATE_EXTERNAL_ID:
		return f->account;
	case TEMPLATE_CURSOR:
		return f->cursor;
	case TEMPLATE_SINCE:
		return f->since;
	case TEMPLATE_PAGE_SIZE:
		return f->size;
	case TEMPLATE_PAGE_OFFSET:
		return f->offset;
	case TEMPLATE_PAGE_NUMBER:
		return f->number;
	case TEMPLATE_AFTER:
		return f->after;
	case TEMPLATE_WINDOW_FROM:
		return f->from;
	case TEMPLATE_WINDOW_TO:
		return f->to;
	case TEMPLATE_PARENT:
		return f->parent;
	default:
		return NULL;
	}
}

/* Appends a text without its percent-encoding. */
static void decode(struct str text, bool is_form, struct buf *ret)
{
	for (size_t i = 0; i < text.n; i++) {
		bool code = text.p[i] == '%' && i + 2 < text.n;
		int high = code ? hex_digit(text.p[i + 1]) : -1;
		int low = code ? hex_digit(text.p[i + 2]) : -1;
		if (high >= 0 && low >= 0) {
			const uint8_t byte = (uint8_t)(high * 16 + low);
			buf_add(ret, &byte, 1);
			i += 2;
		} else {
			bool blank = is_form && text.p[i] == '+';
			buf_add(ret, blank ? " " : &text.p[i], 1);
		}
	}
}

static void keep(struct shape_found *found, const struct template_part *part, struct str value, bool is_path)
{
	enum template_variable v = part->variable;
	AUTO(buf_done) struct buf text = BUF(TEXT_MAX);
	if (is_path)
		decode(value, false, &text);
	else
		buf_add_str(&text, value);
	if (v == TEMPLATE_KEYS) {
		buf_clear(&found->keys);
		buf_add_str(&found->keys, buf_str(&text));
		return;
	}
	char *to = found_text(found, v);
	if (v == TEMPLATE_PARENT)
		snprintf(found->parent_key, PARAM_MAX, "%.*s", STR_ARG(part->text));
	if (to)
		str_copy(to, PARAM_MAX, buf_text(&text));
}

/* How far a variable reaches: to the next literal, or the end. */
static bool variable_end(const struct template *t, size_t i, struct str text, size_t *ret_n)
{
	const struct template_part *next = i + 1 < t->n ? &t->part[i + 1] : NULL;
	*ret_n = text.n;
	if (!next || next->variable != TEMPLATE_LITERAL)
		return true;
	const char *at = memmem(text.p, text.n, next->text.p, next->text.n);
	*ret_n = at ? (size_t)(at - text.p) : 0;
	return at != NULL;
}

bool shape_match(const struct template *t, struct str text, bool is_path, struct shape_found *found)
{
	for (size_t i = 0; i < t->n; i++) {
		const struct template_part *part = &t->part[i];
		size_t n = part->text.n;
		if (part->variable == TEMPLATE_LITERAL) {
			if (!str_starts(text, part->text))
				return false;
		} else {
			if (!variable_end(t, i, text, &n) || (is_path && memchr(text.p, '/', n)))
				return false;
			keep(found, part, (struct str){text.p, n}, is_path);
		}
		text = (struct str){text.p + n, text.n - n};
	}
	return text.n == 0;
}

/* The path that the provider's base URL brings, without scheme and host. Only literals may be in it. */
static struct str base_path(const struct provider *p)
{
	const struct template *t = &p->base_url;
	struct str path = {0};
	bool in_host = true;
	for (size_t i = 0; i < t->n; i++) {
		struct str text = t->part[i].text;
		if (t->part[i].variable != TEMPLATE_LITERAL)
			continue;
		const char *scheme = i == 0 ? memmem(text.p, text.n, "://", 3) : NULL;
		if (scheme)
			text = (struct str){scheme + 3, (size_t)(text.p + text.n - scheme) - 3};
		const char *slash = in_host && text.n ? memchr(text.p, '/', text.n) : NULL;
		if (!slash)
			continue;
		in_host = false;
		path = (struct str){slash, (size_t)(text.p + text.n - slash)};
	}
	return path;
}

/* ---- one list's request ---- */

/* A form's field, decoded. */
static bool form_field(struct str form, const char *name, struct buf *ret)
{
	while (form.n) {
		struct str value = str_cut(&form, '&');
		AUTO(buf_done) struct buf key = BUF(PARAM_MAX);
		decode(str_cut(&value, '='), true, &key);
		if (!str_is(buf_str(&key), name))
			continue;
		decode(value, true, ret);
		return true;
	}
	return false;
}

static bool json_field(struct str body, const char *name, struct buf *ret)
{
	AUTO(json_put_ptr) json_object *doc = NULL;
	json_object *value = NULL;
	if (json_parse(body, TEXT_MAX, BODY_DEPTH, &doc, NULL) != RC_OK ||
	    !json_object_object_get_ex(doc, name, &value))
		return false;
	buf_add_text(ret, json_object_get_string(value));
	return true;
}

/* The parameter as it was sent, or false. */
static bool sent(const struct param *p, const struct request *req, struct buf *ret)
{
	buf_clear(ret);
	if (p->in == PARAM_QUERY)
		return form_field(req->query, p->name, ret);
	if (p->in == PARAM_BODY)
		return req->body.n && req->body.p[0] == '{' ? json_field(req->body, p->name, ret)
		                                            : form_field(req->body, p->name, ret);
	struct str value = request_header(req, str_of(p->name));
	if (value.p)
		buf_add_str(ret, value);
	return value.p != NULL;
}

static bool is_constant(const struct param *p)
{
	for (size_t i = 0; i < p->value.n; i++)
		if (p->value.part[i].variable != TEMPLATE_LITERAL)
			return false;
	return p->when == WHEN_ALWAYS;
}

/* Of parameters of one name, each for a time of its own, one has to be what was sent. */
static bool value_fits(
    const struct listing *list, const char *name, struct str value, struct shape_found *found)
{
	for (size_t i = 0; i < list->nparams; i++)
		if (strcmp(list->params[i].name, name) == 0 &&
		    shape_match(&list->params[i].value, value, false, found))
			return true;
	return false;
}

/* A link's request is whatever the link said, so only other requests have to bring the constants. */
static bool params_fit(
    const struct listing *list, const struct request *req, bool by_link, struct shape_found *found)
{
	AUTO(buf_done) struct buf value = BUF(TEXT_MAX);
	for (size_t i = 0; i < list->nparams; i++) {
		const struct param *p = &list->params[i];
		bool there = sent(p, req, &value);
		if (there && !value_fits(list, p->name, buf_str(&value), found))
			return false;
		if (!there && !by_link && is_constant(p))
			return false;
	}
	return true;
}

static bool path_fits(
    const struct shape *s, const struct template *path, const struct request *req, struct shape_found *found)
{
	struct str base = base_path(s->provider);
	struct str text = req->path;
	if (!path->n || !str_starts(text, base))
		return false;
	text = (struct str){text.p + base.n, text.n - base.n};
	return shape_match(path, text, true, found);
}

static bool number_of(const char *text, int64_t *ret)
{
	return text[0] && str_to_i64(str_of(text), ret);
}

static bool read_position(const struct paging *paging, const struct shape_found *f, struct shape_asked *ret)
{
	int64_t n = 0;
	if (f->size[0] && (!number_of(f->size, &ret->size) || ret->size < 1))
		return false;
	if (paging->strategy == PAGING_PAGE && number_of(f->number, &n)) {
		ret->by_page = true;
		ret->at = n - paging->first;
	} else if (paging->strategy == PAGING_OFFSET && number_of(f->offset, &n)) {
		ret->at = n - paging->first;
	} else if (f->cursor[0]) {
		return f->cursor[0] == 'c' && number_of(f->cursor + 1, &ret->at) && ret->at >= 0;
	}
	return ret->at >= 0;
}

static bool read_since(const struct resource *r, const char *text, int64_t *ret)
{
	char date[] = "2026-01-01T00:00:00Z";
	int64_t n = 0;
	switch (r->incremental.format) {
	case SINCE_RFC3339:
	case SINCE_RFC3339_MS:
	case SINCE_RFC3339_OFFSET:
		return clock_parse(str_of(text), false, ret);
	case SINCE_DATE:
		if (strlen(text) != 10)
			return false;
		memcpy(date, text, 10);
		return clock_parse(str_of(date), false, ret);
	case SINCE_EPOCH_S:
	case SINCE_EPOCH_MS:
		if (!number_of(text, &n))
			return false;
		*ret = n * (r->incremental.format == SINCE_EPOCH_S ? US_PER_S : 1000);
		return true;
	}
	return false;
}

static void read_found(const struct resource *r, const struct paging *paging, const struct request *req,
    struct shape_found *found, struct shape_asked *ret)
{
	char link[PARAM_MAX];
	memcpy(ret->account, found->account, sizeof ret->account);
	if (!read_position(paging, found, ret))
		ret->fault = "the page's size, place or cursor is none that this API gave out";
	if (found->since[0] && !read_since(r, found->since, &ret->since_us))
		ret->fault = "the time since when is written in another format";
	if (found->from[0] && !read_since(r, found->from, &ret->since_us))
		ret->fault = "where the window begins is written in another format";
	if (found->to[0] && !read_since(r, found->to, &ret->before_us))
		ret->fault = "where the window ends is written in another format";
	memcpy(ret->parent, found->parent, sizeof ret->parent);
	memcpy(ret->parent_key, found->parent_key, sizeof ret->parent_key);
	if (paging->strategy == PAGING_LINK && request_param(req->query, NEXT_PARAM, link) &&
	    !number_of(link, &ret->at))
		ret->fault = "the link is none that this API gave out";
	memcpy(ret->after, found->after, sizeof ret->after);
	ret->keys = found->keys;
	found->keys = BUF(0);
}

static bool ask_list(const struct shape *s, const struct resource *r, enum phase phase,
    const struct request *req, struct shape_asked *ret)
{
	const struct listing *list = &r->list[phase];
	struct shape_found found = {.keys = BUF(TEXT_MAX)};
	char link[PARAM_MAX];
	if (!list->plan)
		return false;
	bool by_link = list->paging->strategy == PAGING_LINK && request_param(req->query, NEXT_PARAM, link);
	bool fits = str_is(req->method, list->method == METHOD_POST ? "POST" : "GET") &&
	            path_fits(s, list->path, req, &found) && params_fit(list, req, by_link, &found);
	if (fits) {
		ret->call = phase == PHASE_DELETED  ? SHAPE_DELETIONS
		            : phase == PHASE_BY_KEY ? SHAPE_BEYOND
		                                    : SHAPE_RECORDS;
		ret->resource = r->name;
		read_found(r, list->paging, req, &found, ret);
	}
	buf_done(&found.keys);
	return fits;
}

static bool ask_resource(
    const struct shape *s, const struct resource *r, const struct request *req, struct shape_asked *ret)
{
	for (int phase = 0; phase < PHASE_COUNT; phase++)
		if (ask_list(s, r, (enum phase)phase, req, ret))
			return true;
	return false;
}

/* ---- tokens ---- */

static bool is_token_request(const struct shape *s, const struct request *req)
{
	struct provider as_base = {.base_url = s->provider->auth.token_url};
	return as_base.base_url.n && str_is(req->method, "POST") && str_eq(base_path(&as_base), req->path);
}

static void body_field(const struct request *req, const char *name, char ret[PARAM_MAX])
{
	const struct param field = {.in = PARAM_BODY, .name = name};
	AUTO(buf_done) struct buf value = BUF(TEXT_MAX);
	str_copy(ret, PARAM_MAX, sent(&field, req, &value) ? buf_text(&value) : "");
}

static void ask_token(const struct shape *s, const struct request *req, struct shape_asked *ret)
{
	char type[PARAM_MAX];
	char client[PARAM_MAX];
	bool json = req->body.n && req->body.p[0] == '{';
	ret->call = SHAPE_TOKEN;
	body_field(req, "grant_type", type);
	body_field(req, "client_id", client);
	body_field(req, "refresh_token", ret->credential);
	if (json != (s->provider->auth.body == BODY_JSON))
		ret->fault = "the body is not in the declared format";
	else if (strcmp(type, "refresh_token") != 0)
		ret->fault = "unsupported_grant_type";
	else if (!client[0] == (s->provider->auth.client == CLIENT_BODY))
		ret->fault = "invalid_client";
}

static void read_credential(const struct shape *s, const struct request *req, struct shape_asked *ret)
{
	const struct auth *auth = &s->provider->auth;
	AUTO(buf_done) struct buf token = BUF(TEXT_MAX);
	if (auth->kind == AUTH_NONE)
		return;
	struct str value = request_header(req, str_of(auth->header));
	struct str prefix = str_of(auth->prefix);
	if (!value.p || !str_starts(value, prefix))
		return;
	buf_add(&token, value.p + prefix.n, value.n - prefix.n);
	str_copy(ret->credential, PARAM_MAX, buf_text(&token));
}

void shape_ask(const struct shape *s, const struct request *req, struct shape_asked *ret)
{
	*ret = (struct shape_asked){.call = SHAPE_NOTHING, .since_us = INT64_MIN};
	if (is_token_request(s, req)) {
		ask_token(s, req, ret);
		return;
	}
	for (size_t i = 0; i < s->provider->resources.n && !ret->call; i++)
		if (ask_resource(s, &s->provider->resources.at[i], req, ret))
			read_credential(s, req, ret);
}

void shape_asked_done(struct shape_asked *asked)
{
	buf_done(&asked->keys);
}
