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
#define LOAD_PAGES_MAX 1000
#define AGAIN_AFTER_MS 200

/* A load is many statements on few plans: plans are made once, and a stage without statistics is never
 * hashed. */
static const char setup[] =
    "set statement_timeout = '60s'; set idle_in_transaction_session_timeout = '10s'; set lock_timeout = "
    "'20s'; "
    "set plan_cache_mode = force_generic_plan; set enable_hashjoin = off; set enable_mergejoin = off; "
    "set enable_seqscan = off; set jit = off; set client_min_messages = error";

struct lane {
	struct store *store;
	struct pg *pg;
	bool *staged;
	struct rows *first; /* pages that wait for the next load */
	struct rows **tail;
	size_t waiting;
	struct load *load; /* under way */
	struct sieve *sieve;
	struct gather start;
	struct timer *again;
};

struct store {
	struct worker *worker;
	struct lane lane[LANES];
	uint64_t transactions;
	uint64_t rows;
};

static void lane_start(void *user);

static void lane_wake(struct lane *lane)
{
	gather_wake(&lane->start);
}

static void lane_up(void *user)
{
	lane_wake(user);
}

static void lane_down(void *user, const struct err *err)
{
	struct lane *lane = user;

	log_event(LOG_LEVEL_WARN, "database_lost", LOG_STR("session", "store"), LOG_ERR(err));
	memset(lane->staged, 0, tables_count(lane->store->worker->tables) * sizeof *lane->staged);
}

static void lane_push(struct lane *lane, struct rows *rows)
{
	rows->next = NULL;
	*lane->tail = rows;
	lane->tail = &rows->next;
	lane->waiting++;
}

static struct rows *lane_pop(struct lane *lane)
{
	struct rows *rows = lane->first;

	lane->first = rows->next;
	if (!lane->first)
		lane->tail = &lane->first;
	lane->waiting--;
	rows->next = NULL;
	return rows;
}

static void rows_return(struct store *s, struct rows *rows)
{
	http_budget_give(s->worker->http, rows->budget);
	rows_free(rows);
}

/* ---- what became of a load ---- */

/* The load's pages are one list in which tasks mix: gives each entry a list of its own. */
static void entries_untangle(struct load *load)
{
	struct rows *r = load_take_pages(load);

	for (struct entry *e = load_entries(load); e; e = e->hh.next)
		e->last = NULL;
	while (r) {
		struct rows *next = r->next;
		struct entry *e = load_entry_of(load, r->task);

		r->next = NULL;
		if (e->last)
			e->last->next = r;
		else
			e->first = r;
		e->last = r;
		r = next;
	}
}

static void entry_free_pages(struct store *s, struct entry *e)
{
	for (struct rows *r = e->first, *next; r; r = next) {
		next = r->next;
		rows_return(s, r);
	}
}

static size_t entry_bad(const struct entry *e)
{
	size_t n = 0;

	for (const struct rows *r = e->first; r; r = r->next)
		n += r->nbad;
	return n;
}

static void entry_done(struct store *s, struct entry *e)
{
	bool ended = e->last->last && e->fate != ENTRY_LOST;

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
	entries_untangle(load);
	for (struct entry *e = load_entries(load); e; e = e->hh.next)
		entry_done(lane->store, e);
	load_free(load);
	lane_wake(lane);
}

static void load_refused(struct lane *lane, const struct err *err)
{
	struct load *load = TAKE(lane->load);

	log_event(LOG_LEVEL_ERROR, "store_refused", LOG_ERR(err));
	entries_untangle(load);
	for (struct entry *e = load_entries(load); e; e = e->hh.next) {
		entry_free_pages(lane->store, e);
		task_refused(e->task, e->pages, err->text);
	}
	load_free(load);
	lane_wake(lane);
}

/* Puts the load's pages before those that wait, each to go alone. */
static void load_split(struct lane *lane)
{
	struct load *load = TAKE(lane->load);
	struct rows *first = load_take_pages(load);
	struct rows **end = &first;

	for (; *end; end = &(*end)->next) {
		(*end)->alone = true;
		lane->waiting++;
	}
	*end = lane->first;
	if (!lane->first)
		lane->tail = end;
	lane->first = first;
	load_free(load);
	lane_wake(lane);
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

static bool load_has_room(const struct lane *lane, struct load *load, const struct rows *rows)
{
	if (load_pages(load) == 0)
		return true;
	struct entry *e = load_entry_of(load, rows->task);
	bool another_run = e &&
	                   e->task != rows->task; /* of the same resource: cancelled, and asked for again */

	return !another_run && !rows->alone && load_pages(load) < LOAD_PAGES_MAX &&
	       load_rows(load) + rows->n <= (size_t)lane->store->worker->settings.store_rows_max;
}

/* A page whose task is gone, or that comes behind a refused one, is not written. */
static void page_drop(struct lane *lane, struct rows *rows)
{
	struct task *t = rows->task;

	rows_return(lane->store, rows);
	task_stored(t, 1, false);
}

static void lane_start(void *user)
{
	struct lane *lane = user;
	struct load_lane context = {lane->store->worker, lane->pg, lane->staged, load_over, lane};

	if (lane->load || !lane->first || !pg_is_up(lane->pg))
		return;
	struct load *load = load_new(&context);
	while (lane->first && load_has_room(lane, load, lane->first)) {
		struct rows *rows = lane_pop(lane);

		if (rows->task->step == TASK_GONE || rows->task->refused) {
			page_drop(lane, rows);
			continue;
		}
		load_add(load, rows);
		if (rows->alone)
			break;
	}
	if (load_pages(load) == 0) {
		load_free(load);
		return;
	}
	lane->load = load;
	gather_begun(&lane->start);
	load_run(load);
}

/*
 * A walk of one page goes to the first lane, so that small tasks share their transactions; longer walks are
 * spread. The pages of a task stay in order: nothing of it waits when its only page comes.
 */
static struct lane *lane_for(struct store *s, const struct rows *rows)
{
	const struct uuid *id = &rows->task->connection_id;
	bool only_page = rows->number == 0 && rows->last;

	return &s->lane[only_page ? 0 : (id->b[15] ^ id->b[14]) % LANES];
}

/* What was claimed together comes back together: while calls go on, the end of a walk joins their pages. */
void store_add(struct store *s, struct rows *rows)
{
	struct lane *lane = lane_for(s, rows);

	lane_push(lane, rows);
	if (rows->last && http_in_flight(s->worker->http) > 0)
		gather_join(&lane->start);
	else
		lane_wake(lane);
}

size_t store_pending(const struct store *s)
{
	size_t n = 0;

	for (size_t i = 0; i < LANES; i++)
		n += s->lane[i].waiting + (s->lane[i].load ? load_pages(s->lane[i].load) : 0);
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
	for (size_t i = 0; i < LANES; i++) {
		struct lane *lane = &s->lane[i];

		lane->store = s;
		lane->tail = &lane->first;
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
		for (struct rows *r = lane->load ? load_take_pages(lane->load) : NULL, *next; r; r = next) {
			next = r->next;
			rows_free(r);
		}
		load_free(lane->load);
		while (lane->first)
			rows_free(lane_pop(lane));
		free(lane->staged);
	}
	rows_drain_pool();
	free(s);
}
