// SPDX-License-Identifier: Apache-2.0
#pragma once
/* What HighLevel's routes do that SQL alone cannot. */
#include "base/base.h"
#include "reply.h"

struct call;

/* POST /functions/v1/sync-highlevel-calls, once its row is there. */
void highlevel_sync_accepted(struct call *c, struct reply row);
/* POST /functions/v1/oauth-refresh and oauth-test: a worker does it while the request waits. */
void highlevel_refresh(struct call *c);
void highlevel_test(struct call *c);
/* GET /functions/v1/oauth-start and GET /oauth/callback. */
void highlevel_start(struct call *c);
void highlevel_callback(struct call *c);
