// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "base/clock.h"
#include "declared_shape_private.h"

#define NEXT_MARK "conform_from" /* what our own links carry */
#define RECORDS_MARK "@@records@@"

enum rc shape_load(const char *file, struct shape **ret, struct err *err)
{
	struct registry *registry = NULL;
	if (registry_load_file(file, &registry, err) != RC_OK)
		return err->rc;
	struct shape *s = mem_zalloc(sizeof *s);
	s->registry = registry;
	s->provider = registry_at(registry, 0);
	s->resources = mem_array(s->provider->resources.n, sizeof *s->resources);
	for (size_t i = 0; i < s->provider->resources.n; i++) {
		s->resources[i].declared = &s->provider->resources.at[i];
		shape_leaves_init(&s->resources[i]);
	}
	*ret = s;
	return RC_OK;
}

void shape_free(struct shape *s)
{
	if (!s)
		return;
	for (size_t i = 0; i < s->provider->resources.n; i++) {
		free(s->resources[i].leaves);
		free(s->resources[i].id_key);
		free(s->resources[i].text_key);
	}
	free(s->resources);
	registry_free(s->registry);
	free(s);
}

const struct shape_resource *shape_find(const struct shape *s, const char *resource)
{
	for (size_t i = 0; i < s->provider->resources.n; i++)
		if (strcmp(s->resources[i].declared->name, resource) == 0)
			return &s->resources[i];
	return NULL;
}

bool shape_serves(const struct shape *s, const char *resource)
{
	return shape_find(s, resource) != NULL;
}

bool shape_has_tokens(const struct shape *s)
{
	return s->provider->auth.kind != AUTH_NONE;
}

bool shape_counts(const struct shape *s, const char *resource)
{
	return shape_find(s, resource)->declared->paging.strategy < PAGING_CURSOR;
}

bool shape_rotates(const struct shape *s)
{
	return s->provider->auth.rotating;
}

/* ---- JSON by paths ---- */

/* "list.*.name": a list whose second element has it. False: the path leads through objects only. */
static bool put_in_list(json_object *root, const char *path, json_object *value)
{
	const char *star = strstr(path, ".*.");
	if (!star)
		return false;
	AUTO(mem_free_ptr) char *list_path = mem_strndup(path, (size_t)(star - path));
	json_object *list = json_object_new_array();
	json_object *element = json_object_new_object();
	shape_put(element, star + strlen(".*."), value);
	json_object_array_add(list, json_object_new_string("plain"));
	json_object_array_add(list, element);
	json_object_object_del(root, list_path); /* it takes the place of what its own column would have */
	shape_put(root, list_path, list);
	return true;
}

void shape_put(json_object *root, const char *path, json_object *value)
{
	if (put_in_list(root, path, value))
		return;
	struct str rest = str_of(path);
	json_object *at = root;
	for (;;) {
		struct str name = str_cut(&rest, '.');
		AUTO(mem_free_ptr) char *key = mem_strndup(name.p, name.n);
		json_object *child = NULL;
		bool last = rest.n == 0;
		if (last && !(json_object_object_get_ex(at, key, &child) &&
		                json_object_is_type(child, json_type_object)))
			json_object_object_add(at, key, value);
		else if (last) /* members of it are declared too, and they are its value */
			json_object_put(value);
		if (last)
			return;
		if (!json_object_object_get_ex(at, key, &child) ||
		    !json_object_is_type(child, json_type_object)) {
			child = json_object_new_object();
			json_object_object_add(at, key, child);
		}
		at = child;
	}
}

static void put_text(json_object *root, const char *path, const char *text)
{
	shape_put(root, path, json_object_new_string(text));
}

/* ---- pages ---- */

/* The request's own URL, from another record on. */
static void write_link(const struct shape_page *page, struct buf *ret)
{
	const struct request *req = page->request;
	struct str query = req->query;
	struct str host = request_header(req, STR("Host"));
	buf_printf(ret, "http://%.*s%.*s?", STR_ARG(host), STR_ARG(req->path));
	while (query.n) {
		struct str pair = str_cut(&query, '&');
		if (!str_starts(pair, STR(NEXT_MARK "=")))
			buf_printf(ret, "%.*s&", STR_ARG(pair));
	}
	buf_printf(ret, NEXT_MARK "=%" PRId64, page->next);
}

