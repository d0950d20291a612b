// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "api.h"
#include "google.h"
#include "token.h"

#define PARTS_MAX 100
#define BOUNDARY "batch_Aw8dXv1lVQYAAWMMWz2Jt8hX_simulated"
#define REFUSE_MANY                                                                                          \
	GOOGLE_ERROR(                                                                                        \
	    "400", "INVALID_ARGUMENT", "global", "badRequest", "The batch request has more than 100 calls.")
#define REFUSE_FORM                                                                                          \
	GOOGLE_ERROR("400", "INVALID_ARGUMENT", "global", "badRequest", "Failed to parse batch request.")

struct part {
	struct str id; /* Content-ID as it came; empty: none */
	struct request req;
};

struct parts {
	struct part at[PARTS_MAX];
	size_t n;
	bool many;
};

/* One header of a block of headers. */
static struct str header_of(struct str block, struct str name)
{
	while (block.n) {
		struct str value = str_cut(&block, '\n');

		if (str_eq_nocase(str_trim(str_cut(&value, ':')), name))
			return str_trim(value);
	}
	return (struct str){0};
}

/* What is before the first empty line; the rest stays in `rest`. Lines end with LF or CRLF. */
static struct str block_cut(struct str *rest)
{
	struct str block = *rest;
	size_t n = 0;

	while (rest->n) {
		if (!str_trim(str_cut(rest, '\n')).n)
			break;
		n = (size_t)(rest->p - block.p);
	}
	block.n = n;
	return block;
}

static bool boundary_of(const struct request *req, char ret[PARAM_MAX])
{
	struct str type = request_header(req, STR("content-type"));
	struct str rest = type;

	if (!str_eq_nocase(str_trim(str_cut(&rest, ';')), STR("multipart/mixed")))
		return false;
	while (rest.n) {
		struct str value = str_cut(&rest, ';');
		struct str name = str_trim(str_cut(&value, '='));

		value = str_trim(value);
		if (!str_eq_nocase(name, STR("boundary")))
			continue;
		if (value.n >= 2 && value.p[0] == '"' && value.p[value.n - 1] == '"')
			value = (struct str){value.p + 1, value.n - 2};
		snprintf(ret, PARAM_MAX, "--%.*s", STR_ARG(value));
		return value.n > 0 && value.n < PARAM_MAX - 3;
	}
	return false;
}

/* A part: its headers, an empty line, and a request whose line may end without a version. */
static bool part_read(struct str text, struct part *ret)
{
	struct str head = block_cut(&text);
	struct str line = str_trim(str_cut(&text, '\n'));

	*ret = (struct part){.id = header_of(head, STR("content-id"))};
	ret->req.method = str_cut(&line, ' ');
	struct str target = str_cut(&line, ' ');
	ret->req.path = str_cut(&target, '?');
	ret->req.query = target;
	ret->req.authorization = header_of(text, STR("authorization"));
	return ret->req.path.n && ret->req.path.p[0] == '/' &&
	       str_is(header_of(head, STR("content-type")), "application/http");
}

static bool parts_read(const struct request *req, struct parts *ret)
{
	struct str rest = req->body;
	char boundary[PARAM_MAX];

	ret->n = 0;
	ret->many = false;
	if (!boundary_of(req, boundary))
		return false;
	size_t mark = strlen(boundary);
	const char *at = rest.n ? memmem(rest.p, rest.n, boundary, mark) : NULL;
	while (at) {
		const char *end = rest.p + rest.n;
		struct str text = {at + mark, (size_t)(end - at) - mark};

		if (str_starts(text, STR("--")))
			return ret->n > 0;
		str_cut(&text, '\n');
		at = text.n ? memmem(text.p, text.n, boundary, mark) : NULL;
		if (!at)
			return false;
		text.n = (size_t)(at - text.p);
		ret->many |= ret->n == PARTS_MAX;
		if (ret->many || !part_read(text, &ret->at[ret->n++]))
			return false;
	}
	return false;
}

