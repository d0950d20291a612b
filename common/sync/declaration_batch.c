// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "sync/declaration_batch.h"
#include "sync/declaration_paging.h"

static enum rc check_path(const struct reader *r, const config_setting_t *at, const struct template *path)
{
	struct str first = path->n ? path->part[0].text : STR("");
	if (path->n && path->part[0].variable == TEMPLATE_LITERAL && first.p[0] == '/')
		return RC_OK;
	return reader_fail(r, at, "has to begin with /");
}

enum rc check_batch(const struct reader *r, const config_setting_t *at, const struct resource *res)
{
	const struct batch *b = &res->batch;
	enum rc rc = check_path(r, reader_at(at, "path"), &b->path);
	if (!rc)
		rc = check_path(r, reader_at(at, "item"), &b->item);
	if (rc)
		return rc;
	if (!template_uses(&b->item, TEMPLATE_ITEM))
		return reader_fail(
		    r, reader_at(at, "item"), "does not hold ${item.id}, so every part would be the same");
	for (size_t i = 0; i < b->item.n; i++)
		if (b->item.part[i].variable == TEMPLATE_ITEM && !str_is(b->item.part[i].text, "id"))
			return reader_fail(
			    r, reader_at(at, "item"), "of an item only its id is known: ${item.id}");
	if (res->id.n != 1)
		return reader_fail(r, at, "is for identities of one path");
	return RC_OK;
}

enum rc check_history(const struct reader *r, const config_setting_t *at, const struct resource *res)
{
	const struct history *h = &res->history;
	const struct listing *changes = &res->list[PHASE_CHANGES];
	const config_setting_t *paging = reader_at(at, "paging");
	enum rc rc = check_path(r, reader_at(at, "start"), &h->start);
	if (!rc)
		rc = check_path(r, reader_at(at, "path"), &h->path);
	if (!rc)
		rc = check_paging(r, paging, changes);
	if (rc)
		return rc;
	if (res->paging.strategy != PAGING_HISTORY)
		return reader_fail(r, at, "is for the paging by history");
	if (!res->batch.path.n || !res->hook)
		return reader_fail(r, at, "needs the keys \"batch\" and \"hook\"");
	if (!h->paging.sync_token)
		return reader_fail(
		    r, paging, "the key \"sync_token\" is missing: where the answers hold the number");
	if (h->paging.strategy != PAGING_CURSOR)
		return reader_fail(r, reader_at(paging, "strategy"), "only cursor is one for a history");
	if (!list_uses(changes, TEMPLATE_SYNC_TOKEN))
		return reader_fail(r, reader_at(at, "params"), "no parameter holds ${sync_token}");
	return RC_OK;
}
