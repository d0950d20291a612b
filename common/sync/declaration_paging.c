// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "sync/declaration_paging.h"

bool list_uses(const struct listing *list, enum template_variable v)
{
	bool used = template_uses(list->path, v);
	for (size_t i = 0; i < list->nparams; i++)
		used = used || template_uses(&list->params[i].value, v);
	return used;
}

static enum rc check_stop(const struct reader *r, const config_setting_t *at, const struct paging *p)
{
	if (p->stop == STOP_MORE_FLAG && !p->more)
		return reader_fail(r, reader_at(at, "stop"), "more_flag needs the key \"more\"");
	if (p->stop == STOP_TOTAL && !p->total)
		return reader_fail(r, reader_at(at, "stop"), "total needs the key \"total\"");
	if (p->strategy < PAGING_CURSOR && p->stop == STOP_CURSOR)
		return reader_fail(r, reader_at(at, "stop"), "cursor is for the strategies with a cursor");
	if (p->strategy < PAGING_CURSOR && p->stop == STOP_SHORT_PAGE && !p->size)
		return reader_fail(r, at, "the stop rule short_page needs the key \"size\"");
	return RC_OK;
}

enum rc check_paging(const struct reader *r, const config_setting_t *at, const struct listing *list)
{
	/* Which variable moves a walk on, by strategy. */
	static const enum template_variable moves[] = {
	    [PAGING_OFFSET] = TEMPLATE_PAGE_OFFSET,
	    [PAGING_PAGE] = TEMPLATE_PAGE_NUMBER,
	    [PAGING_KEY] = TEMPLATE_AFTER,
	    [PAGING_CURSOR] = TEMPLATE_CURSOR,
	    [PAGING_LINK] = TEMPLATE_LITERAL,
	    [PAGING_SYNC_TOKEN] = TEMPLATE_CURSOR,
	    [PAGING_HISTORY] = TEMPLATE_CURSOR,
	};
	const struct paging *p = list->paging;
	if (p->strategy == PAGING_NONE)
		return RC_OK;
	const config_setting_t *strategy = reader_at(at, "strategy");
	enum template_variable v = moves[p->strategy];
	if (v != TEMPLATE_LITERAL && !list_uses(list, v))
		return reader_fail(r, strategy, "no parameter holds ${%s}, so every page would be the first",
		    template_variable_name(v));
	bool cursor = p->strategy >= PAGING_CURSOR;
	if (cursor && !p->next && !p->next_header)
		return reader_fail(
		    r, at, "the key \"next\" or \"next_header\" is missing: where the next cursor is");
	if (p->strategy == PAGING_SYNC_TOKEN && !p->sync_token)
		return reader_fail(r, at, "the key \"sync_token\" is missing: where the answer holds it");
	return check_stop(r, at, p);
}
