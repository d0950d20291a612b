// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "base/clock.h"
#include "api.h"
#include "api_private.h"
#include "zoho.h"

#include <xxhash.h>

#define PER_PAGE_MAX 200
#define FIELDS_MAX 50
#define IDS_MAX 100
#define TOKEN_TEXT 48

/* Where a page token leads: it is of one list with its parameters, and of one time. */
struct page_token {
	uint64_t bound; /* hash of everything that must not change */
	uint64_t index; /* of the first record that is not before the page */
	uint64_t seen;  /* records before the page */
	int64_t issued_s;
	uint64_t number; /* of the page, so that no two tokens are the same */
};

static uint64_t bound_of(const struct exchange *ex)
{
	static const char *const names[] = {
	    "fields", "per_page", "sort_by", "sort_order", "converted", "cvid", "territory_id"};
	uint64_t h = XXH3_64bits_withSeed(ex->resource->name, strlen(ex->resource->name), ex->account->salt);
	char value[PARAM_MAX];

	for (size_t k = 0; k < ARRAY_SIZE(names); k++)
		if (request_param(ex->req.query, names[k], value))
			h = XXH3_64bits_withSeed(value, strlen(value), h + k);
	return XXH3_64bits_withSeed(ex->req.if_modified_since.p, ex->req.if_modified_since.n, h);
}

static void token_write(const struct page_token *t, struct buf *ret)
{
	buf_printf(ret, "%016" PRIx64 "%08" PRIx64 "%08" PRIx64 "%010" PRIx64 "%06" PRIx64, t->bound,
	    t->index, t->seen, (uint64_t)t->issued_s, t->number);
}

static bool hex_read(const char **at, size_t n, uint64_t *ret)
{
	char text[17];
	char *end;

	memcpy(text, *at, n);
	text[n] = '\0';
	*at += n;
	*ret = strtoull(text, &end, 16);
	return !*end;
}

static bool token_read(const char *text, struct page_token *ret)
{
	uint64_t issued = 0;

	if (strlen(text) != TOKEN_TEXT)
		return false;
	bool ok = hex_read(&text, 16, &ret->bound) && hex_read(&text, 8, &ret->index) &&
	          hex_read(&text, 8, &ret->seen) && hex_read(&text, 10, &issued) &&
	          hex_read(&text, 6, &ret->number);
	ret->issued_s = (int64_t)issued;
	return ok;
}

/* ---- what is asked for ---- */

static bool refuse(
    struct simulator *sim, struct exchange *ex, const char *code, const char *param, const char *message)
{
	char details[128];

	snprintf(details, sizeof details, "{\"param_name\":\"%s\"}", param);
	zoho_fail(sim, ex, 400, code, details, message);
	return false;
}

static size_t list_count(const char *list)
{
	size_t n = 1;

	for (; *list; list++)
		n += *list == ',';
	return n;
}

static bool fields_check(struct simulator *sim, struct exchange *ex)
{
	char fields[PARAM_MAX];

	if (!request_param(ex->req.query, "fields", fields) || !fields[0])
		return refuse(
		    sim, ex, "REQUIRED_PARAM_MISSING", "fields", "One of the expected parameter is missing");
	if (list_count(fields) <= FIELDS_MAX)
		return true;
	zoho_fail(sim, ex, 400, "LIMIT_EXCEEDED", "{\"limit\":50,\"param_name\":\"fields\"}",
	    "You can specify up to 50 fields only");
	return false;
}

static bool lead_unconverted(const struct account *account, uint64_t i)
{
	return !zoho_lead_converted(account, i);
}

/* Converted leads are shown when asked for only. */
static void converted_read(struct exchange *ex)
{
	char text[PARAM_MAX] = "false";

	request_param(ex->req.query, "converted", text);
	if (strcmp(ex->resource->name, "leads") != 0 || strcmp(text, "both") == 0)
		return;
	ex->window.of.keep = strcmp(text, "true") == 0 ? zoho_lead_converted : lead_unconverted;
}

static bool order_read(struct exchange *ex)
{
	struct selection *of = &ex->window.of;
	char by[PARAM_MAX] = "id";
	char order[PARAM_MAX] = "desc";

	request_param(ex->req.query, "sort_by", by);
	request_param(ex->req.query, "sort_order", order);
	of->order = strcmp(by, "Modified_Time") == 0 ? ORDER_UPDATED : ORDER_ID;
	of->descending = strcmp(order, "desc") == 0;
	return (strcmp(by, "id") == 0 || strcmp(by, "Modified_Time") == 0 ||
	           strcmp(by, "Created_Time") == 0) &&
	       (of->descending || strcmp(order, "asc") == 0);
}

/* By id upwards a token goes on behind a record, whatever came and went before it; else by position. */
static bool is_keyed(const struct selection *of)
{
	return of->order == ORDER_ID && !of->descending;
}

