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
#include "io/crypto.h"
#include "io/httpd.h"

#define ONCE_KEY_MAX 255

/*
 * Reads the header: a structured field's string (RFC 8941, section 3.3.3) or the bare text of 1 to 255
 * visible characters and spaces. NULL: it is neither. Released with free().
 */
char *once_read_key(struct str header) MUST_USE;
/* What a request that may come twice has of its own; zero-initialised. */
struct once {
	char *key; /* NULL: it has no Idempotency-Key */
	bool used; /* by the first statement that writes */
	char *secret;
	size_t secret_n;
};

#define ONCE_SECRET_MAX 256

void once_done(struct once *o);
/*
 * Memory for a secret that the answer shows and no statement sees, wiped by once_done. It is kept, sealed,
 * with the answer. Once a request, before once_wrap.
 */
char *once_make_secret(struct once *o, size_t n);
/* Makes the item, with statement, args and caller bound, one that takes effect once for this caller, key and
 * request. */
void once_wrap(
    struct once *o, struct batch_item *item, const struct httpd_request *rq, const struct crypto_keys *keys);
/* The secret of the answer that is repeated takes the new one's place; false: it cannot be opened. */
bool once_recall(
    struct once *o, const struct caller *caller, const struct crypto_keys *keys, struct str sealed) MUST_USE;
