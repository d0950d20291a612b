// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "ends.h"

#include "base/jsonw.h"

struct ends {
	const struct registry *registry;
	int64_t *completed; /* by place in the registry */
};

struct ends *ends_new(const struct registry *registry)
{
	struct ends *e = mem_zalloc(sizeof *e);

	e->registry = registry;
	e->completed = mem_array(registry_count(registry), sizeof *e->completed);
	return e;
}

void ends_free(struct ends *e)
{
	if (!e)
		return;
	free(e->completed);
	free(e);
}

void ends_completed(struct ends *e, const struct provider *p)
{
	for (size_t i = 0; i < registry_count(e->registry); i++)
		e->completed[i] += registry_at(e->registry, i) == p;
}

void ends_report(struct ends *e, struct buf *out)
{
	struct jsonw w = JSONW(out);

	buf_clear(out);
	jsonw_object(&w, NULL);
	for (size_t i = 0; i < registry_count(e->registry); i++) {
		if (e->completed[i])
			jsonw_int(&w, registry_at(e->registry, i)->name, e->completed[i]);
		e->completed[i] = 0;
	}
	jsonw_object_end(&w);
}
