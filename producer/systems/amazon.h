// SPDX-License-Identifier: Apache-2.0
#pragma once
/* Connecting a seller's account; routes_amazon.c names these. */

struct call;

/* POST /api/v1/integrations/amazon/connect */
void amazon_connect(struct call *c);
/* GET /api/v1/integrations/amazon/callback */
void amazon_callback(struct call *c);
