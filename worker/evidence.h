// SPDX-License-Identifier: Apache-2.0
#pragma once
/*
 * What a failing task leaves for whoever looks into it: the request, the answer (without secrets, cut) and
 * when the trouble began. Made at failures only; settle.c stores it (task_evidence), and the dead letter
 * carries it.
 */
#include "base/base.h"
#include "base/buf.h"

struct http_response;
struct task;

struct evidence {
	int64_t first_ms; /* monotonic: the page's first failed try; 0: before this slice */
	int64_t last_ms;
	int status; /* 0: no answer */
	struct buf request;
	struct buf headers; /* JSON object */
	struct buf body;
};

/* A try of the page failed; before `attempts` is counted up. */
void evidence_mark(struct task *t);
/* The call that was answered, or was not (`res` NULL); while the walk still stands where it was sent. */
void evidence_take(struct task *t, const struct http_response *res);
/* The page went well: what failed before it explains nothing that comes. Accepts NULL. */
void evidence_clear(struct evidence *e);
/* Accepts NULL. */
void evidence_free(struct evidence *e);
