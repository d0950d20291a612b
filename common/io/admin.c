// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "base/jsonw.h"
#include "base/metrics.h"
#include "io/admin.h"
#include "io/httpd.h"

#define CONNECTIONS_MAX 64
#define HEAD_MAX 8192
#define BODY_MAX 1024
#define IDLE_MS 30000
#define ANSWER_MAX (8u << 20) /* metrics of a fleet's process are some 100 KB */
#define WHY_MAX 256

struct admin {
	struct admin_options o;
	struct httpd *httpd;
	bool draining;
};

struct page {
	const char *path;
	const char *type;
	/* Appends the body; returns the status. */
	unsigned (*write)(struct admin *a, struct buf *out);
};

static unsigned write_livez(struct admin *a, struct buf *out)
{
	(void)a;
	buf_add_text(out, "ok\n");
	return 200;
}

static bool write_check(const struct admin_check *check, struct buf *out)
{
	struct buf why = BUF(WHY_MAX);
	bool ok = check->ok(check->user, &why);

	buf_printf(out, "[%c]%s %s", ok ? '+' : '-', check->name, ok ? "ok" : "failed");
	if (!ok && why.n)
		buf_printf(out, ": %s", buf_text(&why));
	buf_add_char(out, '\n');
	buf_done(&why);
	return ok;
}

static unsigned write_readyz(struct admin *a, struct buf *out)
{
	bool ready = !a->draining;

	for (size_t i = 0; i < a->o.nchecks; i++)
		ready &= write_check(&a->o.checks[i], out);
	if (a->draining)
		buf_add_text(out, "[-]draining\n");
	return ready ? 200 : 503;
}

static unsigned write_metrics(struct admin *a, struct buf *out)
{
	a->o.metrics(out);
	return 200;
}

static unsigned write_version(struct admin *a, struct buf *out)
{
	struct jsonw w = JSONW(out);

	jsonw_object(&w, NULL);
	for (size_t i = 0; i < a->o.nversions; i++)
		jsonw_text(&w, a->o.versions[i].name, a->o.versions[i].value);
	jsonw_object_end(&w);
	return 200;
}

static const struct page pages[] = {
    {"/livez", "text/plain; charset=utf-8", write_livez},
    {"/readyz", "text/plain; charset=utf-8", write_readyz},
    {"/metrics", METRICS_CONTENT_TYPE, write_metrics},
    {"/version", "application/json", write_version},
};

static void answer_page(struct admin *a, struct httpd_request *rq, const struct page *page)
{
	const struct httpd_header headers[] = {{"Content-Type", page->type}, {"Cache-Control", "no-store"}};
	struct buf out = BUF(ANSWER_MAX);
	unsigned status = page->write(a, &out);

	if (!buf_ok(&out)) {
		buf_clear(&out);
		status = 500;
	}
	httpd_answer(rq, status, headers, ARRAY_SIZE(headers), buf_str(&out));
	buf_done(&out);
}

static void answer_text(struct httpd_request *rq, unsigned status, struct str text)
{
	const struct httpd_header headers[] = {
	    {"Content-Type", "text/plain; charset=utf-8"}, {"Allow", "GET, HEAD"}};

	httpd_answer(rq, status, headers, status == 405 ? 2 : 1, text);
}

static void handle(void *user, struct httpd_request *rq)
{
	const struct page *page = NULL;

	for (size_t i = 0; i < ARRAY_SIZE(pages); i++)
		if (str_is(rq->path, pages[i].path))
			page = &pages[i];
	if (rq->too_large)
		answer_text(rq, 413, STR("too large\n"));
	else if (!page)
		answer_text(rq, 404, STR("/livez /readyz /metrics /version\n"));
	else if (!str_is(rq->method, "GET") && !str_is(rq->method, "HEAD"))
		answer_text(rq, 405, STR("GET only\n"));
	else
		answer_page(user, rq, page);
}

struct admin *admin_new(struct loop *loop, const struct admin_options *o, struct err *err)
{
	struct admin *a = mem_zalloc(sizeof *a);
	struct httpd_options http = {.listen = o->listen,
	    .max_connections = CONNECTIONS_MAX,
	    .head_max = HEAD_MAX,
	    .body_max = BODY_MAX,
	    .idle_ms = IDLE_MS,
	    .handler = handle,
	    .user = a};

	a->o = *o;
	a->httpd = httpd_new(loop, &http, err);
	if (a->httpd)
		return a;
	err_prefix(err, "admin port");
	free(a);
	return NULL;
}

const char *admin_address(const struct admin *a)
{
	return httpd_address(a->httpd);
}

void admin_drain(struct admin *a)
{
	a->draining = true;
}

void admin_free(struct admin *a)
{
	if (!a)
		return;
	httpd_free(a->httpd);
	free(a);
}
