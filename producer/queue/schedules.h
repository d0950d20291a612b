// SPDX-License-Identifier: Apache-2.0
#pragma once
/*
 * The clock's duty for schedules: what is due becomes syncs. SQL reckons and decides (run_schedules); here it
 * is asked, logged and counted. Several producers may run it, each takes schedules that no other holds.
 */
#include "base/base.h"
#include "io/pg.h"
#include "sync/declaration.h"

struct schedules;

/* Both must outlive it. */
struct schedules *schedules_new(struct pg *pg, const struct registry *registry);
/* Accepts NULL. */
void schedules_free(struct schedules *s);
/* For every tick of the clock: queues the duty's statements at each fifth, at each while more is due. */
void schedules_tick(struct schedules *s);
