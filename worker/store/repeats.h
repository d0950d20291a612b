// SPDX-License-Identifier: Apache-2.0
#pragma once
/*
 * Of a record that comes twice the last one counts, be it good, bad or gone. Pages in the order of their ids,
 * as most are, cost a comparison for each record.
 */
#include "base/base.h"

struct rows;

/* Within a page, as it was read: the earlier ones were never there. */
void repeats_drop(struct rows *page);

/* Within the pages of a task from `first` to `last`, in the order of their `next`: each was counted for
 * itself, so what is not written is unchanged, and what is not quarantined again was. */
void repeats_drop_across(struct rows *first, struct rows *last);
