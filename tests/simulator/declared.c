// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "api_private.h"
#include "base/clock.h"
#include "declared.h"
#include "declared_shape.h"
#include "token.h"

#define PAGE_SIZE 50 /* when nothing is asked for */
#define CREDENTIAL_MAX (PARAM_MAX + 16)

static struct shape *shape;

/* ---- records ---- */

static bool serving; /* a page, and not what somebody asks there is */

static const struct resource *resource_find(const struct account *account, const char *name)
{
	const struct resource *r = account->resources;

	while (r && strcmp(r->name, name) != 0)
		r = r->next;
	return r;
}

/* How many: as many as there are records of that resource, or elements of a setting. */
static uint64_t parents_of(const struct account *account, const char *parent)
{
	const struct resource *r = resource_find(account, parent);

	if (!parent[0])
		return script_parents(account);
	return r ? r->records : 0;
}

/* A record's facts, and its parent's. */
struct family {
	struct shape_facts facts;
	struct shape_facts parent;
};

static void family_of(
    const struct account *account, const struct resource *resource, uint64_t i, struct family *ret)
{
	struct times t = record_times(account, resource, i);
	const char *parent = shape_parent(shape, resource->name);
	uint64_t parents = parent ? parents_of(account, parent) : 0;

	ret->facts = (struct shape_facts){account->salt, i, t.revision, t.created_s, t.updated_s, 0,
	    parents ? i % parents : 0, &ret->parent, !serving};
	const struct resource *of = parents ? resource_find(account, parent) : NULL;
	if (!of)
		return;
	struct times p = record_times(account, of, ret->facts.parent);
	ret->parent = (struct shape_facts){
	    account->salt, ret->facts.parent, p.revision, p.created_s, p.updated_s, 0, 0, NULL, false};
}

static void record(struct account *account, struct resource *resource, uint64_t i, struct buf *ret)
{
	struct family family;

	family_of(account, resource, i, &family);
	shape_record(shape, resource->name, &family.facts, ret);
}

static void record_id(struct account *account, struct resource *resource, uint64_t i, struct buf *ret)
{
	struct family family;

	family_of(account, resource, i, &family);
	shape_id(shape, resource->name, &family.facts, ret);
}

/* ---- pages ---- */

static void add_headers(struct answer *answer, const char *lines)
{
	size_t n = strlen(answer->headers);

	str_copy(answer->headers + n, sizeof answer->headers - n, lines);
}

/* The entries of the feed from `from` to before `to`, of those that are new enough. */
static uint64_t write_deletions(struct simulator *sim, struct exchange *ex, uint64_t from, uint64_t to)
{
	const struct resource *r = ex->resource;
	uint64_t n = 0;

	for (size_t k = 0; k < r->removed_n; k++) {
		if (r->removed[k].removed_s * US_PER_S < ex->window.of.updated_since_us)
			continue;
		if (n >= from && n < to) {
			struct family family;

			family_of(ex->account, r, r->removed[k].i, &family);
			family.facts.deleted_s = r->removed[k].removed_s;
			buf_add_text(&sim->body, n > from ? "," : "");
			shape_deleted(shape, r->name, &family.facts, &sim->body);
		}
		n++;
	}
	return n;
}

static uint64_t count_of(struct simulator *sim, struct exchange *ex)
{
	if (ex->declared_call == SHAPE_DELETIONS)
		return write_deletions(sim, ex, 0, 0);
	return view_get(ex->account, ex->resource, &ex->window.of)->n;
}

static void write_page(struct simulator *sim, struct exchange *ex)
{
	const struct window *w = &ex->window;
	uint64_t n = count_of(sim, ex);
	bool counts = shape_counts(shape, ex->resource->name);
	uint64_t from = MIN(counts ? page_loop_start(w) : w->start, n);
	uint64_t to = MIN(n, from + MIN(w->limit, n - from));
	uint64_t next = w->empty ? w->asked : w->asked + w->limit;
	AUTO(buf_done) struct buf after = BUF(BODY_MAX);
	AUTO(buf_done) struct buf headers = BUF(HEADERS_MAX);

	if (w->loop)
		next = w->loop_to < 0 ? w->start : (uint64_t)w->loop_to;
	struct shape_page page = {.request = &ex->req,
	    .resource = ex->resource->name,
	    .call = (enum shape_call)ex->declared_call,
	    .more = next < n || w->loop,
	    .next = (int64_t)next,
	    .total = (int64_t)(w->loop ? n + w->asked + 2 * w->limit : n),
	    .now_us = ex->began_ms * 1000};
	shape_envelope(shape, &page, &sim->body, &after, &headers);
	serving = true;
	if (ex->declared_call == SHAPE_DELETIONS)
		(void)write_deletions(sim, ex, from, to);
	else
		page_records(sim, ex, from, to);
	serving = false;
	buf_add_str(&sim->body, buf_str(&after));
	add_headers(&ex->answer, buf_text(&headers));
}

