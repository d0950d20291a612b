// SPDX-License-Identifier: Apache-2.0
#pragma once
/*
 * Writing requests gather while the session is busy and then run as one transaction, so that a commit is paid
 * once for many. Nobody is answered before it. When the transaction fails by its data, each request runs once
 * more alone: one bad request fails nobody else. A deadlock's victim is tried a few times: others' batches
 * may lock the same things in another order. Requests one after the other that have the same statement of a
 * set and the same scope share one execution of it.
 */
#include "base/base.h"
#include "caller.h"
#include "io/loop.h"
#include "io/pg.h"
#include "reply.h"

#define BATCH_TRIES_MAX 5
#define BATCH_REQUESTS_MAX 128 /* of one transaction: about 30 ms of the slowest statement */

struct batch;

/* One request, embedded by who makes it; `statement`, `args` and `caller` must live until `done`. */
struct batch_item {
	const struct pg_statement *statement;
	struct pg_args args;
	const struct caller *caller; /* in whose scope it runs; NULL: the session's own rights */
	/* Once, never inside batch_add: `err` NULL means committed, and `reply` is the row, to be taken. */
	void (*done)(struct batch_item *item, const struct err *err);
	struct reply reply;
	bool once; /* the row has two more columns: whether it answered an earlier request, and its secret */
	int tries; /* that have failed; from the first on it runs alone */
	int together; /* this and those after it in the queue that share its execution */
	struct batch_item *next;
};

/* Messages of tasks that were committed as dispatched: `n` JSON arrays, valid during the call. */
typedef void batch_dispatch(void *user, const struct str *messages_json, size_t n);

/*
 * `pg` must be used by nobody else, and outlive the batch or be closed first. What rows say is to be
 * dispatched is given to `dispatch`, all of a transaction's at once and before anybody is answered:
 * neighbours travel together.
 */
struct batch *batch_new(struct loop *loop, struct pg *pg, batch_dispatch *dispatch, void *user);
/* Items are dropped without their callbacks. Accepts NULL. */
void batch_free(struct batch *b);
void batch_add(struct batch *b, struct batch_item *item);
