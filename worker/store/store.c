// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "store.h"

#include "base/clock.h"
#include "base/log.h"
#include "figures.h"
#include "io/gather.h"
#include "load.h"
#include "rows.h"
#include "sieve.h"
#include "table.h"
#include "task.h"
#include "worker.h"

#define LANES 2 /* one fills while the other commits; more only contend for PostgreSQL's cores */
#define AGAIN_AFTER_MS 200

/* A load is many statements on few plans: plans are made once, and a stage without statistics is never
 * hashed. A worker that was stopped in the middle of a transaction loses it after 5 s: callers may wait for
 * its locks, and for those of another that has waited for them. */
static const char setup[] =
    "set statement_timeout = '60s'; set idle_in_transaction_session_timeout = '5s'; set lock_timeout = "
    "'20s'; "
    "set plan_cache_mode = force_generic_plan; set enable_hashjoin = off; set enable_mergejoin = off; "
    "set enable_seqscan = off; set jit = off; set client_min_messages = error";

struct lane {
	struct store *store;
	struct pg *pg;
	bool *staged;
	struct load *load; /* under way */
	struct sieve *sieve;
	struct gather start;
	struct timer *again;
};

struct store {
	struct worker *worker;
	struct lane lane[LANES];
	struct page_queues ones;  /* walks of one page */
	struct page_queues walks; /* that have more pages */
	size_t waiting;           /* pages */
	uint64_t transactions;
	uint64_t rows;
};

static void lane_start(void *user);

static void lane_up(void *user)
{
	struct lane *lane = user;

	gather_wake(&lane->start);
}

static void lane_down(void *user, const struct err *err)
{
	struct lane *lane = user;

	log_event(LOG_LEVEL_WARN, "database_lost", LOG_STR("session", "store"), LOG_ERR(err));
	memset(lane->staged, 0, tables_count(lane->store->worker->tables) * sizeof *lane->staged);
}

/* ---- what waits ---- */

/* The first lane last: it takes what the others leave, so that small tasks rarely wait for others' rows. */
static void each_lane(struct store *s, void (*wake)(struct gather *))
{
	for (size_t i = LANES; i-- > 0;)
		wake(&s->lane[i].start);
}

/* The queue is at rest: no load has pages of it. */
static void queue_up(struct store *s, struct page_queue *q)
{
	q->loading = false;
	if (!q->first)
		return;
	if (rows_are_whole_walk(q->first))
		TAILQ_INSERT_TAIL(&s->ones, q, link);
	else
		TAILQ_INSERT_TAIL(&s->walks, q, link);
}

static void rows_return(struct store *s, struct rows *rows)
{
	http_budget_give(s->worker->http, rows->budget);
	rows_free(rows);
}

/* ---- what became of a load ---- */

static void entry_free_pages(struct store *s, struct entry *e)
{
	for (struct rows *r = e->first, *next; r; r = next) {
		next = r->next;
		rows_return(s, r);
	}
}

static void entry_done(struct store *s, struct entry *e)
{
	bool ended = e->last->last && e->fate != ENTRY_LOST;

	queue_up(s, &e->task->pages);
	if (e->fate == ENTRY_LOST) {
		task_lost(e->task);
	} else {
		s->rows += e->rows;
		figures_quarantined(e->task->walk.resource, entry_bad(e));
	}
	entry_free_pages(s, e);
	task_stored(e->task, e->pages, ended);
}

/*
 * Walks that go on wait for their pages, so that what came meanwhile goes at once. Where most have ended
 * nobody loses by a rest, and the next transaction carries more.
 */
static void lane_pace(struct lane *lane, struct load *load)
{
	size_t walks = 0;
	size_t ended = 0;

	for (const struct entry *e = load_entries(load); e; e = e->hh.next) {
		walks++;
		ended += e->last->last;
	}
	if (2 * ended > walks)
		gather_rest(&lane->start);
	else
		gather_hold(&lane->start, 0);
}

static void load_finished(struct lane *lane)
{
	struct load *load = TAKE(lane->load);

	lane->store->transactions++;
	lane_pace(lane, load);
	load_part(load);
	for (struct entry *e = load_entries(load); e; e = e->hh.next)
		entry_done(lane->store, e);
	load_free(load);
	each_lane(lane->store, gather_wake);
}

