// SPDX-License-Identifier: Apache-2.0
#pragma once
/*
 * Inside of the HTTP client: http.c (calls, queue, budget), http_lane.c (one libcurl multi on the loop and
 * its sockets), http_call.c (one transfer: request, response, errors).
 */
#include "base/base.h"
#include "base/buf.h"
#include "io/http.h"

#include <curl/curl.h>
#include <sys/queue.h>
#include <uv.h>

#define HTTP_HEADERS_MAX 128      /* of one response; real answers have about 20 */
#define HTTP_HEAD_BYTES_MAX 32768 /* of one response's header lines */
#define HTTP_REQUEST_HEADERS_MAX 24
#define HTTP_REQUEST_BYTES_MAX (4u << 20)
#define HTTP_LANE_TRANSFERS_MAX 256 /* libcurl's cost per transfer grows with their number in one multi */
#define HTTP_LANES_MAX 64
#define HTTP_SPARE_BODIES_MAX 16
#define HTTP_SPARE_BODY_BYTES_MAX (256u << 10)

struct http_call;
struct http_watch;
TAILQ_HEAD(http_calls, http_call);
TAILQ_HEAD(http_watches, http_watch);

/* One multi: its timer, and how many transfers it has. */
struct http_lane {
	struct http_client *client;
	CURLM *multi;
	uv_timer_t timer;
	struct defer kick;        /* libcurl wants to run at once */
	struct http_watches idle; /* kept connections without a transfer */
	size_t active;
};

struct http_client {
	struct loop *loop;
	struct http_options o;
	CURLSH *share;                          /* names and TLS sessions, common to all lanes */
	struct http_lane *lane[HTTP_LANES_MAX]; /* made when the ones before are full */
	size_t nlanes;
	struct http_watch **watch; /* by file descriptor */
	size_t nwatch;
	/* a call is on exactly one of these: */
	struct http_calls spare;
	struct http_calls waiting; /* for one of max_connections */
	struct http_calls active;
	struct http_calls refused; /* failed before they began; told so from the loop */
	size_t nspare, nwaiting, nactive, nrefused;
	struct defer tell;   /* the refused */
	struct timer *sweep; /* deadlines of the waiting */
	/* the budget */
	size_t used;
	size_t typical;      /* running mean of bodies' bytes */
	size_t typical_kept; /* and of what their callbacks kept of them */
	struct http_calls held;
	struct defer resume;
	struct buf spare_body[HTTP_SPARE_BODIES_MAX];
	size_t nspare_body;
	struct http_header headers[HTTP_HEADERS_MAX]; /* of the response that is being handed over */
	int depth;                                    /* callbacks on the stack */
	bool freed;                                   /* inside a callback: to be done when it has returned */
};

struct http_call {
	TAILQ_ENTRY(http_call) link;
	TAILQ_ENTRY(http_call) held_link;
	struct http_client *client;
	struct http_lane *lane;
	CURL *easy;
	struct http_calls *on; /* the list it is on */
	http_done *done;
	void *user;
	const char *method;
	char host[96]; /* for error texts */
	int64_t started_ms;
	int64_t deadline_ms;
	struct buf request; /* "Name: value" lines with their NULs, then the body */
	struct curl_slist header[HTTP_REQUEST_HEADERS_MAX + 1];
	struct buf head; /* response header lines as they came */
	size_t nheaders;
	struct buf body;
	size_t reserved;          /* of the budget */
	struct http_watch *watch; /* whose reading waits for the budget */
	int fd;                   /* of a connection that libcurl holds without asking for it; else -1 */
	enum rc fail_rc;          /* why we ended it ourselves, RC_OK: we did not */
	char fail_text[160];
	char curl_text[CURL_ERROR_SIZE];
	bool plain;   /* http:// */
	bool encoded; /* a Content-Encoding was seen */
	bool headed;  /* the headers are complete: libcurl takes a response cut before that for a whole one */
	bool requested; /* connected; what comes next is the response */
	bool admitted;  /* has its share of the budget */
	bool held;
	bool paused;   /* held by libcurl, with bytes already read */
	bool begun;    /* the body */
	bool sized;    /* by Content-Length */
	bool leftover; /* TLS: OpenSSL holds more than was read of the body; not known of an encoded one */
};

/* ---- http.c ---- */
void http_call_finish(struct http_call *call, CURLcode code);
/* After callbacks: does what http_client_free put off. The client may be gone afterwards. */
void http_client_leave(struct http_client *c);

/* ---- http_budget.c ---- */
/* True when the call may read its body now. */
bool http_budget_admit(struct http_call *call);
/* The bytes of a body, and what its callback has taken of the budget. */
void http_budget_learn(struct http_client *c, size_t bytes, size_t kept);
/* What a body of so many bytes will take, itself or by what is usually kept of as much. */
size_t http_budget_expected(const struct http_client *c, size_t bytes);
void http_budget_reserve(struct http_call *call, size_t bytes);
/* Lets held calls go on as far as the budget allows. */
void http_budget_resume(void *client);
void http_call_hold(struct http_call *call);
void http_call_unhold(struct http_call *call);
/* An empty body buffer with room for `bytes`, recycled if there is one. */
struct buf http_body_get(struct http_client *c, size_t bytes);
void http_body_put(struct http_client *c, struct buf *b);

/* ---- http_lane.c ---- */
struct http_lane *http_lane_new(struct http_client *c, struct err *err);
void http_lane_free(struct http_lane *lane);
bool http_lane_add(struct http_lane *lane, struct http_call *call);
void http_lane_remove(struct http_call *call);
curl_socket_t http_socket_open(void *user, curlsocktype purpose, struct curl_sockaddr *a);
int http_socket_close(void *user, curl_socket_t fd);
/* Before the call's request goes out on the kept connection between these: makes it unusable if it is not
 * clean. */
void http_lane_before_reuse(struct http_call *call, int own_port, const char *peer, int peer_port);
/* libcurl has paused the call, maybe before it asked for its socket: what comes there is its body. */
void http_lane_paused(struct http_call *call);
/* Reads again what http_call_hold stopped. */
void http_watch_resume(struct http_watch *w);

/* ---- http_call.c ---- */
struct http_call *http_call_new(struct http_client *c);
void http_call_free(struct http_call *call);
/* Empties the call for its next use, its secrets included. */
void http_call_clear(struct http_call *call);
/* Of the last TLS record there is more than libcurl has read; it stops at Content-Length. */
bool http_call_tls_holds_more(const struct http_call *call);
/* Notes why a transfer fails; returns false. */
bool http_call_fail(struct http_call *call, enum rc rc, const char *fmt, ...) PRINTF_LIKE(3, 4);
/* The error of a transfer that ended with `code`. */
void http_call_error(struct http_call *call, CURLcode code, struct err *err);
/* Slices the header lines into client->headers; returns how many. */
size_t http_call_headers(struct http_call *call);

/* ---- http_request.c ---- */
/* Checks and copies the request; on failure fail_rc and fail_text say why. */
bool http_call_prepare(struct http_call *call, const struct http_request *rq);
