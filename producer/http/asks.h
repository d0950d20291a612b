// SPDX-License-Identifier: Apache-2.0
#pragma once
/*
 * What only the provider knows, a worker asks it while the request waits: the producer talks to authorisation
 * servers only. A declaration's `asks` say what can be asked.
 */
#include "base/json.h"
#include "base/uuid.h"
#include "call.h"

struct asking;

/*
 * Asks `name` of a connection of the caller's with `arguments` (an object, or NULL; it stays the caller's).
 * `then` gets one of these rows, which is its own from then on:
 *   200  the worker has answered: {ask_id, ok, status, answer, error: {class, message}, ...}
 *   202  nobody has so far, within asks.wait_ms; the document of the question, and where to look for its end
 *   else why it cannot be asked, a problem document
 * The call's arguments (call_args) are gone then, so that `then` binds its own; it may ask again.
 */
void ask_start(struct call *c, const struct uuid *connection_id, const char *name, json_object *arguments,
    call_then *then);

/* Of the call that asks; accepts NULL. */
void asking_free(struct asking *a);
