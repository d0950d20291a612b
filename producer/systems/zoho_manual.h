// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "reply.h"

struct call;

/* POST /api/sync/manual: a small batch is answered when it has ended, if that is before asks.wait_ms. */
void zoho_manual_started(struct call *c, struct reply row);
