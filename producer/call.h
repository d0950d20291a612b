// SPDX-License-Identifier: Apache-2.0
#pragma once
/* One HTTP request on its way: route, caller, parameters, statement, reply. */
#include "base/base.h"
#include "io/httpd.h"
#include "io/pg.h"
#include "server.h"

struct auth;
struct batch;

/* What calls work with, and those that are not answered yet. */
struct calls {
	const struct server_options *o;
	struct auth *auth;
	struct batch *batch;
	struct pg *read;
	struct call *list;
};

/* Takes the request; it is answered sooner or later, or dropped. */
void call_start(struct calls *calls, struct httpd_request *rq);
/* Forgets every call without an answer, once nothing can call back any more. */
void call_drop_all(struct calls *calls);