static uint64_t position_of(struct exchange *ex)
{
	const struct window *w = &ex->window;
	const struct view *view = view_get(ex->account, ex->resource, &w->of);

	return is_keyed(&w->of) ? zoho_position(view, w->key) : w->key;
}

static bool token_use(struct simulator *sim, struct exchange *ex, const char *text)
{
	const struct zoho_settings *z = &ex->account->zoho;
	struct page_token t;

	if (!token_read(text, &t))
		return refuse(
		    sim, ex, "INVALID_DATA", "page_token", "the page_token given seems to be invalid");
	if (t.bound != bound_of(ex))
		return refuse(sim, ex, "TOKEN_BOUND_DATA_MISMATCH", "page_token",
		    "The given parameters do not match those of the page_token");
	if (clock_unix_us() / US_PER_S >= t.issued_s + z->page_token_life_s)
		return refuse(sim, ex, "EXPIRED_VALUE", "page_token", "The given page_token is expired");
	ex->window.key = t.index;
	ex->window.seen = t.seen;
	ex->window.number = t.number;
	if (t.seen + ex->window.limit <= (uint64_t)z->token_cap)
		return true;
	return refuse(sim, ex, "PAGINATION_LIMIT_EXCEEDED", "page_token",
	    "You have reached the maximum number of records that can be fetched with page_token");
}

static bool page_use(struct simulator *sim, struct exchange *ex)
{
	struct window *w = &ex->window;
	int64_t page = 1;

	if (!request_number(ex->req.query, "page", 1, INT32_MAX, &page))
		return refuse(sim, ex, "INVALID_DATA", "page", "invalid data");
	if ((uint64_t)page * w->limit > (uint64_t)ex->account->zoho.page_cap)
		return refuse(sim, ex, "DISCRETE_PAGINATION_LIMIT_EXCEEDED", "page",
		    "The records beyond 2000 can be fetched with page_token only");
	w->number = (uint64_t)page - 1;
	w->key = w->seen = w->number * w->limit;
	if (is_keyed(&w->of)) {
		const struct view *view = view_get(ex->account, ex->resource, &w->of);

		w->key = w->seen < view->n ? view_at(view, w->seen) : ex->resource->records;
	}
	return true;
}

static bool window_read(struct simulator *sim, struct exchange *ex)
{
	char text[PARAM_MAX], page[PARAM_MAX];
	int64_t limit = PER_PAGE_MAX;
	bool token = request_param(ex->req.query, "page_token", text);

	if (!zoho_since_read(ex))
		return refuse(sim, ex, "INVALID_DATA", "If-Modified-Since", "invalid data");
	if (!request_number(ex->req.query, "per_page", 1, PER_PAGE_MAX, &limit))
		return refuse(sim, ex, "INVALID_DATA", "per_page", "invalid data");
	if (!order_read(ex))
		return refuse(sim, ex, "INVALID_DATA", "sort_by", "invalid data");
	converted_read(ex);
	ex->window.limit = (uint64_t)limit;
	if (token && request_param(ex->req.query, "page", page))
		return refuse(
		    sim, ex, "AMBIGUITY_DURING_PROCESSING", "page", "page and page_token exclude each other");
	return token ? token_use(sim, ex, text) : page_use(sim, ex);
}

void zoho_list_begin(struct simulator *sim, struct exchange *ex)
{
	char ids[PARAM_MAX];

	ex->api = &ZOHO;
	if (!zoho_admit(sim, ex, ex->args[0]) || !fields_check(sim, ex) || !window_read(sim, ex))
		return;
	if (request_param(ex->req.query, "ids", ids) && list_count(ids) > IDS_MAX)
		zoho_fail(sim, ex, 400, "LIMIT_EXCEEDED", "{\"limit\":100,\"param_name\":\"ids\"}",
		    "You can specify up to 100 ids only");
	ex->window.start = position_of(ex);
}

/* ---- the page ---- */

static bool has_all(const struct zoho_module *module, const char *fields)
{
	static struct {
		const struct zoho_module *module;
		uint64_t hash;
	} last;
	uint64_t hash = XXH3_64bits(fields, strlen(fields));
	struct str rest = str_of(module->fields);

	if (last.module == module && last.hash == hash)
		return true;
	while (rest.n)
		if (!zoho_list_has(fields, str_cut(&rest, ',')))
			return false;
	last.module = module;
	last.hash = hash;
	return true;
}

static void records_add(struct simulator *sim, struct exchange *ex, uint64_t from, uint64_t to)
{
	const struct view *view = view_get(ex->account, ex->resource, &ex->window.of);
	char fields[PARAM_MAX] = "";

	request_param(ex->req.query, "fields", fields);
	if (has_all(zoho_module_of(ex->resource), fields)) {
		page_records(sim, ex, from, to);
		return;
	}
	for (uint64_t k = from; k < to; k++) {
		if (k > from)
			buf_add_char(&sim->body, ',');
		zoho_record_part(ex, view_at(view, k), fields, false, &sim->body);
	}
	sim->traffic.count.records += to - from;
}

