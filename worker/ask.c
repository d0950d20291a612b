// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "ask.h"

#include "base/json.h"
#include "base/log.h"
#include "evidence.h"
#include "statements.h"
#include "tokens.h"
#include "trouble.h"
#include "verdict.h"
#include "worker.h"

#define PREFIX STR("ask_")
#define TEST "test"
#define REFRESH "refresh"
#define ARGUED_SUFFIX 17
#define ARGUMENTS_MAX ((size_t)64 << 10)
#define ANSWER_MAX ((size_t)2 << 20) /* a module's fields with all that is known of them */
#define ANSWER_DEPTH 32
#define HTTP_OK 200

bool ask_is(struct str resource)
{
	return str_starts(resource, PREFIX);
}

enum rc ask_take_arguments(struct task *t, struct err *err)
{
	enum rc rc = RC_OK;

	if (t->cursor.n)
		rc = json_parse(buf_str(&t->cursor), ARGUMENTS_MAX, ANSWER_DEPTH, &t->walk.arguments, err);
	buf_clear(&t->cursor);
	return rc;
}

const struct resource *ask_find(const struct provider *p, struct str name, bool argued)
{
	size_t cut = PREFIX.n + (argued ? ARGUED_SUFFIX : 0);
	struct str asked = {name.p + PREFIX.n, MAX(name.n, cut) - cut};
	const struct resource *declared = provider_find_ask(p, asked);

	if (declared || (!str_is(asked, TEST) && !str_is(asked, REFRESH)))
		return declared;
	return p->resources.n ? &p->resources.at[0] : NULL;
}

bool ask_is_refresh(const struct provider *p, struct str name)
{
	return str_is(name, "ask_" REFRESH) && !provider_find_ask(p, STR(REFRESH));
}

static bool is_declared(const struct task *t)
{
	return provider_find_ask(t->walk.provider, str_of(t->walk.resource->name)) == t->walk.resource;
}

static enum rc ignore(void *user, const struct record *rec)
{
	(void)user, (void)rec;
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

/* Small JSON is kept; a test's outcome is all that is wanted of it. */
static bool is_kept(const struct task *t, const struct http_response *res)
{
	AUTO(json_put_ptr) json_object *doc = NULL;
	struct err err;

	return is_declared(t) && strcmp(t->walk.resource->name, TEST) != 0 &&
	       json_parse(buf_str(res->body), ANSWER_MAX, ANSWER_DEPTH, &doc, &err) == RC_OK;
}

static void store(struct task *t, int status, struct str kept)
{
	AUTO(pg_args_done) struct pg_args args = PG_ARGS;

	pg_arg_uuid(&args, &t->task_id);
	pg_arg_i64(&args, t->epoch);
	pg_arg_i64(&args, status);
	if (kept.p)
		pg_arg_text(&args, kept);
	else
		pg_arg_null(&args);
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
	struct answer answer = {.response = res, .resource = t->walk.resource, .now_us = t->walk.now_us};

	if (is_declared(t))
		verdict_of(&answer, &page->verdict);
	else
		provider_page(&t->walk, res, ignore, NULL, page);
	if (page->verdict.class == VERDICT_OK || page->verdict.class == VERDICT_EMPTY) {
		store(t, res->status, is_kept(t, res) ? buf_str(res->body) : (struct str){0});
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

enum task_step ask_refresh(struct task *t)
{
	if (t->walk.provider->auth.kind != AUTH_OAUTH2)
		return trouble_fail(t, VERDICT_PERMANENT, "tokens of this provider are not refreshed");
	tokens_refresh(t->worker->tokens, t);
	return TASK_TOKEN;
}

enum task_step ask_refreshed(struct task *t, const struct verdict *v)
{
	if (v->class != VERDICT_OK)
		return fail(t, v);
	store(t, HTTP_OK, (struct str){0});
	return TASK_REPLY;
}
