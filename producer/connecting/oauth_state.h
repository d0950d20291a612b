// SPDX-License-Identifier: Apache-2.0
#pragma once
/*
 * What goes with a person to the authorisation server and comes back: the id of a row of oauth_states, which
 * says who began and what for, under our signature. The verifier of PKCE follows from the same id and key, so
 * that it is stored nowhere.
 */
#include "base/base.h"
#include "base/buf.h"
#include "base/uuid.h"

/* Appends. */
void oauth_state_write(const char *key, const struct uuid *id, struct buf *out);
void oauth_state_verifier(const char *key, const struct uuid *id, struct buf *out);
/* False: we never signed that. */
bool oauth_state_read(const char *key, struct str state, struct uuid *ret) MUST_USE;