static void info_add(struct simulator *sim, struct exchange *ex, uint64_t count, uint64_t next, bool more)
{
	const struct window *w = &ex->window;
	const struct view *view = view_get(ex->account, ex->resource, &w->of);
	struct page_token t = {.bound = bound_of(ex),
	    .index = !is_keyed(&w->of) ? next
	             : next < view->n  ? view_at(view, next)
	                               : ex->resource->records,
	    .seen = w->seen + (w->empty ? 0 : w->limit),
	    .issued_s = clock_unix_us() / US_PER_S,
	    .number = w->number + 1};
	char expiry[26];

	zoho_time(ex->account, t.issued_s + ex->account->zoho.page_token_life_s, expiry);
	buf_printf(&sim->body, "],\"info\":{\"per_page\":%" PRIu64 ",\"next_page_token\":", w->limit);
	if (more) {
		buf_add_char(&sim->body, '"');
		token_write(&t, &sim->body);
		buf_printf(&sim->body, "\",\"page_token_expiry\":\"%s\"", expiry);
	} else {
		buf_add_text(&sim->body, "null,\"page_token_expiry\":null");
	}
	buf_printf(&sim->body,
	    ",\"count\":%" PRIu64 ",\"sort_by\":\"id\",\"page\":%" PRIu64
	    ",\"previous_page_token\":null,\"sort_order\":\"%s\",\"more_records\":%s}}",
	    count, w->number + 1, w->of.descending ? "desc" : "asc", more ? "true" : "false");
}

/* The records of `ids`, in the order of their ids. */
static void ids_page(struct simulator *sim, struct exchange *ex, const char *ids)
{
	const struct view *view = view_get(ex->account, ex->resource, &ex->window.of);
	const struct zoho_module *module = zoho_module_of(ex->resource);
	struct str rest = str_of(ids);
	uint64_t n = 0;

	buf_add_text(&sim->body, "{\"data\":[");
	while (rest.n) {
		uint64_t i = 0;
		struct str id = str_cut(&rest, ',');
		if (!zoho_id_index(ex->account, module->digit, id, &i))
			continue;
		uint64_t k = zoho_position(view, i);
		if (k == view->n || view_at(view, k) != i)
			continue;
		if (n++)
			buf_add_char(&sim->body, ',');
		records_add(sim, ex, k, k + 1);
	}
	if (n)
		info_add(sim, ex, n, view->n, false);
	else
		zoho_answer_nothing(sim, ex);
}

void zoho_list_page(struct simulator *sim, struct exchange *ex)
{
	struct window *w = &ex->window;
	const struct view *view = view_get(ex->account, ex->resource, &w->of);
	char ids[PARAM_MAX];

	if (request_param(ex->req.query, "ids", ids)) {
		w->of.descending = false;
		ids_page(sim, ex, ids);
		return;
	}
	if (w->start == w->asked)
		w->start = w->asked = position_of(ex);
	uint64_t from = MIN(w->start, view->n);
	uint64_t to = MIN(view->n, from + w->limit);
	uint64_t next = w->empty ? w->asked : w->asked + w->limit;

	if (from == to && !w->loop) {
		zoho_answer_nothing(sim, ex);
		return;
	}
	if (w->loop)
		next = w->loop_to < 0 ? w->start : (uint64_t)w->loop_to;
	buf_add_text(&sim->body, "{\"data\":[");
	records_add(sim, ex, from, to);
	info_add(sim, ex, w->empty ? 0 : to - from, next, next < view->n || w->loop);
}

/* ---- one record ---- */

static void one_page(struct simulator *sim, struct exchange *ex)
{
	const struct window *w = &ex->window;

	if (w->key >= ex->resource->records || resource_lacks(ex->resource, w->key)) {
		zoho_answer_nothing(sim, ex);
		return;
	}
	buf_add_text(&sim->body, "{\"data\":[");
	zoho_record(ex->account, ex->resource, w->key, &sim->body);
	buf_add_text(&sim->body, "]}");
}

void zoho_record_begin(struct simulator *sim, struct exchange *ex)
{
	static const struct api one = {ZOHO_CALL, .page = one_page};
	const struct zoho_module *module = zoho_module_find(ex->args[0]);

	ex->api = &one;
	if (!zoho_admit(sim, ex, ex->args[0]))
		return;
	if (!zoho_id_index(ex->account, module->digit, ex->args[1], &ex->window.key))
		zoho_fail(sim, ex, 400, "INVALID_DATA", "{}", "the id given seems to be invalid");
}
