// SPDX-License-Identifier: Apache-2.0
#pragma once
/*
 * What the files of the limits share: limits.c (rules, budgets, lanes, what tasks ask), limits_lane.c (the
 * queues), limits_exchange.c (the question to the database) and limits_answer.c (what it says).
 * "Now" is limit_clock_now(); what the database dates is in its own time.
 */
#include "base/base.h"
#include "base/clock.h"
#include "base/hash.h"
#include "base/metrics.h"
#include "io/gather.h"
#include "io/pg.h"
#include "limit_clock.h"
#include "limit_rules.h"
#include "limit_starts.h"
#include "limit_word.h"
#include "limits.h"

struct budget {
	char *key;
	struct limit_rule *rule;
	size_t lanes;      /* that point here */
	int64_t units;     /* quota: to be spent; concurrency: permits */
	int64_t in_use;    /* units or permits of calls under way */
	int64_t peak;      /* concurrency: the most in use since the last question */
	int64_t recent;    /* quota: units spent since the last question */
	int64_t expires;   /* of the units, the database's time */
	int64_t slot;      /* quota: where the units were taken from */
	int64_t rivals;    /* rate, quota: others who ask; concurrency: others who ask in vain */
	int64_t blocked;   /* no use in asking before */
	int64_t closed;    /* the provider refused; no call before */
	int64_t turn_ends; /* concurrency: others wait for the permits; 0: nobody */
	int64_t asked;     /* when */
	/* to be told */
	bool told;
	struct limit_word word;
	int64_t close_us;
	int64_t closing_us; /* under way */
	struct budget *wide;
	double scale; /* told last */
	/* of the question that is being put together */
	int64_t need;
	bool due;
	int place;
	UT_hash_handle hh;
};

/* Tasks that need leave of the same budgets wait in one queue. */
struct lane {
	struct limits *owner;
	struct budget
	    *budget[LIMITS_PER_CALL]; /* by key; NULL behind the last one: the whole is the hash key */
	size_t n;
	bool paced; /* has a rate */
	bool shut;  /* has a concurrency limit */
	int64_t valid_us;
	struct limit_starts starts;
	size_t batch;    /* starts leased last */
	int64_t recent;  /* starts used since the last question */
	int64_t blocked; /* no use in asking for starts before */
	size_t tasks;    /* that point here */
	struct task *head, *tail;
	size_t waiting;
	uint64_t turn;
	int64_t used; /* when */
	struct timer *timer;
	size_t need;         /* of the question that is being put together */
	struct budget *slow; /* why `blocked` */
	bool listed;
	struct lane *prev, *next; /* those with waiting tasks */
	UT_hash_handle hh;
};

struct limits {
	struct worker *worker;
	struct limit_rule *rule;
	size_t nrules;
	struct budget *budgets;
	struct lane *lanes;
	struct lane *head, *tail; /* with waiting tasks */
	struct limit_clock clock;
	int64_t lead_us;
	struct gather gather;
	struct defer run;
	struct timer *poll;
	struct pg_args args;
	struct budget **asked;
	struct lane **lane_asked;
	size_t nasked, asked_cap, nlanes, lane_cap;
	int64_t sent;
	bool busy;
	void (*left)(void *user);
	void *left_user;
	bool leaving;
};

/* ---- limits_lane.c ---- */

int64_t limits_cost(const struct budget *b, const struct task *t);
/* Everything but the start. */
bool limits_allow(const struct lane *l, const struct task *t, int64_t now);
bool lane_try(struct lane *l, struct task *t);
void lane_add(struct lane *l, struct task *t);
void lane_remove(struct lane *l, struct task *t);
/* Gives leave to whoever can have it, and sets the timer for the next one. */
void lane_run(struct lane *l);
void lanes_run(struct limits *l);
/* How many of the waiting tasks lack nothing but a start. */
size_t lane_startable(const struct lane *l);
/* Those go away that would wait longer than a task keeps its slot: all, when a limit is closed or spent for
 * so long, else those that stand too far behind. */
void lane_park_waiting(struct lane *l, int64_t now);

/* ---- limits_exchange.c ---- */

void limits_wake(struct limits *l);
/* For the gather. */
void limits_exchange(void *user);

/* ---- limits_answer.c ---- */

void limits_exchanged(void *user, const struct pg_result *res, const struct err *err);
