// SPDX-License-Identifier: Apache-2.0
#pragma once
/*
 * Lists that show identities only, whose records are got in batches. A list's page gives keys; the requests
 * after it get the records of those keys, and what failed in a way that passes stays among them.
 */
#include "declared_page.h"

#define BATCH_KEYS_MAX (48u << 10) /* bytes of keys in a cursor, which holds more than them */

static inline bool batch_is_declared(const struct resource *r)
{
	return r->batch.path.n != 0;
}

/* How many records the next request asks for; 0: it asks for a list. */
size_t batch_parts(const struct resource *r, const struct position *p);

/* Appends the parts of a request. */
enum rc batch_write(struct making *m) MUST_USE;
/* Reads the answer to it, and moves the position on. */
void batch_read(struct reading *r, const struct http_response *res);

/* Takes the identity of a list's record. */
enum rc batch_gather(struct reading *r, const struct slice *id) MUST_USE;
/* Takes what one entry of a list of changes says. */
enum rc batch_change(struct reading *r, struct str entry) MUST_USE;
