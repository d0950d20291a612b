// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "generation.h"

#include "base/jsonw.h"
#include "rows.h"

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
	case DELETION_FIELD:
		return r->deletion.complete;
	default:
		return 0;
	}
}

bool generation_is_asked(const struct resource *r)
{
	return generation_walks(r) > 0;
}

bool generation_is_due(const struct resource *r, int64_t last_us, int64_t now_us)
{
	const struct deletion *d = &r->deletion;

	return generation_is_asked(r) && d->every_s && now_us - last_us > d->every_s * 1000000;
}

static void sweep_cursor(const struct page *p, struct buf *out)
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

/* The walk's feed may list records that the walk itself shows to be there again. */
static bool asks_feed(const struct walk *w)
{
	return w->resource->deletion.strategy == DELETION_FEED && w->watermark_us != 0;
}

void generation_mark(const struct walk *w, struct page *p, struct rows *rows)
{
	bool asked = generation_is_asked(w->resource);

	rows->walk_us = p->started_us;
	rows->begins = p->begins;
	rows->keep = asked ? p->whole : asks_feed(w) && rows->ngone == 0;
	rows->forgets = p->last && asks_feed(w);
	rows->sweeps = p->last && p->whole && asked;
	if (rows->sweeps)
		sweep_cursor(p, &p->cursor);
}

bool generation_is_sweep(struct str cursor)
{
	return str_starts(cursor, STR(SWEEP_MARK));
}