static void write_next(const struct paging *paging, const struct shape_page *page, struct buf *ret)
{
	if (paging->strategy == PAGING_LINK)
		write_link(page, ret);
	else
		buf_printf(ret, "c%" PRId64, page->next);
}

static void put_next(json_object *root, const struct paging *paging, const struct shape_page *page)
{
	AUTO(buf_done) struct buf next = BUF(64u << 10);
	if (page->more) {
		write_next(paging, page, &next);
		put_text(root, paging->next, buf_text(&next));
	} else if (page->total % 2) { /* absent and null both mean that there is none */
		shape_put(root, paging->next, NULL);
	}
}

static void put_envelope(
    json_object *root, const struct resource *r, const struct paging *paging, const struct shape_page *page)
{
	char now[CLOCK_TEXT_LEN + 1];
	if (paging->next && paging->strategy >= PAGING_CURSOR)
		put_next(root, paging, page);
	if (paging->more)
		shape_put(root, paging->more, json_object_new_boolean(page->more));
	if (paging->total)
		shape_put(root, paging->total, json_object_new_int64(page->total));
	clock_format(page->now_us, now);
	if (page->call != SHAPE_DELETIONS && r->incremental.path)
		put_text(root, r->incremental.path, now);
}

static void write_headers(const struct paging *paging, const struct shape_page *page, struct buf *ret)
{
	if (!paging->next_header || !page->more)
		return;
	AUTO(buf_done) struct buf next = BUF(64u << 10);
	write_next(paging, page, &next);
	if (str_eq_nocase(str_of(paging->next_header), STR("Link")))
		buf_printf(ret, "Link: <%s>; rel=\"next\"\r\n", buf_text(&next));
	else
		buf_printf(ret, "%s: %s\r\n", paging->next_header, buf_text(&next));
}

void shape_envelope(const struct shape *s, const struct shape_page *page, struct buf *before,
    struct buf *after, struct buf *headers)
{
	const struct resource *r = shape_find(s, page->resource)->declared;
	const struct listing *list = &r->list[page->call == SHAPE_DELETIONS ? PHASE_DELETED
	                                      : page->call == SHAPE_BEYOND  ? PHASE_BY_KEY
	                                                                    : PHASE_RECORDS];
	const struct paging *paging = list->paging;
	const char *records = list->records;
	write_headers(paging, page, headers);
	if (!records || !records[0]) {
		buf_add_char(before, '[');
		buf_add_char(after, ']');
		return;
	}
	json_object *root = json_object_new_object();
	put_envelope(root, r, paging, page);
	put_text(root, records, RECORDS_MARK);
	struct str text = str_of(json_object_to_json_string_ext(root, JSON_C_TO_STRING_NOSLASHESCAPE));
	const char *mark = memmem(text.p, text.n, "\"" RECORDS_MARK "\"", sizeof RECORDS_MARK + 1);
	assert(mark);
	buf_add(before, text.p, (size_t)(mark - text.p));
	buf_add_char(before, '[');
	buf_add_char(after, ']');
	const char *rest = mark + sizeof RECORDS_MARK + 1;
	buf_add(after, rest, (size_t)(text.p + text.n - rest));
	json_object_put(root);
}

/* ---- tokens ---- */

void shape_grant(const struct shape *s, const struct shape_grant *grant, struct buf *ret)
{
	const struct auth *auth = &s->provider->auth;
	json_object *root = json_object_new_object();
	bool ms = auth->expires_in_unit != DURATION_S;
	put_text(root, auth->access_token.at[0], grant->access);
	if (auth->rotating && auth->refresh_token.n)
		put_text(root, auth->refresh_token.at[0], grant->refresh);
	if (auth->expires_in.n)
		shape_put(
		    root, auth->expires_in.at[0], json_object_new_int64(grant->life_s * (ms ? 1000 : 1)));
	if (auth->expires_in_unit == DURATION_AUTO)
		shape_put(root, "expires_in_sec", json_object_new_int64(grant->life_s));
	put_text(root, "token_type", "bearer");
	for (size_t i = 0; i < auth->settings.n; i++) {
		AUTO(mem_free_ptr) char *value = mem_printf("conform-%s", auth->settings.at[i].setting);
		put_text(root, auth->settings.at[i].path, value);
	}
	buf_add_text(ret, json_object_to_json_string_ext(root, JSON_C_TO_STRING_NOSLASHESCAPE));
	json_object_put(root);
}
