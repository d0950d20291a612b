// SPDX-License-Identifier: Apache-2.0
#pragma once
/*
 * Requests with an Idempotency-Key: the first one's effect and its answer are stored in one transaction, and
 * whoever comes again with the same key and the same request gets the stored answer
 * (draft-ietf-httpapi-idempotency-key-header-07).
 */
#include "base/base.h"
#include "batch.h"
#include "caller.h"
#include "io/httpd.h"

#define ONCE_KEY_MAX 255

/*
 * Reads the header: a structured field's string (RFC 8941, section 3.3.3) or the bare text of 1 to 255
 * visible characters and spaces. NULL: it is neither. Released with free().
 */
char *once_read_key(struct str header) MUST_USE;
/* Makes the item, with statement and args bound, one that takes effect once for this caller, key and request.
 */
void once_wrap(struct batch_item *item, const struct httpd_request *rq, const char *key);
