// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "declared.h"
#include "hooks.h"

#define TRIES_MAX 3 /* of one window or parent, whose cursors die */

/* The instant up to which everything is known for sure; 0: nothing is. */
static int64_t known_until(const struct walk *w)
{
	const struct incremental *inc = &w->resource->incremental;
	if (!inc->on || w->watermark_us <= 0)
		return 0;
	return MAX(w->watermark_us - MAX(inc->overlap_s, inc->reread_s) * US_PER_S, 1);
}

bool walk_is_bounded(const struct walk *w)
{
	return (w->from_us || w->to_us) && (w->resource->incremental.on || w->resource->window.step_s);
}

/* Since when an incremental walk asks; 0: it has to be a full one. */
static int64_t since_of(const struct walk *w)
{
	const struct incremental *inc = &w->resource->incremental;
	if (w->from_us && walk_is_bounded(w))
		return w->from_us;
	if (!w->incremental || inc->watermark == WATERMARK_TOKEN ||
	    (inc->retention_s && w->now_us - w->watermark_us > inc->retention_s * US_PER_S))
		return 0;
	return known_until(w);
}

static bool has_phase(const struct walk *w, const struct position *p, enum phase phase)
{
	return phase != PHASE_BY_KEY && phase < PHASE_FIELDS && w->resource->list[phase].plan &&
	       (phase != PHASE_DELETED || p->deleted_since_us);
}

void list_enter(const struct walk *w, struct position *p, enum phase phase)
{
	const struct paging *paging = w->resource->list[phase].paging;
	p->phase = phase;
	p->offset = paging->strategy == PAGING_OFFSET ? paging->first : 0;
	p->number = paging->strategy == PAGING_PAGE ? paging->first : 0;
	p->pages = 0;
	p->seen = 0;
	p->empty = 0;
	p->listed = 0;
	p->parts = 0;
	p->first = 0;
	p->last = 0;
	p->anchor = 0;
	p->issued_us = 0;
	buf_clear(&p->next);
	buf_clear(&p->keys);
}

bool walk_go_beyond(const struct walk *w, struct position *p)
{
	if (p->phase != PHASE_RECORDS || !p->after.n || w->resource->paging.cap_action != CAP_BY_KEY)
		return false;
	list_enter(w, p, PHASE_BY_KEY);
	return true;
}

static bool next_phase(const struct walk *w, struct position *p)
{
	for (int64_t phase = p->phase + 1; phase < PHASE_COUNT; phase++)
		if (has_phase(w, p, (enum phase)phase)) {
			list_enter(w, p, (enum phase)phase);
			buf_clear(&p->after);
			return true;
		}
	return false;
}

bool walk_again(const struct walk *w, struct position *p)
{
	bool windows = w->resource->window.step_s != 0;
	if (!p->next.n || (!windows && !resource_has_parent(w->resource)) || p->tries + 1 >= TRIES_MAX)
		return false;
	p->tries++;
	if (windows && p->phase != PHASE_DELETED)
		window_again(w, p);
	else
		list_enter(w, p, (enum phase)p->phase);
	return true;
}

bool walk_go_on(const struct walk *w, struct position *p)
{
	if ((p->phase != PHASE_DELETED && window_next(w, p)) || next_phase(w, p))
		return true;
	if (!resource_has_parent(w->resource))
		return false;
	p->between = 1;
	p->tries = 0;
	buf_clear(&p->next);
	buf_clear(&p->after);
	buf_clear(&p->parent_keys);
	buf_clear(&p->token);
	return true;
}

static bool by_token(const struct walk *w)
{
	return w->resource->incremental.on && w->resource->incremental.watermark == WATERMARK_TOKEN;
}

