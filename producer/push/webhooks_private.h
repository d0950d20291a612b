// SPDX-License-Identifier: Apache-2.0
#pragma once
/* Inside of webhooks: webhooks.c (claims, records, time), webhook_send.c (one delivery's one try). */
#include "base/base.h"
#include "io/gather.h"
#include "webhook_retry.h"
#include "webhooks.h"

#define WEBHOOKS_UNDER_WAY_MAX 64 /* of the outgoing client's connections, which others need too */

struct delivery {
	struct webhooks *webhooks;
	struct uuid id;
	struct uuid webhook;
	int64_t tries;
	struct http_call *call; /* NULL: it has its verdict */
	struct webhook_verdict verdict;
	int64_t next_ms; /* to the next try, or WEBHOOK_NO_RETRY */
	struct delivery *prev;
	struct delivery *next;
};

struct webhooks {
	struct loop *loop;
	struct webhooks_options o;
	struct timer *tick;
	struct gather record;
	struct delivery *sending;
	struct delivery *judged; /* to be recorded */
	struct delivery *recording;
	size_t nsending;
	struct pg_args args;
	int64_t forget_ms; /* when it is next looked for what can be forgotten */
	bool claiming;
	bool more; /* the last claim brought something: there may be more */
	bool failed;
};

/* ---- webhooks.c ---- */
/* The delivery has its verdict. Never inside webhook_send. */
void webhooks_judged(struct delivery *d);

/* ---- webhook_send.c ---- */
/* Signs and sends what a row of claim_deliveries says. False, with the verdict: it cannot be signed. */
bool webhook_send(struct delivery *d, const struct pg_result *res, int row);