static void load_refused(struct lane *lane, const struct err *err)
{
	struct load *load = TAKE(lane->load);

	log_event(LOG_LEVEL_ERROR, "store_refused", LOG_ERR(err));
	load_part(load);
	for (struct entry *e = load_entries(load); e; e = e->hh.next) {
		queue_up(lane->store, &e->task->pages);
		entry_free_pages(lane->store, e);
		task_refused(e->task, e->pages, err->text);
	}
	load_free(load);
	each_lane(lane->store, gather_wake);
}

/* Puts the load's pages before those of their tasks that wait, each to go alone. */
static void load_split(struct lane *lane)
{
	struct load *load = TAKE(lane->load);

	load_part(load);
	for (struct entry *e = load_entries(load); e; e = e->hh.next) {
		for (struct rows *r = e->first; r; r = r->next)
			r->alone = true;
		lane->store->waiting += e->pages;
		page_queue_put_back(&e->task->pages, e->first, e->last);
		queue_up(lane->store, &e->task->pages);
	}
	load_free(load);
	each_lane(lane->store, gather_wake);
}

static void sieved(void *user, const struct err *err)
{
	struct lane *lane = user;

	sieve_free(TAKE(lane->sieve));
	if (err && err->rc != RC_LOST) {
		load_refused(lane, err);
		return;
	}
	if (!err) {
		struct entry *e = load_entries(lane->load);
		struct err many = {.rc = RC_INVALID};

		e->first->sieved = true;
		if (judge_page(&e->task->sieved, e->first,
		        lane->store->worker->settings.quarantine_max_percent, many.text, sizeof many.text)) {
			load_refused(lane, &many);
			return;
		}
	}
	load_split(lane); /* its one page goes again, without the records that were found bad */
}

static void load_sieve(struct lane *lane)
{
	struct entry *e = load_entries(lane->load);

	log_event(LOG_LEVEL_WARN, "page_sieved", LOG_UUID("task_id", &e->task->task_id),
	    LOG_INT("page", e->first->number));
	lane->sieve = sieve_new(lane->pg, e->task->table, e->first, sieved, lane);
}

static void run_again(void *user)
{
	struct lane *lane = user;

	if (lane->load && pg_is_up(lane->pg))
		load_run(lane->load);
	else if (lane->load)
		timer_set(lane->again, AGAIN_AFTER_MS, 0);
}

static void load_over(void *user, enum load_end end, const struct err *err)
{
	struct lane *lane = user;

	switch (end) {
	case LOAD_DONE:
		load_finished(lane);
		return;
	case LOAD_AGAIN:
		log_event(LOG_LEVEL_WARN, "store_again", LOG_ERR(err));
		timer_set(lane->again, AGAIN_AFTER_MS, 0);
		return;
	case LOAD_SPLIT:
		load_split(lane);
		return;
	case LOAD_SIEVE:
		load_sieve(lane);
		return;
	case LOAD_REFUSED:
		load_refused(lane, err);
		return;
	}
}

/* ---- gathering ---- */

/* The pages of a task that is gone, or that come behind a refused one, are not written. */
static void queue_drop(struct store *s, struct page_queue *q)
{
	struct task *t = q->first->task;
	size_t n = 0;

	for (; q->first; n++)
		rows_return(s, page_queue_pop(q));
	s->waiting -= n;
	task_stored(t, n, false);
}

/* Task by task: with few tasks in each load, lanes keep few from each other. */
static void lane_fill(struct lane *lane, struct load *load, struct page_queues *from)
{
	struct page_queue *next;

	for (struct page_queue *q = TAILQ_FIRST(from); q; q = next) {
		const struct task *t = q->first->task;
		bool unwanted = t->step == TASK_GONE || t->refused;

		next = TAILQ_NEXT(q, link);
		if (!unwanted && !load_has_room(load, q->first))
			continue;
		TAILQ_REMOVE(from, q, link);
		if (unwanted) {
			queue_drop(lane->store, q);
			continue;
		}
		q->loading = true;
		for (; q->first && load_has_room(load, q->first); lane->store->waiting--)
			load_add(load, page_queue_pop(q));
	}
}

