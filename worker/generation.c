// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "generation.h"

#include "base/jsonw.h"

#define SWEEP_MARK                                                                                           \
	"{\"sweep\"" /* begins the cursors of sweeps, as we write them and as jsonb prints them              \
	              */

int64_t generation_walks(const struct resource *r)
{
	switch (r->deletion.strategy) {
	case DELETION_GENERATION:
		return 1;
	case DELETION_TWO_GENERATIONS:
		return 2;
	default:
		return 0;
	}
}

bool generation_is_asked(const struct resource *r)
{
	return generation_walks(r) > 0;
}

bool generation_keeps(const struct walk *w, const struct page *p)
{
	if (generation_is_asked(w->resource))
		return p->whole;
	return w->resource->deletion.strategy == DELETION_FEED && w->watermark_us != 0;
}

bool generation_ends(const struct walk *w, const struct page *p)
{
	return p->last && p->whole && generation_is_asked(w->resource);
}

bool generation_is_due(const struct resource *r, int64_t last_us, int64_t now_us)
{
	const struct deletion *d = &r->deletion;

	return generation_is_asked(r) && d->every_s && now_us - last_us > d->every_s * 1000000;
}

void generation_cursor(const struct page *p, struct buf *out)
{
	struct jsonw w = JSONW(out);

	jsonw_object(&w, NULL);
	jsonw_object(&w, "sweep");
	jsonw_text(&w, "phase", "check");
	jsonw_int(&w, "walk", p->started_us);
	if (p->watermark_us)
		jsonw_int(&w, "watermark", p->watermark_us);
	jsonw_text(&w, "after", "");
	jsonw_int(&w, "live", 0);
	jsonw_int(&w, "deleted", 0);
	jsonw_object_end(&w);
	jsonw_object_end(&w);
}

bool generation_is_sweep(struct str cursor)
{
	return str_starts(cursor, STR(SWEEP_MARK));
}
