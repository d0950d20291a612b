// SPDX-License-Identifier: Apache-2.0
#pragma once
/* Answers that wait for a sync's end, for a while: POST /v1/syncs with `Prefer: wait=N` (RFC 7240), and
 * others. */
#include "base/base.h"
#include "reply.h"

struct call;
struct pg_statement;

#define SYNCS_WAIT_MAX_S 10

/* Both replies are the callee's own; `ended` is the row of how it ended, NULL: it took longer. */
typedef void syncs_then(struct call *c, struct reply accepted, struct reply *ended);
/*
 * `accepted` is the row of a sync that was accepted, whose Location ends with its id; anything else is the
 * answer. `ended` gets $1 sync_id, $2 tenant_id and says how it ended; a 404 counts as no end. Keeps
 * something with the call.
 */
void syncs_await(struct call *c, struct reply accepted, int64_t for_ms, const struct pg_statement *ended,
    syncs_then *then);
/* The answer to a request that was accepted or refused: now, or when the sync has ended or the time is over.
 */
void syncs_accepted(struct call *c, struct reply row);
