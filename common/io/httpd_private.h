// SPDX-License-Identifier: Apache-2.0
#pragma once
/*
 * Inside of the HTTP server: httpd.c (connections and requests, the daemon on the loop), httpd_answer.c
 * (reading a request, answering it), httpd_stream.c (answers that are written bit by bit).
 */
#include "base/base.h"
#include "base/buf.h"
#include "io/httpd.h"
#include "io/listen.h"

#include <microhttpd.h>
#include <uv.h>

struct request {
	struct httpd_request pub;
	struct httpd *server;
	struct MHD_Connection *connection;
	struct httpd_stream *stream; /* its answer, when that is one */
	struct request *prev;        /* among the unanswered */
	struct request *next;        /* among the unanswered, the woken or the spare */
	struct buf body;
	size_t discarded;
	bool handed;
	bool suspended;
	bool waking; /* among the woken */
	bool answered;
};

struct httpd {
	struct httpd_options o;
	struct loop *loop;
	struct MHD_Daemon *daemon;
	uv_poll_t *poll;
	struct timer *timer; /* MHD's next time-out */
	struct timer *stop_timer;
	struct defer turn;
	struct request *unanswered;
	struct request *woken; /* suspended, to be resumed */
	struct request *spare;
	struct httpd_stream *streams;
	size_t nspare;
	size_t pending;
	bool freed_place; /* a connection was closed: the listener may go on at the next pass */
	bool stopping;
	loop_fn *stopped;
	void *stopped_user;
	char address[LISTEN_ADDRESS_MAX];
};

/* ---- httpd.c ---- */
/* Has a suspended connection go on before the loop sleeps. */
void httpd_wake(struct request *rq);
/* The request has its answer. */
void httpd_answered(struct request *rq);

/* ---- httpd_answer.c ---- */
/* Queues the response, which is released, and takes the request from the unanswered. */
void httpd_respond(struct request *rq, unsigned status, const struct httpd_header *headers, size_t nheaders,
    struct MHD_Response *res);

/* ---- httpd_stream.c ---- */
void httpd_streams_end(struct httpd *d);
/* MHD is done with the stream's request; `whole`: its body went out to the end. */
void httpd_stream_closed(struct httpd_stream *s, bool whole);
