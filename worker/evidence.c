// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "evidence.h"

#include "base/clock.h"
#include "base/jsonw.h"
#include "io/http.h"
#include "sync/redact.h"
#include "task.h"
#include "worker.h"

#define BODY_MAX 4096
#define URL_MAX 2048
#define HEADER_MAX 256
#define TEXT_MAX (16u << 10) /* of one part, redaction's words included */

/* Which answer it was, how long to wait, what is left of limits. By their beginning. */
static const char *const wanted[] = {"content-type", "content-length", "date", "retry-after", "server",
    "x-request-id", "request-id", "x-correlation-id", "x-amzn-", "x-ratelimit", "ratelimit",
    "www-authenticate", "traceid"};

static bool is_wanted(struct str name)
{
	for (size_t i = 0; i < ARRAY_SIZE(wanted); i++) {
		size_t n = strlen(wanted[i]);

		if (name.n >= n && strncasecmp(name.p, wanted[i], n) == 0)
			return true;
	}
	return false;
}

static struct evidence *evidence_of(struct task *t)
{
	if (t->evidence)
		return t->evidence;
	t->evidence = mem_zalloc(sizeof *t->evidence);
	buf_init(&t->evidence->request, TEXT_MAX);
	buf_init(&t->evidence->headers, TEXT_MAX);
	buf_init(&t->evidence->body, TEXT_MAX);
	return t->evidence;
}

void evidence_mark(struct task *t)
{
	struct evidence *e = evidence_of(t);

	e->last_ms = clock_mono_ms();
	if (t->attempts == 0)
		e->first_ms = e->last_ms;
}

/* The request was built in a buffer that others have used since; a provider is pure, so it can be built
 * again. */
static void take_request(struct task *t, struct evidence *e)
{
	struct provider_request *rq = &t->worker->request;
	struct err err;

	t->walk.cursor = buf_str(&t->cursor);
	if (provider_next(&t->walk, &t->account, rq, &err) != RC_OK)
		return;
	buf_printf(&e->request, "%s ", rq->method);
	redact_text(str_of(rq->url), buf_str(&t->token), URL_MAX, &e->request);
	if (rq->body.p) {
		buf_add_text(&e->request, "\n");
		redact_text(rq->body, buf_str(&t->token), URL_MAX, &e->request);
	}
}

static void take_headers(struct task *t, struct evidence *e, const struct http_response *res)
{
	struct jsonw w = JSONW(&e->headers);

	jsonw_object(&w, NULL);
	for (size_t i = 0; i < res->nheaders; i++) {
		AUTO(buf_done) struct buf name = BUF(HEADER_MAX);
		AUTO(buf_done) struct buf value = BUF(TEXT_MAX);

		if (!is_wanted(res->headers[i].name) || res->headers[i].name.n >= HEADER_MAX)
			continue;
		buf_add_str(&name, res->headers[i].name);
		redact_text(res->headers[i].value, buf_str(&t->token), HEADER_MAX, &value);
		jsonw_str(&w, buf_text(&name), buf_str(&value));
	}
	jsonw_object_end(&w);
}

void evidence_clear(struct evidence *e)
{
	if (!e)
		return;
	e->first_ms = e->last_ms = 0;
	e->status = 0;
	buf_clear(&e->request);
	buf_clear(&e->headers);
	buf_clear(&e->body);
}

void evidence_take(struct task *t, const struct http_response *res)
{
	struct evidence *e = evidence_of(t);

	buf_clear(&e->request);
	buf_clear(&e->headers);
	buf_clear(&e->body);
	take_request(t, e);
	e->status = res ? res->status : 0;
	if (!res)
		return;
	take_headers(t, e, res);
	/* Records of a page that could not be read: what must be blanked in them cannot be found. */
	if (res->status < 300 && t->walk.resource->redact.n)
		buf_printf(&e->body, "(%zu bytes, not kept: parts of %s are to be blanked)", res->body->n,
		    t->walk.resource->name);
	else
		redact_text(buf_str(res->body), buf_str(&t->token), BODY_MAX, &e->body);
}

void evidence_free(struct evidence *e)
{
	if (!e)
		return;
	buf_done(&e->request);
	buf_done(&e->headers);
	buf_done(&e->body);
	free(e);
}
