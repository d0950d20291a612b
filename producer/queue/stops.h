// SPDX-License-Identifier: Apache-2.0
#pragma once
/*
 * Providers of which nothing is dispatched (table provider_stops): the clock asks before each dispatch, so
 * that a failing deployment loses no more tasks than the cap allows and were under way. Tells the log and
 * /metrics what has changed.
 */
#include "base/base.h"
#include "settings.h"
#include "sync/declaration.h"

struct pg;
struct stops;

/* All must outlive it. */
struct stops *stops_new(const struct settings *settings, const struct registry *registry, struct pg *pg);
/* Accepts NULL. */
void stops_free(struct stops *s);
/* Sends the question. */
void stops_judge(struct stops *s);
