// SPDX-License-Identifier: Apache-2.0
#pragma once
/*
 * Results sent to webhooks. Deliveries are rows, written in the transaction that ended what they tell of;
 * every producer claims those that are due (SKIP LOCKED) for a time in which nobody else does, and records
 * what came of them. So each is sent at least once, always under the same id, in no promised order. A
 * receiver has a few places here and no more: one that is dead holds up nobody else.
 */
#include "base/base.h"
#include "io/http.h"
#include "io/loop.h"
#include "io/pg.h"

struct crypto_keys;
struct webhooks;

struct webhooks_options {
	struct pg *pg;            /* sees all tenants' rows; shared with others */
	struct http_client *http; /* refuses addresses that are not public, and redirects */
	const struct crypto_keys *keys;
	int64_t tick_ms;
	int64_t timeout_ms;
	int64_t retry_first_ms; /* webhook_retry.h */
	int64_t keep_s;         /* deliveries that are done are forgotten after this */
	int64_t each_max;       /* under way to one receiver */
};

struct webhooks *webhooks_new(struct loop *loop, const struct webhooks_options *o);
/* What is under way is given up, and sent again by whoever looks later. Accepts NULL. */
void webhooks_free(struct webhooks *w);
