// SPDX-License-Identifier: Apache-2.0
#pragma once
/*
 * What no declaration can say, by the name that one gives: one small file a provider, pure functions on text,
 * as provider.h wants them. A hook fills the members that its resource's declaration leads to; the others are
 * NULL.
 */
#include "base/base.h"
#include "base/buf.h"
#include "base/slice.h"
#include "sync/declaration.h"

/* One record that an entry of a history is about; `id` lives during the call. Anything but RC_OK ends the
 * page. */
typedef enum rc hook_change_fn(void *user, struct str id, bool gone);

struct hook {
	const char *name;
	/* Hands over the records of a valid answer that stand where `records` cannot lead, with the
	 * resource's fields, as slice_page does. */
	enum rc (*records)(
	    const struct resource *res, struct str body, slice_record_fn *fn, void *user, struct err *err);
	/* Reads one entry of a list of changes (the group "history"), in the order in which they happened.
	 * RC_INVALID: it is none. Another code is what `fn` returned. */
	enum rc (*changes)(struct str entry, hook_change_fn *fn, void *user);
};

/* NULL: there is none of that name, or `name` is NULL. */
const struct hook *hook_find(const char *name);

extern const struct hook hook_amazon_financial_events;
extern const struct hook hook_gmail_history;
