// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "problem.h"
#include "reply.h"

#define HEADERS_MAX (7 + REPLY_HEADERS_MAX)
#define DOCUMENT_MAX ((size_t)4 << 20)
#define CHALLENGE "Bearer realm=\"sync-fleet\""
#define RETRY_AFTER_S "1" /* what makes us say 503 is over in a second or lasts until somebody acts */

enum { COL_STATUS, COL_LOCATION, COL_BODY, COL_DISPATCH };

static char *copy_text(const struct pg_result *res, int row, int col)
{
	struct str s = pg_str(res, row, col);

	return pg_is_null(res, row, col) ? NULL : mem_strndup(s.p, s.n);
}

struct reply reply_from_rows(const struct pg_result *res, int i, int n)
{
	if (pg_rows(res) != n || pg_is_null(res, i, COL_STATUS))
		return problem_reply(
		    500, "internal_error", "a route's statement did not return one row a request");
	return (struct reply){.status = (int)pg_i64(res, i, COL_STATUS),
	    .location = copy_text(res, i, COL_LOCATION),
	    .body = copy_text(res, i, COL_BODY),
	    .body_n = pg_str(res, i, COL_BODY).n,
	    .dispatch = copy_text(res, i, COL_DISPATCH)};
}

struct reply reply_from_row(const struct pg_result *res)
{
	return reply_from_rows(res, 0, 1);
}

enum rc reply_document(const struct reply *r, unsigned max_depth, json_object **ret, struct err *err)
{
	return json_parse((struct str){r->body, r->body_n}, DOCUMENT_MAX, max_depth, ret, err);
}

bool reply_id(const struct reply *r, unsigned max_depth, const char *name, struct uuid *ret)
{
	AUTO(json_put_ptr) json_object *doc = NULL;
	json_object *id = NULL;

	return reply_document(r, max_depth, &doc, NULL) == RC_OK &&
	       json_object_object_get_ex(doc, name, &id) && id &&
	       uuid_parse(str_of(json_object_get_string(id)), ret);
}

void reply_add_header(struct reply *r, const char *name, char *value)
{
	assert(r->nextra < REPLY_HEADERS_MAX);
	r->extra[r->nextra++] = (struct httpd_header){name, value};
}

void reply_done(struct reply *r)
{
	for (size_t i = 0; i < r->nextra; i++)
		free((char *)r->extra[i].value); // NOLINT: owned here, const to whoever sends it
	free(r->body);
	free(r->location);
	free(r->dispatch);
	free(r->sealed);
	*r = (struct reply){0};
}

static const char *content_type(const struct reply *r)
{
	return r->content_type ? r->content_type
	                       : (r->status >= 400 ? "application/problem+json" : "application/json");
}

struct head {
	struct httpd_header at[HEADERS_MAX];
	size_t n;
	char *link;
};

static void add(struct head *h, const char *name, const char *value)
{
	h->at[h->n++] = (struct httpd_header){name, value};
}

static void head_make(const struct reply *r, const char *request_id, struct head *h)
{
	if (r->status != 204 && r->status != 304)
		add(h, "Content-Type", content_type(r));
	add(h, "Cache-Control", r->cache ? r->cache : "no-store");
	add(h, "X-Request-Id", request_id);
	if (r->location && r->status == 200) {
		h->link = mem_printf("<%s>; rel=\"next\"", r->location);
		add(h, "Link", h->link);
	} else if (r->location) {
		add(h, "Location", r->location);
	}
	if (r->status == 401)
		add(h, "WWW-Authenticate", r->challenge ? r->challenge : CHALLENGE);
	if (r->status == 503)
		add(h, "Retry-After", RETRY_AFTER_S);
	if (r->allow)
		add(h, "Allow", r->allow);
	for (size_t i = 0; i < r->nextra; i++)
		h->at[h->n++] = r->extra[i];
}

void reply_send(struct httpd_request *rq, struct reply *r, const char *request_id)
{
	struct head h = {.n = 0};

	head_make(r, request_id, &h);
	httpd_answer_take(rq, (unsigned)r->status, h.at, h.n, TAKE(r->body), r->body_n);
	free(h.link);
	reply_done(r);
}

struct httpd_stream *reply_stream(
    struct httpd_request *rq, struct reply *r, const char *request_id, const struct httpd_stream_options *o)
{
	struct head h = {.n = 0};

	head_make(r, request_id, &h);
	struct httpd_stream *stream = httpd_answer_stream(rq, (unsigned)r->status, h.at, h.n, o);
	free(h.link);
	reply_done(r);
	return stream;
}
