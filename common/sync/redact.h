// SPDX-License-Identifier: Apache-2.0
#pragma once
/*
 * Foreign text (URLs, headers, bodies of answers) made fit to be kept as evidence: secrets are masked, what
 * is no text becomes '?' and blanks, and the end is cut off. Pure.
 */
#include "base/base.h"
#include "base/buf.h"

/*
 * Appends at most about `max` bytes of `text`. Masked are: `secret` (empty: none), also percent-encoded or
 * with JSON's escaped slashes, and whatever stands behind a name that speaks of a secret (token, secret,
 * password, authorization, cookie, key...), in JSON, in forms, in queries and in headers.
 */
void redact_text(struct str text, struct str secret, size_t max, struct buf *out);
