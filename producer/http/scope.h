// SPDX-License-Identifier: Apache-2.0
#pragma once
/*
 * Whose rows a transaction may touch: row level security goes by two settings, which last until it ends. A
 * transaction without a scope sees nobody's rows.
 */
#include "base/base.h"
#include "caller.h"
#include "io/pg.h"

/* Queues the statement that enters the caller's scope; what follows in the chain runs in it. */
void scope_enter(struct pg *pg, const struct caller *caller);
/* Whether what the one may touch is what the other may. */
bool scope_same(const struct caller *a, const struct caller *b);