/*
 * Walks of one page go by the first lane, so that small tasks share their transactions. What is longer goes
 * by any lane.
 */
static void lane_start(void *user)
{
	struct lane *lane = user;
	struct store *s = lane->store;
	struct load_lane context = {s->worker, lane->pg, lane->staged, load_over, lane};
	bool takes_ones = lane == &s->lane[0];

	if (lane->load || !pg_is_up(lane->pg))
		return;
	if (TAILQ_EMPTY(&s->walks) && (!takes_ones || TAILQ_EMPTY(&s->ones)))
		return;
	struct load *load = load_new(&context);
	if (takes_ones)
		lane_fill(lane, load, &s->ones);
	if (load_pages(load) == 0)
		lane_fill(lane, load, &s->walks);
	if (load_pages(load) == 0) { /* nobody wants what waited */
		load_free(load);
		return;
	}
	lane->load = load;
	gather_begun(&lane->start);
	load_run(load);
}

/* What was claimed together comes back together: while calls go on, the end of a walk joins their pages. */
void store_add(struct store *s, struct rows *rows)
{
	struct page_queue *q = &rows->task->pages;
	bool rested = !q->first && !q->loading;

	page_queue_push(q, rows);
	s->waiting++;
	if (rested)
		queue_up(s, q);
	if (rows->last && http_in_flight(s->worker->http) > 0)
		each_lane(s, gather_join);
	else
		each_lane(s, gather_wake);
}

size_t store_pending(const struct store *s)
{
	size_t n = s->waiting;

	for (size_t i = 0; i < LANES; i++)
		n += s->lane[i].load ? load_pages(s->lane[i].load) : 0;
	return n;
}

bool store_is_up(const struct store *s)
{
	for (size_t i = 0; i < LANES; i++) {
		if (!pg_is_up(s->lane[i].pg))
			return false;
	}
	return true;
}

void store_counts(const struct store *s, uint64_t *ret_transactions, uint64_t *ret_rows)
{
	*ret_transactions = s->transactions;
	*ret_rows = s->rows;
}

struct store *store_new(struct worker *w)
{
	struct store *s = mem_zalloc(sizeof *s);

	s->worker = w;
	TAILQ_INIT(&s->ones);
	TAILQ_INIT(&s->walks);
	for (size_t i = 0; i < LANES; i++) {
		struct lane *lane = &s->lane[i];

		lane->store = s;
		lane->staged = mem_array(tables_count(w->tables), sizeof *lane->staged);
		gather_init(&lane->start, w->loop, GATHER_MS, lane_start, lane);
		lane->again = timer_new(w->loop, run_again, lane);
		lane->pg = pg_open(w->loop, &(struct pg_options){.conninfo = w->settings.database_url,
		                                .application_name = "sync-worker store",
		                                .setup = setup,
		                                .on_up = lane_up,
		                                .on_down = lane_down,
		                                .user = lane});
	}
	return s;
}

static void queue_free(struct page_queue *q)
{
	while (q->first)
		rows_free(page_queue_pop(q));
}

static void queues_free(struct page_queues *queues)
{
	struct page_queue *q;

	TAILQ_FOREACH(q, queues, link)
	{
		queue_free(q);
	}
}

static void load_drop(struct load *load)
{
	if (!load)
		return;
	load_part(load);
	for (struct entry *e = load_entries(load); e; e = e->hh.next) {
		page_queue_put_back(&e->task->pages, e->first, e->last);
		queue_free(&e->task->pages);
	}
	load_free(load);
}

void store_free(struct store *s)
{
	if (!s)
		return;
	for (size_t i = 0; i < LANES; i++) {
		struct lane *lane = &s->lane[i];

		pg_close(lane->pg);
		gather_done(&lane->start);
		timer_free(lane->again);
		sieve_free(lane->sieve);
		load_drop(lane->load);
		free(lane->staged);
	}
	queues_free(&s->ones);
	queues_free(&s->walks);
	rows_drain_pool();
	free(s);
}
