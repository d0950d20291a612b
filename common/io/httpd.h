// SPDX-License-Identifier: Apache-2.0
#pragma once
/*
 * HTTP server on the loop (libmicrohttpd without threads of its own; nobody else includes microhttpd.h).
 *
 * The handler is called once for each request, when it is complete; it answers at once or at any later time.
 * Ceilings: connections, bytes of the request line with the headers, bytes of the body, and idle time of a
 * connection.
 */
#include "base/base.h"
#include "io/loop.h"

struct httpd;

struct httpd_request {
	struct str method;
	struct str path; /* decoded, without the query; NUL-terminated */
	struct str body; /* empty when there is none */
	bool too_large; /* the body passed body_max and was not kept: to be answered 413 inside the handler */
	void *user;     /* the handler's own */
};

struct httpd_header {
	const char *name;
	const char *value;
};

typedef void httpd_handler(void *user, struct httpd_request *rq);

struct httpd_options {
	const char *listen;       /* "host:port"; "[v6]:port"; port 0 takes a free one */
	unsigned max_connections; /* further clients wait in the kernel's backlog */
	size_t head_max;          /* bytes of request line and headers, else 431 */
	size_t body_max;          /* bytes; a longer Content-Length is refused before the body is read */
	int64_t idle_ms;          /* a connection without progress is closed; rounded up to seconds */
	httpd_handler *handler;
	void *user;
};

/* Listens at once. RC_INVALID: `listen` has another form; RC_IO: the address cannot be had. */
struct httpd *httpd_new(struct loop *loop, const struct httpd_options *o, struct err *err);
/* The bound "host:port". */
const char *httpd_address(const struct httpd *d);
/* Requests that were handed to the handler and are not answered to their last byte. */
size_t httpd_pending(const struct httpd *d);
/*
 * Accepts nobody any more, answers with "Connection: close", and calls `stopped` when no request is pending
 * or after `deadline_ms`. Never inside this function.
 */
void httpd_stop(struct httpd *d, int64_t deadline_ms, loop_fn *stopped, void *user);
/* Closes every connection; unanswered requests get a bare 503 and must not be touched again. Accepts NULL. */
void httpd_free(struct httpd *d);

/* ---- reading a request: valid until it is answered ---- */

/* A query parameter's decoded value ("" for `?name`), or p NULL. Of repeated ones, the first. */
struct str httpd_query(const struct httpd_request *rq, const char *name);
/* Calls `fn` for each query parameter in order. */
void httpd_query_each(
    const struct httpd_request *rq, void (*fn)(void *user, struct str name, struct str value), void *user);
/* A request header without regard to case, or p NULL. */
struct str httpd_header(const struct httpd_request *rq, const char *name);

/* ---- answering ---- */

/* Everything is copied; the request is gone afterwards. A client that went away is no error. */
void httpd_answer(struct httpd_request *rq, unsigned status, const struct httpd_header *headers,
    size_t nheaders, struct str body);
/* As above, but `body` is owned from now on and released with free(). */
void httpd_answer_take(struct httpd_request *rq, unsigned status, const struct httpd_header *headers,
    size_t nheaders, char *body, size_t n);

/* ---- an answer that is written bit by bit ---- */

/*
 * A body without a known end, chunked. What the client does not take at once waits in a buffer with a
 * ceiling; who lets it overflow is dropped. A client that went away is noticed by a write: some time later,
 * and only then.
 */
struct httpd_stream;

enum httpd_gone {
	HTTPD_GONE_ENDED, /* by httpd_stream_end or httpd_stop, and everything was sent */
	HTTPD_GONE_AWAY,  /* the client or the network closed the connection */
	HTTPD_GONE_SLOW,  /* dropped */
};

struct httpd_stream_options {
	size_t buffer_max; /* bytes that may wait for the client */
	/* Once, from the loop or inside httpd_free; the stream must not be touched from then on. */
	void (*gone)(void *user, enum httpd_gone why);
	void *user;
};

/* Sends the head, copying it; the request is gone afterwards. httpd_stop ends it as httpd_stream_end does. */
struct httpd_stream *httpd_answer_stream(struct httpd_request *rq, unsigned status,
    const struct httpd_header *headers, size_t nheaders, const struct httpd_stream_options *o);
/* Copies the bytes. False: nothing was taken, it is ending, or dropped for this. */
bool httpd_stream_write(struct httpd_stream *s, struct str bytes);
/* Cuts it off: the client reads too slowly for its owner. */
void httpd_stream_drop(struct httpd_stream *s);
/* Bytes that the client has not taken. */
size_t httpd_stream_waiting(const struct httpd_stream *s);
/* The body ends after what was written. */
void httpd_stream_end(struct httpd_stream *s);
