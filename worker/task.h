// SPDX-License-Identifier: Apache-2.0
#pragma once
/*
 * One claimed task and its steps. task_goto() alone changes the step. The design's invariants that live here:
 * a slice is short when others wait (6), a long wait gives the slot back (7), a worker that was not
 * acknowledged starts no call (3).
 */
#include "base/base.h"
#include "base/uuid.h"
#include "io/http.h"
#include "judge.h"
#include "limits.h"
#include "page_queue.h"
#include "provider.h"

struct bearings_text;
struct evidence;
struct worker;
struct table;
struct rows;

/* name, text, what it waits for */
#define TASK_STEPS(X)                                                                                        \
	X(TOKEN, "token")       /* an access token that is good for the next call */                         \
	X(REPLAY, "replay")     /* quarantined records, read anew */                                         \
	X(BEARINGS, "bearings") /* what earlier walks left, and the next parent */                           \
	X(PERMIT, "permit")     /* leave to call: of this worker, and of the provider's limits */            \
	X(FETCH, "fetch")       /* the call */                                                               \
	X(ANSWER, "answer")     /* the provider's answer */                                                  \
	X(REPLY, "reply")       /* a question's answer to be stored */                                       \
	X(PAUSE, "pause")       /* a short wait */                                                           \
	X(SWEEP, "sweep")       /* the walk is over: what it did not show is deleted */                      \
	X(DRAIN, "drain")       /* no more calls: the pages that are not stored yet */                       \
	X(SETTLE, "settle")     /* its row to be given back or failed */                                     \
	X(GONE, "gone")         /* nothing but what still points to it */

enum task_step {
#define X(id, name) TASK_##id,
	TASK_STEPS(X)
#undef X
};

enum outcome { OUTCOME_NONE, OUTCOME_QUEUED, OUTCOME_WAITING, OUTCOME_FAILED };

struct task {
	struct worker *worker;
	struct uuid task_id;
	struct uuid connection_id;
	struct uuid tenant_id;
	int64_t epoch;
	struct table *table;
	struct walk walk;       /* its cursor points into `cursor` */
	struct account account; /* its token points into `token` */
	struct buf cursor;
	struct buf token;
	struct buf external_id;
	int64_t token_version;
	int64_t token_expires_us; /* 0: unknown */
	bool token_tried;         /* a refresh was done for this page already */
	bool token_kept;          /* a refresh before its time failed: it is used until it ends */
	bool token_short;         /* tokens live shorter than refresh_early_s: they are used until they end */
	bool replay;              /* begins with the quarantined records that are asked for */
	bool replay_only;
	bool ask;             /* one call, of which only the outcome is kept */
	bool refresh;         /* not even that: new tokens */
	bool probe;           /* claimed while the provider's breaker was half open: it may call */
	bool has_dead;        /* records of this resource are in quarantine */
	bool widened;         /* walks everything although only what changed was asked for */
	bool first_load;      /* no walk of this resource has ended: its rows are new */
	int64_t page;         /* number of the page to be fetched next */
	int64_t requested_us; /* when the call began that is under way */
	struct judge parsed;  /* records that were read, and those of them that the database has seen */
	struct judge sieved;
	size_t unstored;         /* pages given to the store and not committed */
	struct page_queue pages; /* those of them that are in no load yet; the store's */
	int64_t attempts;        /* failed tries of this page */
	int64_t restarts;        /* walks begun anew, before this slice */
	int64_t slice_end_ms;
	int64_t slice_pages;
	const char *yield; /* why the slice ends at the next page boundary, or NULL; a literal */
	enum task_step step;
	struct http_call *call;
	struct permit permit;
	uint64_t app; /* hash of the client id that its account was authorised with */
	struct timer *timer;
	struct replay *replaying;       /* under way */
	struct bearings_text *bearings; /* what walk.bearings points into, or NULL */
	bool bearing;                   /* they are being read */
	bool refreshing;                /* tokens.c has it in a list */
	bool restarting;                /* the next slice begins a walk anew */
	bool fleeting; /* its cursor dies young: the slice goes on to the window's end, if that is not too far
	                */
	bool settling; /* settle.c has it in a list */
	bool sweeping; /* a step of its sweep is under way */
	bool refused;  /* the database refused a page: those behind it must not be written */
	/* how the slice ends, from DRAIN on */
	enum outcome outcome;
	enum verdict_class class;
	int64_t wait_ms;
	char message[VERDICT_REASON_MAX];
	struct evidence *evidence; /* of its last failed try, or NULL */
	struct task *prev, *next;  /* worker->tasks */
};

/* Begins with the first step; the claim has filled the identity, walk and account. Owned by the worker's
 * list. */
void task_start(struct task *t);
/* Begins and fails at once: the row cannot be worked on. */
void task_start_failed(struct task *t, enum verdict_class class, const char *reason);

/* The store: `n` pages are committed; `ended` when the last one was among them. */
void task_stored(struct task *t, size_t n, bool ended);
/* The fence was closed, or the heartbeat said so: somebody else decides about this task. Drops everything. */
void task_lost(struct task *t);
/* The database refuses its rows for a reason that is not in the data. */
void task_refused(struct task *t, size_t pages, const char *reason);
/* A step of its sweep is committed; `done` when the task has ended with it. */
void task_swept(struct task *t, bool done);
/* Tokens: a good token is in place (RC_OK), or why there is none. */
void task_token_ready(struct task *t, const struct verdict *v);
/* The provider's limits: it may call, or waits too long for its slot. */
void task_permitted(struct task *t);
void task_parked(struct task *t, int64_t ms, const char *reason);
/* Replay: a page of quarantined records, which is the task's now; or why there is none. */
void task_replayed(struct task *t, struct rows *rows);
void task_replay_failed(struct task *t, const struct err *err);
/* Its walk's bearings are known, or why not; or the walk has to wait for another one. */
void task_bearings(struct task *t, const struct err *err);
void task_bearings_wait(struct task *t, int64_t ms);
/* A question: how it was answered is stored, and the task has ended with it. */
void task_answered(struct task *t, bool stored);
/* The row was given back or failed. */
void task_settled(struct task *t);
/* No further page is begun, and its row goes back to the queue; `why` is a literal. */
void task_yield(struct task *t, const char *why);
/* The process ends: frees it, whatever it waits for; the store, settlements and calls are gone already. */
void task_abandon(struct task *t);
/* Called again when calls may be started once more. */
void task_resume(struct task *t);

const char *task_step_name(enum task_step step);
