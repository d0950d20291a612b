// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "routes.h"

#define ROUTES_MAX 256

static const struct routes *const nouns[] = {
    &routes_syncs,
    &routes_streams,
    &routes_connections,
    &routes_dead_records,
    &routes_keys,
    &routes_schedules,
    &routes_webhooks,
    &routes_dead_letters,
    &routes_operating,
    &routes_practicepanther,
    &routes_highlevel,
    &routes_amazon,
    &routes_google,
    &routes_zoho,
};

const struct routes *routes_all(void)
{
	static struct route table[ROUTES_MAX];
	static struct routes all = {table, 0};

	if (all.n)
		return &all;
	for (size_t i = 0; i < ARRAY_SIZE(nouns); i++) {
		assert(all.n + nouns[i]->n <= ROUTES_MAX);
		memcpy(&table[all.n], nouns[i]->at, nouns[i]->n * sizeof table[0]);
		all.n += nouns[i]->n;
	}
	return &all;
}
