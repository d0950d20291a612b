// SPDX-License-Identifier: Apache-2.0
#pragma once
/*
 * How many tasks were completed, by provider: what the failure cap holds failed tasks against. Counted here
 * and told with the next heartbeat, or with a failure, so that a success costs no statement.
 */
#include "base/base.h"
#include "base/buf.h"
#include "sync/declaration.h"

struct ends;

struct ends *ends_new(const struct registry *registry);
/* Accepts NULL. */
void ends_free(struct ends *e);
void ends_completed(struct ends *e, const struct provider *p);
/* Writes what was counted since the last report as a JSON object, and forgets it. */
void ends_report(struct ends *e, struct buf *out);
