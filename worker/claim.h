// SPDX-License-Identifier: Apache-2.0
#pragma once
/* The row that a claim returns becomes a running task. */
#include "base/base.h"
#include "io/pg.h"

struct worker;

/* Starts the task of that row; a row that this worker cannot work on (unknown provider, bad secret) is
 * failed. */
void claim_begin(struct worker *w, const struct pg_result *r, int row);