/* ---- the answer ---- */

/* <x> comes back as <response-x>. */
static void id_write(struct str id, struct buf *ret)
{
	if (!id.n)
		return;
	if (id.p[0] == '<')
		buf_printf(ret, "Content-ID: <response-%.*s\r\n", (int)id.n - 1, id.p + 1);
	else
		buf_printf(ret, "Content-ID: response-%.*s\r\n", STR_ARG(id));
}

static const char *reason_of(int status)
{
	return status < 400 ? "OK" : status == 404 ? "Not Found" : status == 403 ? "Forbidden" : "Error";
}

static void answer_write(const struct part *part, const struct exchange *ex, struct str body, struct buf *ret)
{
	buf_add_text(ret, "--" BOUNDARY "\r\nContent-Type: application/http\r\n");
	id_write(part->id, ret);
	buf_printf(ret, "\r\nHTTP/1.1 %d %s\r\nContent-Type: %s\r\nVary: Origin\r\n", ex->answer.status,
	    reason_of(ex->answer.status),
	    ex->answer.type ? ex->answer.type : "application/json; charset=UTF-8");
	if (ex->answer.retry_after[0])
		buf_printf(ret, "Retry-After: %s\r\n", ex->answer.retry_after);
	buf_printf(ret, "Content-Length: %zu\r\n\r\n", body.n);
	buf_add_str(ret, body);
	buf_add_text(ret, "\r\n");
}

static void part_answer(struct simulator *sim, struct exchange *ex, const struct part *part, struct buf *ret)
{
	struct exchange inner = {.req = part->req, .part = true};

	if (!inner.req.authorization.n)
		inner.req.authorization = ex->req.authorization;
	exchange_part(sim, &inner);
	answer_write(part, &inner, buf_str(&sim->body), ret);
}

static void batch_page(struct simulator *sim, struct exchange *ex)
{
	static struct parts parts; /* too big for a stack */
	const struct window *w = &ex->window;
	AUTO(buf_done) struct buf all = BUF(BODY_MAX);

	if (!parts_read(&ex->req, &parts)) {
		answer_text(sim, ex, 400, parts.many ? REFUSE_MANY : REFUSE_FORM);
		return;
	}
	size_t n = parts.n - MIN(parts.n, w->missing);
	for (size_t k = 0; k < n; k++)
		part_answer(sim, ex, &parts.at[w->backwards ? n - 1 - k : k], &all);
	for (size_t k = n - MIN(n, w->again); k < n; k++)
		part_answer(sim, ex, &parts.at[k], &all);
	buf_add_text(&all, "--" BOUNDARY "--\r\n");
	buf_clear(&sim->body);
	buf_add_str(&sim->body, buf_str(&all));
	ex->answer.type = "multipart/mixed; boundary=" BOUNDARY;
}

/* A token that is over is each part's failure, not the batch's. */
static void batch_begin(struct simulator *sim, struct exchange *ex, const char *resource)
{
	static const struct api batch = {
	    GOOGLE_MAIL_CALL, .cursor_status = 404, .cursor_body = GOOGLE_NOT_FOUND, .page = batch_page};

	ex->api = &batch;
	ex->call = "batch";
	if (token_check(sim, &batch, ex->req.authorization, &ex->account) == TOKEN_UNKNOWN) {
		answer_text(sim, ex, 401, GOOGLE_UNAUTHENTICATED);
		return;
	}
	google_of(sim, ex->account);
	ex->resource = resource_get(&sim->accounts, ex->account, str_of(resource));
}

void google_mail_batch_begin(struct simulator *sim, struct exchange *ex)
{
	batch_begin(sim, ex, "messages");
}

void google_calendar_batch_begin(struct simulator *sim, struct exchange *ex)
{
	batch_begin(sim, ex, "events");
}
