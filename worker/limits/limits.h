// SPDX-License-Identifier: Apache-2.0
#pragma once
/*
 * The providers' limits, one budget each in the whole fleet (invariant 11). A call needs leave of every limit
 * that counts it. Budgets live in PostgreSQL (rate_budgets); this worker leases from them ahead, for all its
 * tasks together and for many budgets with one statement, so that no call costs a query. Everything here is
 * for providers that declare limits; others never come here.
 */
#include "base/base.h"
#include "io/http.h"
#include "sync/declaration.h"

struct lane;
struct limits;
struct task;
struct worker;

/* In a task: what it waits for and holds. Zero-initialise. */
struct permit {
	struct lane *lane;  /* NULL: never asked */
	bool granted;       /* a call may begin or is under way */
	bool waiting;       /* in the lane's queue */
	unsigned exhausted; /* a bit for each limit of the lane: the last answer said that nothing is left */
	uint64_t turn;
	int64_t cost; /* of the call, for weighted limits */
	int64_t since_us;
	struct task *prev, *next;
};

/* `overrides`: "provider.limit=count[,...]"; a count of 0 switches a limit off. */
enum rc limits_check(const struct registry *r, const char *overrides, struct err *err) MUST_USE;
/* After limits_check. */
struct limits *limits_new(struct worker *w);
/* Accepts NULL. Tasks are gone. */
void limits_free(struct limits *l);

/* May the task call now? Else it waits, and hears by task_permitted or task_parked. Asking again is the same
 * question. */
bool limits_ask(struct limits *l, struct task *t);
/* The call ended; `res` is NULL when there was no answer. */
void limits_answered(struct limits *l, struct task *t, const struct http_response *res);
/* The provider refused that call for so long: the limit that it concerns is closed for the fleet. */
void limits_throttled(struct limits *l, struct task *t, int64_t ms);
/* The task wants no leave any more, granted or not; a call under way is dropped. */
void limits_forget(struct limits *l, struct task *t);
/* The task is freed. */
void limits_drop(struct limits *l, struct task *t);

/* The session to the database is up again. */
void limits_retry(struct limits *l);
/* The worker ends in good order: gives back what is unused, then calls `done` (at once when there is nothing,
 * or no database). */
void limits_leave(struct limits *l, void (*done)(void *user), void *user);
