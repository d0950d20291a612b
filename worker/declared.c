// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "declared.h"

/* Since when an incremental walk asks; 0: it has to be a full one. */
static int64_t since_of(const struct walk *w)
{
	const struct incremental *inc = &w->resource->incremental;
	if (!w->incremental || !inc->on || w->watermark_us <= 0)
		return 0;
	if (inc->retention_s && w->now_us - w->watermark_us > inc->retention_s * US_PER_S)
		return 0;
	int64_t since = w->watermark_us - MAX(inc->overlap_s, inc->reread_s) * US_PER_S;
	return MAX(since, 1);
}

enum rc walk_position(const struct walk *w, struct position *ret, struct err *err)
{
	if (w->cursor.n)
		return cursor_read(w->cursor, w->resource->fingerprint, ret, err);
	const struct paging *paging = &w->resource->paging;
	ret->started_us = w->now_us;
	ret->since_us = since_of(w);
	ret->offset = paging->strategy == PAGING_OFFSET ? paging->first : 0;
	ret->number = paging->strategy == PAGING_PAGE ? paging->first : 0;
	return RC_OK;
}

enum rc provider_supported(const struct resource *r, struct err *err)
{
	const struct {
		bool used;
		const char *what;
	} parts[] = {
	    {r->hook != NULL, "hook"},
	    {r->window.step_s != 0, "window"},
	    {r->parent.resource != NULL, "parent"},
	    {r->batch.max_parts != 0, "batch"},
	    {r->identity == IDENTITY_POSITION, "identity by position"},
	    {r->paging.strategy == PAGING_SYNC_TOKEN, "paging by sync_token"},
	    {r->paging.strategy == PAGING_HISTORY, "paging by history"},
	    {r->paging.cap && r->paging.cap_action != CAP_FAIL, "cap_action"},
	};
	for (size_t i = 0; i < ARRAY_SIZE(parts); i++)
		if (parts[i].used)
			return err_set(err, RC_INVALID,
			    "%s: the resource \"%s\" uses %s, which this version cannot do",
			    r->provider->file, r->name, parts[i].what);
	return RC_OK;
}
