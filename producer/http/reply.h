// SPDX-License-Identifier: Apache-2.0
#pragma once
/* The answer to one HTTP request, whoever made it: a statement's row, the registry, or a fault found on the
 * way. */
#include "base/base.h"
#include "base/json.h"
#include "io/httpd.h"
#include "io/pg.h"

#define REPLY_HEADERS_MAX 16

struct reply {
	int status;
	char *body; /* JSON, owned */
	size_t body_n;
	char *location;           /* owned, or NULL: the new object, or on a 200 the next page */
	char *dispatch;           /* owned, or NULL: messages to send */
	const char *content_type; /* NULL: JSON, or a problem from 400 on */
	const char *cache;        /* NULL: no-store; static */
	const char *allow;        /* of a 405; must live until the reply is sent */
	const char *challenge;    /* of a 401; static. NULL: without a reason */
	char *sealed;             /* owned, or NULL: the secret of an answer that is repeated */
	size_t sealed_n;
	struct httpd_header extra[REPLY_HEADERS_MAX];
	size_t nextra; /* names static, values owned */
};

/* Copies the row of a route's statement; anything but exactly one row with four columns is a 500. */
struct reply reply_from_row(const struct pg_result *res);
/* Copies the i-th row of a statement that `n` requests share; anything but exactly `n` rows is a 500. */
struct reply reply_from_rows(const struct pg_result *res, int i, int n);
/* The document of a statement's row. Errors as json_parse's; the caller owns *ret. */
enum rc reply_document(
    const struct reply *r, unsigned max_depth, json_object **ret, struct err *err) MUST_USE;
/* An identifier that is a member of it; false: it is not there. */
bool reply_id(const struct reply *r, unsigned max_depth, const char *name, struct uuid *ret) MUST_USE;
/* Adds a header; `name` is static, `value` owned from now on. */
void reply_add_header(struct reply *r, const char *name, char *value);
/* Releases what is owned. */
void reply_done(struct reply *r);
/* Answers and releases. `request_id` is echoed as X-Request-Id. */
void reply_send(struct httpd_request *rq, struct reply *r, const char *request_id);
/* Answers with a stream instead of a body, and releases. */
struct httpd_stream *reply_stream(
    struct httpd_request *rq, struct reply *r, const char *request_id, const struct httpd_stream_options *o);