/* What nobody has walked yet is walked from its beginning, whatever the walk is. */
static void begin_parent(const struct walk *w, struct position *p)
{
	const struct bearings *b = &w->bearings;
	p->between = 0;
	p->since_us = since_of(w);
	if (w->resource->roams) {
		buf_set(&p->parent, b->parent);
		buf_set(&p->parent_keys, b->keys);
		buf_set(&p->token, w->incremental && by_token(w) ? b->token : STR(""));
		p->since_us = b->seen || !b->parent.n ? p->since_us : 0;
	}
	bool feed = w->resource->list[PHASE_DELETED].plan && !walk_is_bounded(w);
	p->deleted_since_us = feed ? known_until(w) : 0;
	buf_clear(&p->after);
	bool history = w->resource->history.path.n != 0;
	list_enter(w, p, !history ? PHASE_RECORDS : p->token.n ? PHASE_CHANGES : PHASE_START);
	window_first(w, p);
	if (w->resource->list[PHASE_FIELDS].path && !p->names.n)
		p->phase = PHASE_FIELDS;
}

/* Whether some of what there is may not be shown. */
static bool is_partial(const struct walk *w)
{
	if (since_of(w) || walk_is_bounded(w))
		return true;
	return w->incremental && w->bearings.before && (w->resource->parent.changed_only || by_token(w));
}

static void begin_walk(const struct walk *w, struct position *p)
{
	p->started_us = w->now_us;
	p->touched_us = w->resource->roams ? w->bearings.now_us : 0;
	p->partial = is_partial(w);
}

static void begin_given(const struct walk *w, struct position *p)
{
	p->started_us = w->now_us;
	p->partial = 1;
	p->walked = 1; /* it begins nothing */
	p->given = 1;
	list_enter(w, p, w->resource->list[PHASE_FIELDS].path ? PHASE_FIELDS : PHASE_RECORDS);
	buf_add(&p->keys, w->cursor.p + GIVEN_KEYS.n, w->cursor.n - GIVEN_KEYS.n);
}

/* Nobody needs to ask whether it is. */
static bool cursor_is_dead(const struct walk *w, const struct position *p)
{
	int64_t life_s = w->resource->list[p->phase].paging->cursor_life_s;
	return p->issued_us && life_s && w->now_us - p->issued_us > life_s * US_PER_S;
}

enum rc walk_position(const struct walk *w, struct position *ret, struct err *err)
{
	enum rc rc = RC_OK;
	if (str_starts(w->cursor, GIVEN_KEYS)) {
		begin_given(w, ret);
		return RC_OK;
	}
	if (w->cursor.n)
		rc = cursor_read(w->cursor, w->resource->fingerprint, ret, err);
	else
		begin_walk(w, ret);
	if (!rc && w->cursor.n && !ret->between && cursor_is_dead(w, ret))
		(void)walk_again(w, ret);
	if (rc || (w->cursor.n && !ret->between))
		return rc;
	if (w->resource->roams && !w->bearings.known)
		return err_set(err, RC_INVALID, "%s.%s: where its walk begins was not read",
		    w->resource->provider->name, w->resource->name);
	begin_parent(w, ret);
	return RC_OK;
}

bool walk_wants_bearings(const struct walk *w, struct buf *ret_after)
{
	struct position pos;
	bool wanted = w->cursor.n == 0;
	if (!w->resource->roams)
		return false;
	position_init(&pos);
	if (!wanted && cursor_read(w->cursor, w->resource->fingerprint, &pos, NULL) == RC_OK && pos.between) {
		wanted = true;
		buf_add_str(ret_after, buf_str(&pos.parent));
	}
	position_done(&pos);
	return wanted;
}

enum rc provider_supported(const struct resource *r, struct err *err)
{
	const struct hook *hook = hook_find(r->hook);
	const struct {
		bool used;
		const char *what;
	} parts[] = {
	    {r->hook && !hook, "hook"},
	    {r->history.path.n && hook && !hook->changes, "a hook that reads no history"},
	};
	for (size_t i = 0; i < ARRAY_SIZE(parts); i++)
		if (parts[i].used)
			return err_set(err, RC_INVALID,
			    "%s: the resource \"%s\" uses %s, which this version cannot do",
			    r->provider->file, r->name, parts[i].what);
	return RC_OK;
}
