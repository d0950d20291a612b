// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "api.h"
#include "api_private.h"

void page_records(struct simulator *sim, struct exchange *ex, uint64_t from, uint64_t to)
{
	const struct window *w = &ex->window;
	const struct view *view = view_get(ex->account, ex->resource, &w->of);
	uint64_t first = from - MIN(from, w->overlap);
	uint64_t n = to - first;
	uint64_t again = MIN(w->again, n);

	if (w->empty)
		return;
	for (uint64_t k = 0; k < n + again; k++) {
		uint64_t at = k < n ? k : k - again;

		if (k)
			buf_add_char(&sim->body, ',');
		at = w->backwards ? to - 1 - at : first + at;
		ex->api->record(ex->account, ex->resource, view_at(view, at), &sim->body);
	}
	sim->traffic.count.records += n + again;
}

uint64_t page_loop_start(const struct window *w)
{
	uint64_t to = (uint64_t)MAX(w->loop_to, 0);
	uint64_t from = (uint64_t)w->loop_from;

	if (!w->loop)
		return w->start;
	return from > to && w->start > to ? to + (w->start - to) % (from - to) : to;
}

void apis_init(uint64_t seed)
{
	practicepanther_init(seed);
	bench_init(seed);
	zoho_init(seed);
	acme_init(seed);
	highlevel_init(seed);
}

void apis_done(void)
{
	practicepanther_done();
	bench_done();
	zoho_done();
	acme_done();
	highlevel_done();
}

const struct api *api_of(struct str resource)
{
	if (google_api(resource))
		return google_api(resource);
	if (practicepanther_serves(resource))
		return &PRACTICEPANTHER;
	if (zoho_serves(resource))
		return &ZOHO;
	if (highlevel_serves(resource))
		return &HIGHLEVEL;
	return str_is(resource, "widgets") ? &ACME : &BENCH;
}

const struct api *api_named(const char *name, struct str resource)
{
	const struct {
		const char *resource; /* NULL: any */
		const struct api *api;
	} all[] = {{"order_items", &AMAZON_ITEMS_V0}, {"financial_events", &AMAZON_EVENTS_V0},
	    {"inventory", &AMAZON_STOCK}, {"orders", &AMAZON_ORDERS_V0}, {"orders", &AMAZON_ORDERS_2026},
	    {"financial_events", &AMAZON_TRANSACTIONS_2024}, {NULL, &PRACTICEPANTHER}, {NULL, &BENCH},
	    {NULL, &ACME}, {NULL, &ZOHO}, {NULL, &HIGHLEVEL}};

	for (size_t k = 0; k < ARRAY_SIZE(all); k++)
		if (strcmp(all[k].api->name, name) == 0 &&
		    (!all[k].resource || str_is(resource, all[k].resource)))
			return all[k].api;
	return NULL;
}
