// SPDX-License-Identifier: Apache-2.0
#pragma once
/* POST /v1/syncs with `Prefer: wait=N` (RFC 7240): the answer waits for the sync's end, for a while. */
#include "base/base.h"
#include "reply.h"

struct call;

#define SYNCS_WAIT_MAX_S 10

/* The answer to a request that was accepted or refused: now, or when the sync has ended or the time is over.
 */
void syncs_accepted(struct call *c, struct reply row);
