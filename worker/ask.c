// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "ask.h"

#include "base/log.h"
#include "evidence.h"
#include "statements.h"
#include "trouble.h"
#include "worker.h"

#define PREFIX STR("ask_")
#define TEST "ask_test"

bool ask_is(struct str resource)
{
	return str_starts(resource, PREFIX);
}

const struct resource *ask_find(const struct provider *p, struct str name)
{
	return str_is(name, TEST) && p->resources.n ? &p->resources.at[0] : NULL;
}

static enum rc ignore(void *user, struct str raw, const struct slice *fields)
{
	(void)user;
	(void)raw;
	(void)fields;
	return RC_OK;
}

static void stored(void *user, const struct pg_result *res, const struct err *err)
{
	struct task *t = user;

	(void)res;
	if (err)
		log_event(LOG_LEVEL_WARN, "ask_not_stored", LOG_UUID("task_id", &t->task_id), LOG_ERR(err));
	task_answered(t, err == NULL);
}

static void store(struct task *t, int status)
{
	AUTO(pg_args_done) struct pg_args args = PG_ARGS;

	pg_arg_uuid(&args, &t->task_id);
	pg_arg_i64(&args, t->epoch);
	pg_arg_i64(&args, status);
	t->settling = true;
	pg_query(t->worker->control, &sql_ask_answered, &args, stored, t);
}

/* Somebody waits: what does not work at once has failed. */
static enum task_step fail(struct task *t, const struct verdict *v)
{
	evidence_mark(t);
	t->attempts++;
	return v->class == VERDICT_TOKEN ? trouble_step(t, v) : trouble_fail(t, v->class, v->reason);
}

enum task_step ask_read(struct task *t, const struct http_response *res)
{
	struct page *page = &t->worker->page;

	provider_page(&t->walk, res, ignore, NULL, page);
	if (page->verdict.class == VERDICT_OK) {
		store(t, res->status);
		return TASK_REPLY;
	}
	evidence_take(t, res);
	return fail(t, &page->verdict);
}

enum task_step ask_missing(struct task *t, const struct err *err)
{
	struct verdict v = {.class = VERDICT_TRANSIENT};

	str_copy(v.reason, sizeof v.reason, err->text);
	evidence_take(t, NULL);
	return fail(t, &v);
}
