// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "api.h"
#include "api_private.h"

void page_records(struct simulator *sim, struct exchange *ex, uint64_t from, uint64_t to)
{
	const struct view *view = view_get(ex->account, ex->resource, &ex->window.of);

	for (uint64_t k = from; k < to; k++) {
		if (k > from)
			buf_add_char(&sim->body, ',');
		ex->api->record(ex->account, ex->resource, view_at(view, k), &sim->body);
	}
	sim->traffic.count.records += to - from;
}

void apis_init(uint64_t seed)
{
	practicepanther_init(seed);
	bench_init(seed);
	acme_init(seed);
}

void apis_done(void)
{
	practicepanther_done();
	bench_done();
	acme_done();
}

const struct api *api_of(struct str resource)
{
	if (practicepanther_serves(resource))
		return &PRACTICEPANTHER;
	return str_is(resource, "widgets") ? &ACME : &BENCH;
}
