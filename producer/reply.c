// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "problem.h"
#include "reply.h"

#define HEADERS_MAX (7 + REPLY_HEADERS_MAX)
#define RETRY_AFTER_S "1" /* what makes us say 503 is over in a second or lasts until somebody acts */

enum { COL_STATUS, COL_LOCATION, COL_BODY, COL_DISPATCH };

static char *copy_text(const struct pg_result *res, int col)
{
	struct str s = pg_str(res, 0, col);

	return pg_is_null(res, 0, col) ? NULL : mem_strndup(s.p, s.n);
}

struct reply reply_from_row(const struct pg_result *res)
{
	if (pg_rows(res) != 1 || pg_is_null(res, 0, COL_STATUS))
		return problem_reply(500, "internal_error", "a route's statement did not return one row");
	return (struct reply){.status = (int)pg_i64(res, 0, COL_STATUS),
	    .location = copy_text(res, COL_LOCATION),
	    .body = copy_text(res, COL_BODY),
	    .body_n = pg_str(res, 0, COL_BODY).n,
	    .dispatch = copy_text(res, COL_DISPATCH)};
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
	*r = (struct reply){0};
}

static const char *content_type(const struct reply *r)
{
	return r->content_type ? r->content_type
	                       : (r->status >= 400 ? "application/problem+json" : "application/json");
}

void reply_send(struct httpd_request *rq, struct reply *r, const char *request_id)
{
	struct httpd_header headers[HEADERS_MAX];
	AUTO(mem_free_ptr) char *link = NULL;
	size_t n = 0;

	headers[n++] = (struct httpd_header){"Content-Type", content_type(r)};
	headers[n++] = (struct httpd_header){"Cache-Control", "no-store"};
	headers[n++] = (struct httpd_header){"X-Request-Id", request_id};
	if (r->location && r->status == 200) {
		link = mem_printf("<%s>; rel=\"next\"", r->location);
		headers[n++] = (struct httpd_header){"Link", link};
	} else if (r->location) {
		headers[n++] = (struct httpd_header){"Location", r->location};
	}
	if (r->status == 401)
		headers[n++] = (struct httpd_header){"WWW-Authenticate", "Bearer realm=\"sync-fleet\""};
	if (r->status == 503)
		headers[n++] = (struct httpd_header){"Retry-After", RETRY_AFTER_S};
	if (r->allow)
		headers[n++] = (struct httpd_header){"Allow", r->allow};
	for (size_t i = 0; i < r->nextra; i++)
		headers[n++] = r->extra[i];
	httpd_answer_take(rq, (unsigned)r->status, headers, n, TAKE(r->body), r->body_n);
	reply_done(r);
}
