// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "api.h"
#include "base/clock.h"
#include "zoho.h"

#define PER_PAGE_MAX 200

static int newest_first(const void *a, const void *b)
{
	const struct removal *x = a;
	const struct removal *y = b;

	if (x->removed_s != y->removed_s)
		return x->removed_s < y->removed_s ? 1 : -1;
	return (x->i < y->i) - (x->i > y->i);
}

static void removal_add(struct exchange *ex, const struct removal *r, struct buf *ret)
{
	static const char by[] = "{\"name\":\"Patricia Boyle\",\"id\":\"3652397000000186017\"}";
	char id[ZOHO_ID_MAX];
	char when[26];

	zoho_id(ex->account, zoho_module_of(ex->resource)->digit, r->i, id);
	zoho_time(ex->account, r->removed_s, when);
	buf_printf(ret,
	    "{\"deleted_by\":%s,\"id\":\"%s\",\"display_name\":\"Record "
	    "%u\",\"type\":\"recycle\",\"created_by\":%s,"
	    "\"deleted_time\":\"%s\"}",
	    by, id, r->i, by, when);
}

static void page(struct simulator *sim, struct exchange *ex)
{
	const struct window *w = &ex->window;
	const struct resource *r = ex->resource;
	AUTO(mem_free_ptr) struct removal *found = mem_array(r->removed_n + 1, sizeof *found);
	size_t n = 0;

	for (size_t k = 0; k < r->removed_n; k++)
		if (r->removed[k].removed_s * US_PER_S >= w->of.updated_since_us &&
		    r->removed[k].i < r->records)
			found[n++] = r->removed[k];
	qsort(found, n, sizeof *found, newest_first);
	size_t from = MIN((size_t)w->start, n);
	size_t to = MIN(n, from + (size_t)w->limit);
	if (from == to) {
		zoho_answer_nothing(sim, ex);
		return;
	}
	buf_add_text(&sim->body, "{\"data\":[");
	for (size_t k = from; k < to; k++) {
		if (k > from)
			buf_add_char(&sim->body, ',');
		removal_add(ex, &found[k], &sim->body);
	}
	buf_printf(&sim->body,
	    "],\"info\":{\"per_page\":%" PRIu64 ",\"count\":%zu,\"page\":%" PRIu64 ",\"more_records\":%s}}",
	    w->limit, to - from, w->asked / w->limit + 1, to < n ? "true" : "false");
}

/* Everything is in the recycle bin; nothing is removed from it for good. */
static bool type_read(struct exchange *ex, bool *ret_any)
{
	char type[PARAM_MAX] = "all";

	request_param(ex->req.query, "type", type);
	*ret_any = strcmp(type, "permanent") != 0;
	return strcmp(type, "all") == 0 || strcmp(type, "recycle") == 0 || !*ret_any;
}

void zoho_deleted_begin(struct simulator *sim, struct exchange *ex)
{
	static const struct api deleted = {ZOHO_CALL, .page = page};
	int64_t page_number = 1;
	int64_t limit = PER_PAGE_MAX;
	bool any = true;

	ex->api = &deleted;
	if (!zoho_admit(sim, ex, ex->args[0]))
		return;
	if (!type_read(ex, &any) || !zoho_since_read(ex) ||
	    !request_number(ex->req.query, "page", 1, INT32_MAX, &page_number) ||
	    !request_number(ex->req.query, "per_page", 1, PER_PAGE_MAX, &limit)) {
		zoho_fail(sim, ex, 400, "INVALID_DATA", "{}", "invalid data");
		return;
	}
	ex->window.limit = (uint64_t)limit;
	ex->window.start = any ? (uint64_t)((page_number - 1) * limit) : UINT32_MAX;
}
