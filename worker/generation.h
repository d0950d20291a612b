// SPDX-License-Identifier: Apache-2.0
#pragma once
/*
 * Which walks prove what is gone. A generation is a walk that shows everything: the ids of its pages are kept
 * aside, and at its end a sweep (sweep.c) deletes what it, or it and the one before, did not show. Pure.
 */
#include "base/base.h"
#include "provider.h"

/* The resource is deleted from by walks that did not show a record. */
bool generation_is_asked(const struct resource *r);
/* Complete walks in a row that must have missed a record; 0: walks delete nothing. */
int64_t generation_walks(const struct resource *r);
/* The page's ids are to be kept: for the sweep at the end of the walk, or because the feed that follows may
 * list records that this walk shows to be there. */
bool generation_keeps(const struct walk *w, const struct page *p);
/* A sweep follows this page. */
bool generation_ends(const struct walk *w, const struct page *p);
/* The last walk of everything (0: none) is too long ago for a walk of what changed. */
bool generation_is_due(const struct resource *r, int64_t last_us, int64_t now_us);

/* The cursor of a task whose walk has ended with this page: where its sweep begins. */
void generation_cursor(const struct page *p, struct buf *out);
bool generation_is_sweep(struct str cursor);
