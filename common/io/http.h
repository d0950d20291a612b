// SPDX-License-Identifier: Apache-2.0
#pragma once
/*
 * HTTP client on the loop (libcurl multi; nobody else includes curl.h). HTTPS only, unless
 * `allow_plain_loopback`; no redirects, no netrc, no proxy from the environment; every address is checked
 * after DNS; bodies have a ceiling after decompression and draw on one memory budget before they are read.
 */
#include "base/base.h"
#include "base/buf.h"
#include "io/loop.h"

struct http_client;
struct http_call;

/* The strings must outlive the client. */
struct http_options {
	bool allow_plain_loopback; /* http:// (to loopback only) and loopback addresses: tests, demos and
	                              sidecars */
	const char *ca_file;       /* trust anchors besides /etc/ssl/certs, or NULL */
	const char *user_agent;
	size_t body_max;     /* bytes of one body after decompression */
	size_t budget_bytes; /* of all bodies being read and not yet given back; 0: no budget */
	int max_connections; /* calls on the wire at once; further ones wait, their timeout running */
};

struct http_header {
	struct str name;
	struct str value;
};

struct http_request {
	const char *method; /* "GET" or "POST" */
	const char *url;
	const char *const *headers; /* "Name: value" */
	size_t nheaders;
	struct str body; /* p NULL: none */
	int64_t timeout_ms;
	/*
	 * Never send it twice: libcurl repeats a request by itself when a kept connection turns out to be
	 * dead, and a server may have acted on the first. Costs a new connection; for refreshes of tokens
	 * that rotate.
	 */
	bool once;
};

struct http_response {
	int status;
	struct buf *body; /* leave it and it is recycled after the callback; or move it: mine = *body; *body =
	                     BUF(0) */
	const struct http_header *headers;
	size_t nheaders;
	int64_t elapsed_ms;
};

/* The first header of that name without regard to case, or p NULL. */
struct str http_response_header(const struct http_response *r, const char *name);

/*
 * `res` is NULL when there was no complete answer; `err` says why: RC_TIMEOUT; RC_BUSY (no connection or
 * no memory of ours was free in time); RC_IO (name, connection, TLS,
 * cut or undecodable body); RC_LIMIT (body or headers over their ceiling); RC_DENIED (address or protocol not
 * allowed); RC_INVALID (malformed URL or request header). Its text names method and host, never path, query
 * or headers.
 */
typedef void http_done(void *user, const struct http_response *res, const struct err *err);

struct http_client *http_client_new(struct loop *loop, const struct http_options *o, struct err *err);
/* Calls in flight are dropped without their callbacks. Accepts NULL. */
void http_client_free(struct http_client *c);

/* Starts a call; everything in `rq` is copied. `done` runs once, never inside this function. */
struct http_call *http_send(
    struct http_client *c, const struct http_request *rq, http_done *done, void *user);
/* Drops a call in flight; its callback will not run. Not for calls whose callback has begun. */
void http_cancel(struct http_call *call);
size_t http_in_flight(const struct http_client *c);

/*
 * The body budget. A body's bytes, or what callbacks usually keep of as many, are taken when it begins to
 * arrive (later bodies wait in the kernel) and given back when its callback returns. What the callback keeps
 * of it in another form, it takes here and gives back when stored. A body may begin while anything is left,
 * so the budget can be passed by one body, and nothing that was taken here may wait for another body. A
 * call's timeout runs while it waits; the error then says so.
 */
void http_budget_take(struct http_client *c, size_t bytes);
void http_budget_give(struct http_client *c, size_t bytes);
