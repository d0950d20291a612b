// SPDX-License-Identifier: Apache-2.0
#pragma once
/* The answer to one HTTP request, whoever made it: a statement's row, the registry, or a fault found on the
 * way. */
#include "base/base.h"
#include "io/httpd.h"
#include "io/pg.h"

struct reply {
	int status;
	char *body; /* JSON, owned */
	size_t body_n;
	char *location;    /* owned, or NULL: the new object, or on a 200 the next page */
	char *dispatch;    /* owned, or NULL: messages to send */
	const char *allow; /* of a 405; must live until the reply is sent */
};

/* Copies the row of a route's statement; anything but exactly one row with four columns is a 500. */
struct reply reply_from_row(const struct pg_result *res);
/* Releases what is owned. */
void reply_done(struct reply *r);
/* Answers and releases. `request_id` is echoed as X-Request-Id. */
void reply_send(struct httpd_request *rq, struct reply *r, const char *request_id);
