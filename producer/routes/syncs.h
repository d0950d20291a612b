// SPDX-License-Identifier: Apache-2.0
#pragma once
/* Answers that wait for a sync's end, for a while: POST /v1/syncs with `Prefer: wait=N` (RFC 7240), and
 * others. */
#include "base/base.h"
#include "reply.h"

struct call;
struct pg_statement;

#define SYNCS_WAIT_MAX_S 10

/*
 * `accepted` is the row of a sync that was accepted, whose Location ends with its id; anything else is the
 * answer. Answers with the row of `ended` ($1 sync_id, $2 tenant_id) when the sync ends within asks.wait_ms,
 * and with `accepted` when it takes longer or that row is a 404. Keeps something with the call.
 */
void syncs_answer_ended(struct call *c, struct reply accepted, const struct pg_statement *ended);
/* The answer to a request that was accepted or refused: now, or when the sync has ended or the time is over.
 */
void syncs_accepted(struct call *c, struct reply row);
