// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "settle.h"

#include "base/clock.h"
#include "base/failpoint.h"
#include "base/log.h"
#include "ends.h"
#include "evidence.h"
#include "io/pg.h"
#include "statements.h"
#include "sync/outbox.h"
#include "task.h"
#include "task_list.h"
#include "worker.h"

#define ENDS_MAX 65536 /* bytes: a name and a number for each provider */

struct settle {
	struct worker *worker;
	struct task_list waiting;
	struct task_list sent;
	struct defer start;
	struct pg_args args;
	bool busy;
};

static void settled(void *user, const struct pg_result *res, const struct err *err)
{
	struct settle *s = user;
	struct task_list done = s->sent;

	s->sent = (struct task_list){0};
	s->busy = false;
	if (err) {
		log_event(LOG_LEVEL_WARN, "settle_again", LOG_ERR(err));
		for (size_t i = 0; i < done.n; i++)
			task_list_add(&s->waiting, done.at[i]);
		task_list_done(&done);
		if (err->rc != RC_LOST)
			loop_defer(s->worker->loop, &s->start);
		return;
	}
	FAILPOINT(release_after);
	for (int i = 0; res && i < pg_rows(res); i++)
		outbox_send(s->worker->outbox, res, i);
	for (size_t i = 0; i < done.n; i++)
		task_settled(done.at[i]);
	task_list_done(&done);
	if (s->waiting.n)
		loop_defer(s->worker->loop, &s->start);
}

typedef bool task_is(const struct task *t);
typedef struct str task_text(const struct task *t);
typedef int64_t task_number(const struct task *t);

static bool is_failed(const struct task *t)
{
	return t->outcome == OUTCOME_FAILED;
}

static bool is_back(const struct task *t)
{
	return t->outcome != OUTCOME_FAILED;
}

static bool is_restarting(const struct task *t)
{
	return is_back(t) && t->restarting;
}

/* A dead letter needs it; what only waits leaves when its trouble began. */
static bool has_evidence(const struct task *t)
{
	return t->evidence && t->evidence->last_ms && (is_failed(t) || t->attempts);
}

static size_t count(const struct settle *s, task_is *which)
{
	size_t n = 0;

	for (size_t i = 0; i < s->sent.n; i++)
		n += which(s->sent.at[i]);
	return n;
}

static void add_numbers(struct settle *s, task_is *which, task_number *number)
{
	pg_array_begin(&s->args, PG_INT8);
	for (size_t i = 0; i < s->sent.n; i++) {
		if (which(s->sent.at[i]))
			pg_array_i64(&s->args, number(s->sent.at[i]));
	}
	pg_array_end(&s->args);
}

static int64_t epoch_of(const struct task *t)
{
	return t->epoch;
}

/* Begins a statement's arguments: ids and epochs. */
static void begin_args(struct settle *s, task_is *which)
{
	pg_args_clear(&s->args);
	pg_array_begin(&s->args, PG_UUID);
	for (size_t i = 0; i < s->sent.n; i++) {
		if (which(s->sent.at[i]))
			pg_array_uuid(&s->args, &s->sent.at[i]->task_id);
	}
	pg_array_end(&s->args);
	add_numbers(s, which, epoch_of);
}

static struct str state_of(const struct task *t)
{
	return t->outcome == OUTCOME_WAITING ? STR("waiting") : STR("queued");
}

static struct str class_of(const struct task *t)
{
	return str_of(verdict_class_name(t->class));
}

static struct str message_of(const struct task *t)
{
	return str_of(t->message);
}

static int64_t attempts_of(const struct task *t)
{
	return t->attempts;
}

static int64_t wait_of(const struct task *t)
{
	return t->wait_ms;
}

static int64_t first_failure_of(const struct task *t)
{
	return t->evidence->first_ms ? clock_mono_ms() - t->evidence->first_ms : -1;
}

static int64_t last_failure_of(const struct task *t)
{
	return clock_mono_ms() - t->evidence->last_ms;
}

