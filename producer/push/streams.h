// SPDX-License-Identifier: Apache-2.0
#pragma once
/*
 * Live progress by server-sent events. All listeners of this producer live on one query a tick; while nobody
 * listens there is none. What changed is told by the transactions that wrote the rows, so nothing is written
 * for listeners. A listener that resumes is told every end since then; after too long or too much of it, he
 * is told to look for himself (`reset`).
 */
#include "base/base.h"
#include "base/uuid.h"
#include "caller.h"
#include "io/httpd.h"
#include "io/loop.h"
#include "io/pg.h"
#include "stream_point.h"

struct call;
struct streams;

struct streams_options {
	struct pg *pg; /* sees all tenants' rows; shared with others */
	int64_t tick_ms;
	int64_t heartbeat_ms; /* a comment after so much silence */
	int64_t life_ms;      /* then a stream ends, so that its client is authenticated anew */
	size_t buffer_max;    /* bytes that may wait for one listener at a tick; its own news come on top */
	size_t listeners_max;
};

/* What somebody listens to. */
struct stream_wish {
	bool one;         /* `sync`, else all that the caller may see */
	struct uuid sync; /* checked to be the caller's */
	const struct caller *caller;
	struct stream_point since; /* he knows of everything before it */
	bool outdated;             /* it is too long ago */
};

struct streams *streams_new(struct loop *loop, const struct streams_options *o);
/* After the server, whose connections listen. Accepts NULL. */
void streams_free(struct streams *s);
/* No further listener is taken. */
bool streams_full(const struct streams *s);
/* Answers the call with a stream. */
void streams_listen(struct streams *s, struct call *c, const struct stream_wish *wish);
