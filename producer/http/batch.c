// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "base/failpoint.h"
#include "batch.h"
#include "io/gather.h"
#include "scope.h"

enum { COL_REPLAYED = 4, COL_SECRET };

#define SEALED_MAX 1024

struct queue {
	struct batch_item *head;
	struct batch_item **tail;
};

struct batch {
	struct pg *pg;
	struct gather send;
	batch_dispatch *dispatch;
	void *user;
	struct queue waiting;
	struct queue again;         /* to run alone, before those waiting */
	struct queue running;       /* the transaction in flight */
	const struct caller *scope; /* that it is in */
};

static void queue_init(struct queue *q)
{
	q->head = NULL;
	q->tail = &q->head;
}

static void queue_push(struct queue *q, struct batch_item *item)
{
	item->next = NULL;
	*q->tail = item;
	q->tail = &item->next;
}

static struct batch_item *queue_pop(struct queue *q)
{
	struct batch_item *item = q->head;

	if (!item)
		return NULL;
	q->head = item->next;
	if (!q->head)
		q->tail = &q->head;
	return item;
}

static void take_replayed(struct reply *reply, const struct pg_result *res)
{
	struct buf sealed = BUF(SEALED_MAX);

	reply_add_header(reply, "Idempotency-Replayed", mem_strdup("true"));
	if (pg_is_null(res, 0, COL_SECRET) || !pg_bytea(res, 0, COL_SECRET, &sealed)) {
		buf_done(&sealed);
		return;
	}
	reply->sealed = sealed.p;
	reply->sealed_n = sealed.n;
}

static void on_rows(void *user, const struct pg_result *res, const struct err *err)
{
	struct batch_item *first = user;
	struct batch_item *item = first;

	if (err)
		return;
	for (int i = 0; i < first->together; i++, item = item->next)
		item->reply = reply_from_rows(res, i, first->together);
	if (first->once && pg_bool(res, 0, COL_REPLAYED))
		take_replayed(&first->reply, res);
}

static void dispatch_all(const struct batch *b, const struct queue *done)
{
	struct str messages[BATCH_REQUESTS_MAX];
	size_t n = 0;

	for (const struct batch_item *item = done->head; item; item = item->next) {
		if (item->reply.dispatch)
			messages[n++] = str_of(item->reply.dispatch);
	}
	if (n)
		b->dispatch(b->user, messages, n);
}

static void finish(struct batch *b, const struct err *err)
{
	struct queue done = b->running;
	struct batch_item *item;

	queue_init(&b->running);
	if (!err)
		dispatch_all(b, &done);
	while ((item = queue_pop(&done)))
		item->done(item, err);
}

static void run_again_alone(struct batch *b)
{
	struct batch_item *item;

	while ((item = queue_pop(&b->running))) {
		reply_done(&item->reply);
		item->tries++;
		queue_push(&b->again, item);
	}
}

static bool may_try_again(const struct batch_item *item, const struct err *err)
{
	bool collided = strncmp(err->sqlstate, "40", 2) == 0; /* class 40: transaction rollback */

	return err->rc != RC_LOST && item->tries + 1 < (collided ? BATCH_TRIES_MAX : 2);
}

static void on_committed(void *user, const struct pg_result *res, const struct err *err)
{
	struct batch *b = user;

	(void)res;
	if (!err)
		FAILPOINT(accept_after_commit);
	if (err && may_try_again(b->running.head, err))
		run_again_alone(b);
	else
		finish(b, err);
	if (b->waiting.head || b->again.head)
		gather_wake(&b->send);
}

static void enter_scope(struct batch *b, const struct caller *caller)
{
	if (!caller || (b->scope && scope_same(b->scope, caller)))
		return;
	scope_enter(b->pg, caller);
	b->scope = caller;
}

static bool may_share(const struct batch_item *first, const struct batch_item *item)
{
	if (!first->statement->set || item->statement != first->statement)
		return false;
	return first->caller && item->caller ? scope_same(first->caller, item->caller)
	                                     : first->caller == item->caller;
}

/* Runs the queue's first statement, for as many as may share it and at most `max`, and returns how many. */
static int run(struct batch *b, struct queue *from, int max)
{
	AUTO(pg_args_done) struct pg_args stacked = PG_ARGS;
	struct batch_item *first = from->head;
	const struct pg_args *of[BATCH_REQUESTS_MAX];
	int n = 0;

	do {
		of[n++] = &from->head->args;
		queue_push(&b->running, queue_pop(from));
	} while (n < max && from->head && may_share(first, from->head));
	first->together = n;
	enter_scope(b, first->caller);
	if (first->statement->set)
		pg_args_stack(&stacked, of, (size_t)n);
	pg_exec(b->pg, first->statement, first->statement->set ? &stacked : &first->args, on_rows, first);
	return n;
}

/* Nothing was sent, so nothing can have happened: another answer than that of a lost connection. */
static void fail_unsent(struct batch *b)
{
	struct err away = {.rc = RC_IO, .sqlstate = "08001", .text = "the session with the database is down"};
	struct batch_item *item;

	while ((item = queue_pop(&b->again)) || (item = queue_pop(&b->waiting)))
		item->done(item, &away);
}

static void send_next(void *user)
{
	struct batch *b = user;

	if (b->running.head)
		return;
	if (!pg_is_up(b->pg))
		fail_unsent(b);
	if (b->again.head)
		run(b, &b->again, 1);
	else
		for (int n = 0; n < BATCH_REQUESTS_MAX && b->waiting.head;)
			n += run(b, &b->waiting, BATCH_REQUESTS_MAX - n);
	if (!b->running.head)
		return;
	b->scope = NULL;
	gather_begun(&b->send);
	FAILPOINT(accept_before_commit);
	pg_sync(b->pg, on_committed, b);
}

struct batch *batch_new(struct loop *loop, struct pg *pg, batch_dispatch *dispatch, void *user)
{
	struct batch *b = mem_zalloc(sizeof *b);

	b->pg = pg;
	b->dispatch = dispatch;
	b->user = user;
	gather_init(&b->send, loop, GATHER_MS, send_next, b);
	queue_init(&b->waiting);
	queue_init(&b->again);
	queue_init(&b->running);
	return b;
}

void batch_free(struct batch *b)
{
	if (!b)
		return;
	gather_done(&b->send);
	free(b);
}

void batch_add(struct batch *b, struct batch_item *item)
{
	queue_push(&b->waiting, item);
	gather_wake(&b->send);
}
