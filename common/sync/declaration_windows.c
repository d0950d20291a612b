// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "sync/declaration_paging.h"
#include "sync/declaration_windows.h"

enum rc check_window(const struct reader *r, const config_setting_t *at, const struct resource *res)
{
	const struct window *w = &res->window;
	if (!w->step_s)
		return RC_OK;
	if (!res->hook && !list_uses(&res->list[PHASE_RECORDS], TEMPLATE_WINDOW_FROM))
		return reader_fail(r, at, "no parameter holds ${window.from}");
	if (w->min_s > w->step_s)
		return reader_fail(r, reader_at(at, "min_s"), "is more than step_s");
	if (res->incremental.format == SINCE_DATE && (w->step_s % 86400 || w->min_s % 86400))
		return reader_fail(
		    r, reader_at(at, "step_s"), "has to be whole days where times are written as dates");
	if (w->replace && res->identity != IDENTITY_POSITION)
		return reader_fail(r, reader_at(at, "replace"), "is for records without an identity");
	return RC_OK;
}

enum rc check_position(const struct reader *r, const config_setting_t *at, const struct resource *res)
{
	const config_setting_t *identity = reader_at(at, "identity");
	if (!res->window.replace)
		return reader_fail(r, identity, "position needs the group \"window\" with replace = true");
	if (res->id.n)
		return reader_fail(r, reader_at(at, "id"), "is for records with an identity");
	if (resource_has_parent(res))
		return reader_fail(r, reader_at(at, "parent"), "records without an identity cannot have one");
	if (res->deletion.strategy != DELETION_NONE)
		return reader_fail(r, reader_at(at, "deletion"), "windows that are replaced need none");
	return RC_OK;
}