static void write_scripted(struct simulator *sim, struct exchange *ex, const struct script_answer *a)
{
	ex->answer.status = (int)a->status;
	add_headers(&ex->answer, a->headers);
	buf_add_text(&sim->body, a->body);
}

static void page(struct simulator *sim, struct exchange *ex)
{
	const struct script_answer *scripted = script_next(ex);

	if (scripted)
		write_scripted(sim, ex, scripted);
	else
		write_page(sim, ex);
}

static struct api api = {
    .name = "declared",
    .expired_status = 401,
    .expired_body = "{\"error\":\"invalid_token\"}",
    .unauthorized_status = 401,
    .unauthorized_body = "{\"error\":\"invalid_token\"}",
    .page = page,
    .record = record,
    .id = record_id,
};

const struct api *declared_api(struct str resource)
{
	AUTO(mem_free_ptr) char *name = mem_strndup(resource.p, resource.n);

	if (!shape || !shape_serves(shape, name))
		return NULL;
	/* One request is made at a time, so what dials look for may be the last resource's. */
	api.id_key = shape_id_key(shape, name);
	api.text_key = shape_text_key(shape, name);
	return &api;
}

/* ---- the token endpoint ---- */

static bool credential_split(const char *text, const char *prefix, struct str *ret_name, int64_t *ret_n)
{
	size_t skip = strlen(prefix);
	const char *dash = strrchr(text, '-');

	if (strncmp(text, prefix, skip) != 0 || !dash || dash < text + skip)
		return false;
	*ret_name = (struct str){text + skip, (size_t)(dash - text) - skip};
	return account_name_ok(*ret_name) && str_to_i64(str_of(dash + 1), ret_n);
}

/* Last, as in token.c: what is lost on the way is spent all the same. */
static void issue(struct simulator *sim, struct exchange *ex)
{
	const struct script_answer *scripted = script_next(ex);
	struct account *a = ex->account;
	char access[ACCOUNT_NAME_MAX + 16];
	char refresh[ACCOUNT_NAME_MAX + 16];

	if (scripted) {
		write_scripted(sim, ex, scripted);
		return;
	}
	if (shape_rotates(shape) && ex->window.start != a->token) {
		sim->traffic.count.bad_refresh++;
		answer_text(sim, ex, 400, "{\"error\":\"invalid_grant\"}");
		return;
	}
	a->token++;
	a->token_at_ms = clock_unix_us() / 1000;
	a->token_expired = false;
	sim->traffic.count.tokens++;
	snprintf(access, sizeof access, "at-%s-%u", a->name, a->token);
	snprintf(refresh, sizeof refresh, "rt-%s-%u", a->name, a->token);
	shape_grant(shape, &(struct shape_grant){access, refresh, a->expires_in_s}, &sim->body);
}

static const struct api TOKENS = {
    .name = "declared tokens",
    .expired_status = 400,
    .expired_body = "{\"error\":\"invalid_grant\"}",
    .unauthorized_status = 400,
    .unauthorized_body = "{\"error\":\"invalid_grant\"}",
    .page = issue,
};

static void token_call(struct simulator *sim, struct exchange *ex, const struct shape_asked *asked)
{
	struct str name;
	int64_t n = 0;

	if (!asked->fault && credential_split(asked->credential, "rt-", &name, &n))
		ex->account = account_find(&sim->accounts, name);
	if (!ex->account) {
		answer_error(sim, ex, 400, asked->fault ? asked->fault : "invalid_grant");
		return;
	}
	ex->api = &TOKENS;
	ex->resource = resource_get(&sim->accounts, ex->account, STR(TOKEN_RESOURCE));
	ex->window.start = (uint64_t)n;
}

/* ---- requests ---- */

