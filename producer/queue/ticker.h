// SPDX-License-Identifier: Apache-2.0
#pragma once
/*
 * What is due: queued tasks are dispatched by turns, unclaimed messages repeated, waits ended, dead workers'
 * tasks given back, schedules run, unsent events sent. Every producer runs one; SKIP LOCKED keeps them out of
 * each other's way (no leader).
 */
#include "base/base.h"
#include "io/loop.h"
#include "settings.h"
#include "sync/declaration.h"

struct dispatch;
struct outbox;
struct pg;
struct ticker;

struct ticker_options {
	const struct settings *settings;
	const struct registry *registry;
	struct dispatch *dispatch;
	struct outbox *outbox;
	struct pg *pg; /* used by nobody who holds transactions */
};

struct ticker *ticker_new(struct loop *loop, const struct ticker_options *o);
/* Accepts NULL. */
void ticker_free(struct ticker *t);
/* Something was queued: look soon. */
void ticker_kick(struct ticker *t);
/* The last tick was answered and not long ago. */
bool ticker_is_up(const struct ticker *t);
/* The session was lost: what is said of heartbeats begins anew. */
void ticker_session_lost(struct ticker *t);