static int64_t status_of(const struct task *t)
{
	return t->evidence->status;
}

static struct str request_of(const struct task *t)
{
	return buf_str(&t->evidence->request);
}

static struct str headers_of(const struct task *t)
{
	return buf_str(&t->evidence->headers);
}

static struct str body_of(const struct task *t)
{
	return buf_str(&t->evidence->body);
}

static void add_texts(struct settle *s, task_is *which, task_text *text)
{
	pg_array_begin(&s->args, PG_TEXT);
	for (size_t i = 0; i < s->sent.n; i++) {
		if (which(s->sent.at[i]))
			pg_array_text(&s->args, text(s->sent.at[i]));
	}
	pg_array_end(&s->args);
}

static void add_evidence_texts(struct settle *s, task_text *text)
{
	pg_array_begin(&s->args, PG_TEXT);
	for (size_t i = 0; i < s->sent.n; i++) {
		const struct task *t = s->sent.at[i];

		if (has_evidence(t) && is_failed(t))
			pg_array_text(&s->args, text(t));
		else if (has_evidence(t))
			pg_array_null(&s->args);
	}
	pg_array_end(&s->args);
}

static void send_evidence(struct settle *s)
{
	begin_args(s, has_evidence);
	add_numbers(s, has_evidence, first_failure_of);
	add_numbers(s, has_evidence, last_failure_of);
	add_evidence_texts(s, request_of);
	add_numbers(s, has_evidence, status_of);
	add_evidence_texts(s, headers_of);
	add_evidence_texts(s, body_of);
	pg_exec(s->worker->control, &sql_evidence, &s->args, NULL, NULL);
}

static void send_ends(struct settle *s)
{
	AUTO(buf_done) struct buf ends = BUF(ENDS_MAX);

	ends_report(s->worker->ends, &ends);
	pg_args_clear(&s->args);
	pg_arg_text(&s->args, buf_str(&ends));
	pg_exec(s->worker->control, &sql_ends, &s->args, NULL, NULL);
}

static void send(void *user)
{
	struct settle *s = user;
	struct pg *pg = s->worker->control;

	if (s->busy || s->waiting.n == 0 || !pg_is_up(pg))
		return;
	s->busy = true;
	s->sent = s->waiting;
	s->waiting = (struct task_list){0};
	if (count(s, is_restarting)) {
		begin_args(s, is_restarting);
		pg_exec(pg, &sql_restart, &s->args, NULL, NULL);
	}
	if (count(s, has_evidence))
		send_evidence(s);
	begin_args(s, is_back);
	add_texts(s, is_back, state_of);
	add_texts(s, is_back, message_of);
	add_numbers(s, is_back, attempts_of);
	add_numbers(s, is_back, wait_of);
	pg_exec(pg, &sql_settle, &s->args, NULL, NULL);
	if (count(s, is_failed))
		send_ends(s);
	begin_args(s, is_failed);
	add_numbers(s, is_failed, attempts_of);
	pg_exec(pg, &sql_tries, &s->args, NULL, NULL);
	begin_args(s, is_failed);
	add_texts(s, is_failed, class_of);
	add_texts(s, is_failed, message_of);
	pg_exec_held(pg, &sql_fail, &s->args);
	pg_sync(pg, settled, s);
}

struct settle *settle_new(struct worker *w)
{
	struct settle *s = mem_zalloc(sizeof *s);

	s->worker = w;
	s->args = PG_ARGS;
	s->start = (struct defer){.fn = send, .user = s};
	return s;
}

void settle_free(struct settle *s)
{
	if (!s)
		return;
	loop_defer_cancel(s->worker->loop, &s->start);
	pg_args_done(&s->args);
	task_list_done(&s->waiting);
	task_list_done(&s->sent);
	free(s);
}

void settle_add(struct settle *s, struct task *t)
{
	task_list_add(&s->waiting, t);
	loop_defer(s->worker->loop, &s->start);
}

void settle_retry(struct settle *s)
{
	loop_defer(s->worker->loop, &s->start);
}
