// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "base/clock.h"
#include "base/json.h"
#include "declared_shape_private.h"

#define NEXT_PARAM "conform_from"
#define BODY_DEPTH 8
#define US_PER_S 1000000

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
	default:
		return NULL;
	}
}

static int hex_digit(char c)
{
	return c >= '0' && c <= '9'   ? c - '0'
	       : c >= 'A' && c <= 'F' ? c - 'A' + 10
	       : c >= 'a' && c <= 'f' ? c - 'a' + 10
	                              : -1;
}

static void keep(struct str value, bool encoded, char ret[PARAM_MAX])
{
	size_t n = 0;
	for (size_t i = 0; i < value.n && n + 1 < PARAM_MAX; i++) {
		bool code = encoded && value.p[i] == '%' && i + 2 < value.n;
		int high = code ? hex_digit(value.p[i + 1]) : -1;
		int low = code ? hex_digit(value.p[i + 2]) : -1;
		ret[n++] = high >= 0 && low >= 0 ? (char)(high * 16 + low) : value.p[i];
		i += high >= 0 && low >= 0 ? 2 : 0;
	}
	ret[n] = '\0';
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
			char *to = found_text(found, part->variable);
			if (to)
				keep((struct str){text.p, n}, is_path, to);
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

/* ---- one resource's request ---- */

/* The parameter as it was sent, or false. */
static bool sent(const struct param *p, const struct request *req, char ret[PARAM_MAX])
{
	if (p->in == PARAM_QUERY)
		return request_param(req->query, p->name, ret);
	if (p->in == PARAM_HEADER) {
		struct str value = request_header(req, str_of(p->name));
		keep(value.p ? value : STR(""), false, ret);
		return value.p != NULL;
	}
	if (!req->body.n || req->body.p[0] != '{')
		return request_param(req->body, p->name, ret);
	AUTO(json_put_ptr) json_object *doc = NULL;
	json_object *value = NULL;
	if (json_parse(req->body, PARAM_MAX * 16, BODY_DEPTH, &doc, NULL) != RC_OK ||
	    !json_object_object_get_ex(doc, p->name, &value))
		return false;
	keep(str_of(json_object_get_string(value)), false, ret);
	return true;
}

static bool is_constant(const struct param *p)
{
	for (size_t i = 0; i < p->value.n; i++)
		if (p->value.part[i].variable != TEMPLATE_LITERAL)
			return false;
	return p->when == WHEN_ALWAYS;
}

/* A link's request is whatever the link said, so only other requests have to bring the constants. */
static bool params_fit(
    const struct param *params, size_t n, const struct request *req, bool by_link, struct shape_found *found)
{
	char value[PARAM_MAX];
	for (size_t i = 0; i < n; i++) {
		bool there = sent(&params[i], req, value);
		if (there && !shape_match(&params[i].value, str_of(value), false, found))
			return false;
		if (!there && !by_link && is_constant(&params[i]))
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
    const struct shape_found *found, struct shape_asked *ret)
{
	char link[PARAM_MAX];
	memcpy(ret->account, found->account, sizeof ret->account);
	ret->since_us = INT64_MIN;
	if (!read_position(paging, found, ret))
		ret->fault = "the page's size, place or cursor is none that this API gave out";
	if (found->since[0] && !read_since(r, found->since, &ret->since_us))
		ret->fault = "the time since when is written in another format";
	if (paging->strategy == PAGING_LINK && request_param(req->query, NEXT_PARAM, link) &&
	    !number_of(link, &ret->at))
		ret->fault = "the link is none that this API gave out";
}

static bool ask_resource(
    const struct shape *s, const struct resource *r, const struct request *req, struct shape_asked *ret)
{
	struct shape_found found = {0};
	char link[PARAM_MAX];
	bool by_link = r->paging.strategy == PAGING_LINK && request_param(req->query, NEXT_PARAM, link);
	const struct deletion *d = &r->deletion;
	if (str_is(req->method, r->method == METHOD_POST ? "POST" : "GET") &&
	    path_fits(s, &r->path, req, &found) &&
	    params_fit(r->params.at, r->params.n, req, by_link, &found)) {
		ret->call = SHAPE_RECORDS;
		ret->resource = r->name;
		read_found(r, &r->paging, req, &found, ret);
		return true;
	}
	found = (struct shape_found){0};
	if (d->strategy != DELETION_FEED || !str_is(req->method, "GET") ||
	    !path_fits(s, &d->path, req, &found) ||
	    !params_fit(d->params.at, d->params.n, req, false, &found))
		return false;
	ret->call = SHAPE_DELETIONS;
	ret->resource = r->name;
	read_found(r, &d->paging, req, &found, ret);
	return true;
}

/* ---- tokens ---- */

static bool is_token_request(const struct shape *s, const struct request *req)
{
	struct template url = s->provider->auth.token_url;
	struct provider as_base = {.base_url = url};
	return url.n && str_is(req->method, "POST") && str_eq(base_path(&as_base), req->path);
}

static void text_field(
    const struct shape *s, const struct request *req, const char *name, char ret[PARAM_MAX])
{
	const struct param field = {.in = PARAM_BODY, .name = name};
	(void)s;
	if (!sent(&field, req, ret))
		ret[0] = '\0';
}

static void ask_token(const struct shape *s, const struct request *req, struct shape_asked *ret)
{
	char type[PARAM_MAX];
	char client[PARAM_MAX];
	bool json = req->body.n && req->body.p[0] == '{';
	ret->call = SHAPE_TOKEN;
	text_field(s, req, "grant_type", type);
	text_field(s, req, "client_id", client);
	text_field(s, req, "refresh_token", ret->credential);
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
	if (auth->kind == AUTH_NONE)
		return;
	struct str value = request_header(req, str_of(auth->header));
	struct str prefix = str_of(auth->prefix);
	if (value.p && str_starts(value, prefix))
		keep((struct str){value.p + prefix.n, value.n - prefix.n}, false, ret->credential);
}

void shape_ask(const struct shape *s, const struct request *req, struct shape_asked *ret)
{
	*ret = (struct shape_asked){.call = SHAPE_NOTHING};
	if (is_token_request(s, req)) {
		ask_token(s, req, ret);
		return;
	}
	for (size_t i = 0; i < s->provider->resources.n && !ret->call; i++)
		if (ask_resource(s, &s->provider->resources.at[i], req, ret))
			read_credential(s, req, ret);
}
