// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "settle.h"

#include "base/failpoint.h"
#include "base/log.h"
#include "io/pg.h"
#include "statements.h"
#include "sync/outbox.h"
#include "task.h"
#include "worker.h"

struct list {
	struct task **at;
	size_t n;
	size_t cap;
};

struct settle {
	struct worker *worker;
	struct list waiting;
	struct list sent;
	struct defer start;
	struct pg_args args;
	bool busy;
};

static void list_add(struct list *l, struct task *t)
{
	if (l->n == l->cap) {
		l->cap = l->cap ? 2 * l->cap : 32;
		l->at = mem_realloc(l->at, l->cap * sizeof(struct task *));
	}
	l->at[l->n++] = t;
}

static void settled(void *user, const struct pg_result *res, const struct err *err)
{
	struct settle *s = user;
	struct list done = s->sent;

	s->sent = (struct list){0};
	s->busy = false;
	if (err) {
		log_event(LOG_LEVEL_WARN, "settle_again", LOG_ERR(err));
		for (size_t i = 0; i < done.n; i++)
			list_add(&s->waiting, done.at[i]);
		free(done.at);
		if (err->rc != RC_LOST)
			loop_defer(s->worker->loop, &s->start);
		return;
	}
	FAILPOINT(release_after);
	for (int i = 0; res && i < pg_rows(res); i++)
		outbox_send(s->worker->outbox, res, i);
	for (size_t i = 0; i < done.n; i++)
		task_settled(done.at[i]);
	free(done.at);
	if (s->waiting.n)
		loop_defer(s->worker->loop, &s->start);
}

static void add_ids(struct settle *s, bool failed)
{
	pg_array_begin(&s->args, PG_UUID);
	for (size_t i = 0; i < s->sent.n; i++) {
		if ((s->sent.at[i]->outcome == OUTCOME_FAILED) == failed)
			pg_array_uuid(&s->args, &s->sent.at[i]->task_id);
	}
	pg_array_end(&s->args);
	pg_array_begin(&s->args, PG_INT8);
	for (size_t i = 0; i < s->sent.n; i++) {
		if ((s->sent.at[i]->outcome == OUTCOME_FAILED) == failed)
			pg_array_i64(&s->args, s->sent.at[i]->epoch);
	}
	pg_array_end(&s->args);
}

typedef struct str task_text(const struct task *t);
typedef int64_t task_number(const struct task *t);

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

static void add_texts(struct settle *s, bool failed, task_text *text)
{
	pg_array_begin(&s->args, PG_TEXT);
	for (size_t i = 0; i < s->sent.n; i++) {
		if ((s->sent.at[i]->outcome == OUTCOME_FAILED) == failed)
			pg_array_text(&s->args, text(s->sent.at[i]));
	}
	pg_array_end(&s->args);
}

static void add_numbers(struct settle *s, bool failed, task_number *number)
{
	pg_array_begin(&s->args, PG_INT8);
	for (size_t i = 0; i < s->sent.n; i++) {
		if ((s->sent.at[i]->outcome == OUTCOME_FAILED) == failed)
			pg_array_i64(&s->args, number(s->sent.at[i]));
	}
	pg_array_end(&s->args);
}

static void send(void *user)
{
	struct settle *s = user;
	struct pg *pg = s->worker->control;

	if (s->busy || s->waiting.n == 0 || !pg_is_up(pg))
		return;
	s->busy = true;
	s->sent = s->waiting;
	s->waiting = (struct list){0};
	pg_args_clear(&s->args);
	add_ids(s, false);
	add_texts(s, false, state_of);
	add_texts(s, false, message_of);
	add_numbers(s, false, attempts_of);
	add_numbers(s, false, wait_of);
	pg_exec(pg, &sql_settle, &s->args, NULL, NULL);
	pg_args_clear(&s->args);
	add_ids(s, true);
	add_numbers(s, true, attempts_of);
	pg_exec(pg, &sql_tries, &s->args, NULL, NULL);
	pg_args_clear(&s->args);
	add_ids(s, true);
	add_texts(s, true, class_of);
	add_texts(s, true, message_of);
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
	free(s->waiting.at);
	free(s->sent.at);
	free(s);
}

void settle_add(struct settle *s, struct task *t)
{
	list_add(&s->waiting, t);
	loop_defer(s->worker->loop, &s->start);
}

void settle_retry(struct settle *s)
{
	loop_defer(s->worker->loop, &s->start);
}
