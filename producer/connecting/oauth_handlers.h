// SPDX-License-Identifier: Apache-2.0
#pragma once
/* Routes that talk to authorisation servers, or seal what a caller gives; routes_connections.c names them. */

struct call;

/* POST /v1/connections/authorize */
void oauth_begin(struct call *c);
/* GET /v1/oauth/callback */
void oauth_callback(struct call *c);
/* POST /v1/connections */
void connection_create(struct call *c);
/* DELETE /v1/connections/{connection_id} */
void connection_disconnect(struct call *c);
/* POST /v1/connections/{connection_id}/test */
void connection_test(struct call *c);
