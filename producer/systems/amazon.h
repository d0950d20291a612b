// SPDX-License-Identifier: Apache-2.0
#pragma once
/* Connecting a seller's account; routes_amazon.c names these. */
#include "reply.h"

struct call;

/* What amazon_sync_start.sql has answered: the demo's user is connected first if need be. */
void amazon_sync_started(struct call *c, struct reply row);

/* POST /api/v1/integrations/amazon/connect */
void amazon_connect(struct call *c);
/* GET /api/v1/integrations/amazon/callback */
void amazon_callback(struct call *c);
