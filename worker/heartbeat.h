// SPDX-License-Identifier: Apache-2.0
#pragma once
/*
 * The worker's sign of life, on a session of its own: one row in `workers`. Its answer says which tasks are
 * not ours any more and whether others wait for a slot. A worker whose row is gone was declared dead: it
 * drops its work and joins anew.
 */
#include "base/base.h"

struct heartbeat;
struct worker;

struct heartbeat *heartbeat_new(struct worker *w);
/* Accepts NULL. */
void heartbeat_free(struct heartbeat *h);
/* The last beat was acknowledged so recently that calls may be started. */
bool heartbeat_is_fresh(const struct heartbeat *h);
/* Registered and beating. */
bool heartbeat_is_up(const struct heartbeat *h);
/* Leaves the fleet: `left` is called when the database has taken note, or cannot. */
void heartbeat_leave(struct heartbeat *h, void (*left)(void *user), void *user);
