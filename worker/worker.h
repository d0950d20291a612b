// SPDX-License-Identifier: Apache-2.0
#pragma once
/* The worker as a whole: what its modules share. Everything is made in worker_init's order and freed in
 * reverse. */
#include "base/base.h"
#include "base/uuid.h"
#include "io/admin.h"
#include "io/http.h"
#include "io/loop.h"
#include "io/pg.h"
#include "provider.h"
#include "settings.h"
#include "sync/declaration.h"

struct breakers;
struct ends;
struct heartbeat;
struct intake;
struct limits;
struct outbox;
struct settle;
struct store;
struct sweep;
struct tables;
struct task;
struct tokens;
struct crypto_keys;

struct worker {
	struct settings settings;
	struct uuid id; /* a new one each time this process was declared dead */
	struct loop *loop;
	struct registry *registry;
	struct tables *tables;
	struct crypto_keys *keys;
	struct http_client *http;
	struct pg *control; /* claims, settlements, tokens */
	struct heartbeat *heartbeat;
	struct outbox *outbox;
	struct store *store;
	struct settle *settle;
	struct sweep *sweep;
	struct tokens *tokens;
	struct limits *limits;
	struct breakers *breakers;
	struct ends *ends;
	struct intake *intake;
	struct admin *admin;
	struct admin_check checks[3];
	struct timer *grace;             /* after SIGTERM */
	struct provider_request request; /* the one being built */
	struct page page;                /* the one being read */
	struct task *tasks;              /* all that are not freed */
	size_t ntasks;
	bool others_wait; /* as of the last heartbeat */
	bool draining;    /* as of it: takes no messages, gives tasks back, stays */
	bool stopping;
	bool leaving; /* the fleet was told */
	bool failed;  /* stops for a reason that a new process does not have */
};

/* Reads what the settings name (database, keys, origins, declarations); for --check-config, too. */
enum rc worker_check(struct worker *w, struct err *err) MUST_USE;
/* After worker_check: opens everything and joins the fleet; on failure `w` is half-built and worker_done is
 * still to be called. */
enum rc worker_init(struct worker *w, struct err *err) MUST_USE;
void worker_done(struct worker *w);
/* Begins to end: no new claims, tasks stop after the page under way, then the loop stops. */
void worker_stop(void *w);
/* A Kafka client is useless: the process ends, and fails, so that whoever supervises it starts another. */
void worker_kafka_fatal(struct worker *w, const char *text);

/* False while heartbeats are not acknowledged or the worker ends: no call may be started. */
bool worker_may_call(const struct worker *w);
/* Tells every task that waits for leave to look again. */
void worker_resume_tasks(struct worker *w);
/* The list of tasks; a freed one makes room for messages, the last one lets a stopping worker end. */
void worker_add_task(struct worker *w, struct task *t);
void worker_remove_task(struct worker *w, struct task *t);
/* A stopping worker that holds no task and waits for no claim leaves the fleet. */
void worker_leave_when_idle(struct worker *w);
