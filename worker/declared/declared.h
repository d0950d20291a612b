// SPDX-License-Identifier: Apache-2.0
#pragma once
/* What the two halves of the declared provider share. */
#include "base/clock.h"
#include "cursor.h"
#include "provider.h"

/* Where the walk is: from its cursor, or its beginning. `ret` is initialised. */
enum rc walk_position(const struct walk *w, struct position *ret, struct err *err) MUST_USE;

/* The list that the next request asks for. */
static inline const struct listing *walk_list(const struct walk *w, const struct position *p)
{
	const struct resource *r = w->resource;
	if (p->keys.n && p->phase != PHASE_FIELDS)
		return &r->list[r->batch.path.n ? PHASE_PARTS : PHASE_RECORDS];
	return &r->list[p->phase];
}

/* Puts the position to the beginning of a list. */
void list_enter(const struct walk *w, struct position *p, enum phase phase);

/* Windows: [from, to) steps of time, oldest first. Puts the position to the first one; does nothing for
 * resources without. */
void window_first(const struct walk *w, struct position *p);
/* To the next one; false: there is none. */
bool window_next(const struct walk *w, struct position *p);
/* It can be halved. */
bool window_is_wide(const struct walk *w, const struct position *p);
/* To its beginning again, halved if it can be. */
void window_again(const struct walk *w, struct position *p);
/* With this window the rows of its slot are complete: they take the place of the ones before. */
bool window_ends_slot(const struct walk *w, const struct position *p);

/* The list's cursor is dead: puts the position to where it began, window or parent. False: there is neither,
 * or it was done too often. */
bool walk_again(const struct walk *w, struct position *p);

/* The walk shows no more than the caller asked for. */
bool walk_is_bounded(const struct walk *w);

/* Goes over to what is beyond the cap of the records' paging; false: there is no way. */
bool walk_go_beyond(const struct walk *w, struct position *p);

/* Goes over to the beginning of the next list, or of the next parent; false: there is none, the walk has
 * ended.
 */
bool walk_go_on(const struct walk *w, struct position *p);

/* Since when the list is to show changes; 0: everything. */
static inline int64_t position_since_us(const struct position *p)
{
	return p->phase == PHASE_DELETED ? p->deleted_since_us : p->since_us;
}

/* The list is to show what changed, not everything. */
static inline bool position_is_incremental(const struct position *p)
{
	return position_since_us(p) != 0 || p->token.n != 0;
}

/* Something that the provider made, and may not know any more, is in the next request. */
static inline bool position_sends_cursor(const struct position *p)
{
	return !p->keys.n && (p->next.n || p->token.n);
}

/* A request in the making: what the templates' variables stand for. */
struct making {
	const struct walk *walk;
	const struct account *account;
	const struct position *position;
	const struct listing *list; /* that the position is in */
	struct str item;            /* ${item.id} */
	struct provider_request *request;
	size_t header_at[PROVIDER_HEADERS_MAX]; /* offsets: the text moves while it grows */
	char number[32];
	struct err *err;
};

#define BATCH_BOUNDARY "sync-fleet-batch" /* no part holds it: what we put into them is percent-encoded */

/* Appends the text to the request. RC_INVALID: the connection lacks something that it needs. */
enum rc making_expand(struct making *m, const struct template *t, enum template_escape escape) MUST_USE;

/* A setting of the connection as text; p NULL: there is none. */
struct str setting_text(const struct account *a, struct str name);

/* An argument of the question as text, lists joined with commas; p NULL: there is none, or an object. */
struct str argument_text(struct making *m, struct str name);
/* The request's body by the template of the ask. */
enum rc body_from_template(struct making *m) MUST_USE;

/* What a variable of a template stands for in the request being made (`user`); p NULL: it is absent. */
struct str variable_lookup(void *user, const struct template_part *part);
