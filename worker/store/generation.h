// SPDX-License-Identifier: Apache-2.0
#pragma once
/*
 * Which walks prove what is gone. A generation is a walk that shows everything: the ids of its pages are kept
 * aside, and at its end a sweep (sweep.c) deletes what it, or it and the one before, did not show. Pure.
 */
#include "base/base.h"
#include "provider.h"

struct rows;

/* The resource is deleted from by walks that did not show a record. */
bool generation_is_asked(const struct resource *r);
/* Complete walks in a row that must have missed a record; 0: walks delete nothing. */
int64_t generation_walks(const struct resource *r);
/* What the store has to do with a page's ids, in `rows`; the last page of a generation also gets its cursor,
 * with which the sweep begins. */
void generation_mark(const struct walk *w, struct page *p, struct rows *rows);
/* The last walk of everything (0: none) is too long ago for a walk of what changed. */
bool generation_is_due(const struct resource *r, int64_t last_us, int64_t now_us);

/* A task's cursor: its walk is over, and its sweep is not. */
bool generation_is_sweep(struct str cursor);
