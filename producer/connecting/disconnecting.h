// SPDX-License-Identifier: Apache-2.0
#pragma once
/* Ends a connection: nobody uses it any more, its syncs are cancelled, its tokens withdrawn and wiped. */
#include "base/uuid.h"
#include "call.h"

/*
 * `then` gets a row that is its own: 200 with the connection and `revocation` (done, failed, unsupported,
 * done_before), or a problem document: 404 unknown_connection, 409 connection_changed. Keeps something with
 * the call.
 */
void disconnect_start(struct call *c, const struct uuid *connection_id, call_then *then);
