// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "api.h"
#include "api_private.h"
#include "template.h"

#define BANK 256
#define PER_PAGE_DEFAULT 50
#define PER_PAGE_MAX 500
#define KEY_PREFIX STR("key-")

static struct template_bank *bank;

static void widget_text(struct buf *ret, uint64_t *rng)
{
	static const char *const things[] = {"hinge", "bracket", "valve", "sprocket", "\\u00e9crou", "lens"};

	buf_printf(ret,
	    "{\"sku\":\"WID-~a-~n\",\"title\":\"Widget %s %u\",\"price\":\"~$.%u0\",\"changed\":\"~UZ\"}",
	    things[random_below(rng, ARRAY_SIZE(things))], random_below(rng, 1000), random_below(rng, 10));
}

void acme_init(uint64_t seed)
{
	bank = template_bank_new(BANK, mix(seed ^ 'w'), widget_text);
}

void acme_done(void)
{
	template_bank_free(bank);
}

static void record(struct account *account, struct resource *resource, uint64_t i, struct buf *ret)
{
	struct facts facts = facts_of(account, resource, 'w', i);

	template_fill(bank, mix(account->salt + i), &facts, ret);
}

static void record_id(struct account *account, struct resource *resource, uint64_t i, struct buf *ret)
{
	(void)resource;
	buf_printf(ret, "WID-%05u-%09" PRIu64, account->number, i);
}

static void page(struct simulator *sim, struct exchange *ex)
{
	const struct window *w = &ex->window;
	uint64_t n = view_get(ex->account, ex->resource, &w->of)->n;
	uint64_t number = w->asked / w->limit + 1;
	uint64_t pages = w->loop ? number + 1 : (n + w->limit - 1) / w->limit;
	uint64_t from = MIN(n, page_loop_start(w));
	uint64_t to = MIN(n, from + w->limit);

	buf_printf(&sim->body,
	    "{\"meta\":{\"page\":%" PRIu64 ",\"pages\":%" PRIu64 ",\"total\":%" PRIu64 "},\"items\":[",
	    number, pages, n);
	page_records(sim, ex, from, to);
	buf_add_text(&sim->body, "]}");
}

const struct api ACME = {
    .name = "acme",
    .id_key = "\"sku\":\"",
    .text_key = "\"title\":\"",
    .expired_status = 401,
    .expired_body = "{\"message\":\"unknown key\"}",
    .unauthorized_status = 401,
    .unauthorized_body = "{\"message\":\"unknown key\"}",
    .page = page,
    .record = record,
    .id = record_id,
};

void acme_begin(struct simulator *sim, struct exchange *ex)
{
	struct str key = ex->req.api_key;
	int64_t number = 1;
	int64_t per_page = PER_PAGE_DEFAULT;

	ex->api = &ACME;
	if (str_starts(key, KEY_PREFIX))
		ex->account = account_find(
		    &sim->accounts, (struct str){key.p + KEY_PREFIX.n, key.n - KEY_PREFIX.n});
	if (!ex->account) {
		answer_text(sim, ex, 401, ACME.unauthorized_body);
		return;
	}
	ex->resource = resource_get(&sim->accounts, ex->account, STR("widgets"));
	if (!request_number(ex->req.query, "page", 1, INT32_MAX, &number) ||
	    !request_number(ex->req.query, "per_page", 1, PER_PAGE_MAX, &per_page)) {
		answer_text(sim, ex, 400, "{\"message\":\"page or per_page is out of range\"}");
		return;
	}
	ex->window.of.order = ORDER_ID;
	ex->window.limit = (uint64_t)per_page;
	ex->window.start = (uint64_t)((number - 1) * per_page);
}