/* False, and a refusal, unless the request comes from a known account with a good token. */
static bool admit(struct simulator *sim, struct exchange *ex, const struct shape_asked *asked)
{
	char bearer[CREDENTIAL_MAX];

	if (!shape_has_tokens(shape)) {
		ex->account = account_find(&sim->accounts, str_of(asked->account));
		if (!ex->account)
			answer_error(sim, ex, 404, "no such account");
		return ex->account != NULL;
	}
	snprintf(bearer, sizeof bearer, "bearer %s", asked->credential);
	ex->req.authorization = str_of(bearer);
	bool good = token_admit(sim, ex);
	ex->req.authorization = (struct str){0};
	if (good && asked->account[0] && !str_is(str_of(asked->account), ex->account->name)) {
		answer_error(sim, ex, 404, "no such account");
		return false;
	}
	return good;
}

/* The first position in the view whose record is behind index `i`. */
static uint64_t position_behind(const struct view *view, int64_t i)
{
	uint64_t k = 0;

	while (k < view->n && (int64_t)view_at(view, k) <= i)
		k++;
	return k;
}

/* Records by key: those behind one, or those of a list of keys, which are neighbours. */
static void select_by_key(struct exchange *ex, const struct shape_asked *asked)
{
	const struct view *view = view_get(ex->account, ex->resource, &ex->window.of);
	struct str keys = buf_str(&asked->keys);
	struct str first = str_cut(&keys, ',');
	struct str last = first;

	if (asked->after[0])
		ex->window.start = position_behind(
		    view, shape_index(shape, asked->resource, str_of(asked->after)));
	if (!first.n)
		return;
	while (keys.n)
		last = str_cut(&keys, ',');
	ex->window.start = position_behind(view, shape_index(shape, asked->resource, first) - 1);
	ex->window.limit = position_behind(view, shape_index(shape, asked->resource, last)) -
	                   ex->window.start;
}

/* The parent that the request names; false: there is none like it. */
static bool select_parent(struct exchange *ex, const struct shape_asked *asked)
{
	const char *parent = shape_parent(shape, asked->resource);
	struct selection *of = &ex->window.of;

	if (!parent)
		return true;
	of->parents = parents_of(ex->account, parent);
	for (of->parent = 0; of->parent < of->parents; of->parent++) {
		AUTO(buf_done) struct buf text = BUF(BODY_MAX);
		struct family family;

		family_of(ex->account, ex->resource, of->parent, &family);
		shape_parent_key(shape, asked->resource, asked->parent_key, &family.facts, &text);
		if (str_is(buf_str(&text), asked->parent))
			return true;
	}
	return false;
}

/* All that is old lies in the oldest window, so that a walk finds its pages there. */
static void date_records(const struct account *account, struct resource *r)
{
	int64_t step_s;
	int64_t back_s;

	if (r->step_s || !shape_windows(shape, r->name, &step_s, &back_s))
		return;
	r->first_s = account->made_s - back_s + step_s / 10;
	r->step_s = MAX(step_s * 8 / 10 / MAX((int64_t)r->records, 1), 1);
}

static void list_call(struct simulator *sim, struct exchange *ex, const struct shape_asked *asked)
{
	uint64_t size = asked->size ? (uint64_t)asked->size : PAGE_SIZE;

	ex->api = declared_api(str_of(asked->resource));
	if (!admit(sim, ex, asked))
		return;
	ex->resource = resource_get(&sim->accounts, ex->account, str_of(asked->resource));
	if (asked->fault) {
		answer_error(sim, ex, 400, asked->fault);
		return;
	}
	if (!select_parent(ex, asked)) {
		answer_error(sim, ex, 404, "no such parent");
		return;
	}
	date_records(ex->account, ex->resource);
	uint64_t most = script_page_max(ex->account);
	ex->declared_call = (int)asked->call;
	ex->window.limit = most ? MIN(size, most) : size;
	ex->window.start = (uint64_t)asked->at * (asked->by_page ? ex->window.limit : 1);
	ex->window.of.order = ORDER_ID;
	ex->window.of.updated_since_us = asked->since_us;
	ex->window.of.updated_before_us = asked->before_us;
	select_by_key(ex, asked);
	ex->window.asked = ex->window.start;
}

bool declared_begin(struct simulator *sim, struct exchange *ex)
{
	AUTO(shape_asked_done) struct shape_asked asked = {0};

	if (!shape)
		return false;
	shape_ask(shape, &ex->req, &asked);
	if (asked.call == SHAPE_TOKEN)
		token_call(sim, ex, &asked);
	else if (asked.call != SHAPE_NOTHING)
		list_call(sim, ex, &asked);
	return asked.call != SHAPE_NOTHING;
}

enum rc declared_init(const char *file, struct err *err)
{
	return file ? shape_load(file, &shape, err) : RC_OK;
}

void declared_done(void)
{
	script_clear();
	shape_free(shape);
	shape = NULL;
}
