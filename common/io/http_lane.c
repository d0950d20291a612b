// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "io/http_address.h"
#include "io/http_private.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#define LEFTOVER_READS_MAX 64

/*
 * A socket of libcurl's in the loop. Connections that we opened stay armed for reading between two transfers,
 * which spares two system calls a transfer; sockets that libcurl made for itself (its resolver's) come and go
 * with each use.
 */
struct http_watch {
	TAILQ_ENTRY(http_watch) idle_link;
	bool idle;         /* in lane->idle */
	uint16_t own_port; /* once it has been idle */
	uv_poll_t poll;
	struct http_client *client;
	struct http_lane *lane;
	struct http_call *call; /* NULL between transfers */
	curl_socket_t fd;
	int wanted; /* by libcurl: UV_READABLE, UV_WRITABLE */
	int armed;
	const struct http_call *last; /* never followed: it may be gone */
	bool opened;                  /* by us: lives until http_socket_close */
};

/* ---- running libcurl ---- */

static void lane_collect(struct http_lane *lane)
{
	struct http_client *c = lane->client;
	struct CURLMsg *m;
	int left;

	c->depth++;
	while (!c->freed && (m = curl_multi_info_read(lane->multi, &left))) {
		struct http_call *call = NULL;

		if (m->msg != CURLMSG_DONE)
			continue;
		curl_easy_getinfo(m->easy_handle, CURLINFO_PRIVATE, &call);
		http_call_finish(call, m->data.result);
	}
	c->depth--;
	http_client_leave(c);
}

static void lane_run(struct http_lane *lane, curl_socket_t fd, int events)
{
	int running;

	curl_multi_socket_action(lane->multi, fd, events, &running);
	lane_collect(lane);
}

static void lane_kick(void *user)
{
	lane_run(user, CURL_SOCKET_TIMEOUT, 0);
}

static void lane_timer(uv_timer_t *timer)
{
	lane_run(CONTAINER_OF(timer, struct http_lane, timer), CURL_SOCKET_TIMEOUT, 0);
}

static int lane_set_timer(CURLM *multi, long after_ms, void *user)
{
	struct http_lane *lane = user;

	(void)multi;
	uv_timer_stop(&lane->timer);
	loop_defer_cancel(lane->client->loop, &lane->kick);
	if (after_ms == 0)
		loop_defer(lane->client->loop, &lane->kick);
	else if (after_ms > 0)
		uv_timer_start(&lane->timer, lane_timer, (uint64_t)after_ms, 0);
	return 0;
}

/* ---- sockets ---- */

static void watch_ready(uv_poll_t *poll, int status, int events);

static void watch_arm(struct http_watch *w, int events)
{
	if (w->armed == events)
		return;
	w->armed = events;
	if (events)
		uv_poll_start(&w->poll, events, watch_ready);
	else
		uv_poll_stop(&w->poll);
}

/*
 * Bytes behind a body would be taken for the beginning of the next answer, which may be another account's:
 * libcurl reads no further than Content-Length, and asks an idle connection only whether it is still open.
 */
static void connection_spoil(struct http_watch *w)
{
	char bytes[4096];
	int reads = LEFTOVER_READS_MAX;

	shutdown(w->fd, SHUT_RDWR);
	/* As long as there is something to read libcurl thinks it alive. */
	while (reads-- > 0 && recv(w->fd, bytes, sizeof bytes, MSG_DONTWAIT) > 0)
		;
}

static bool has_bytes(const struct http_watch *w)
{
	char byte;

	return recv(w->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) > 0;
}

/* Connections to different peers may have the same port here. */
static bool goes_to(const struct http_watch *w, const char *peer, int peer_port)
{
	struct sockaddr_storage a = {0};
	socklen_t n = sizeof a;
	char host[INET6_ADDRSTRLEN];
	char port[8];

	if (getpeername(w->fd, (struct sockaddr *)&a, &n) ||
	    getnameinfo((struct sockaddr *)&a, n, host, sizeof host, port, sizeof port,
	        NI_NUMERICHOST | NI_NUMERICSERV))
		return false;
	return strtol(port, NULL, 10) == peer_port && strcmp(host, peer) == 0;
}

/* The last look at a connection: most are found unclean when they come to rest, or idle. */
void http_lane_before_reuse(struct http_call *call, int own_port, const char *peer, int peer_port)
{
	struct http_watch *w;

	TAILQ_FOREACH(w, &call->lane->idle, idle_link)
	{
		if (w->own_port != own_port || !goes_to(w, peer, peer_port))
			continue;
		if (has_bytes(w) || http_call_tls_holds_more(call))
			connection_spoil(w);
		w->last = call;
		call->fd = w->fd;
	}
}

/* The event was of the transfer before, which came to its end between libuv's asking and telling. */
static bool is_stale(const struct http_watch *w, int status)
{
	char byte;

	return status == 0 && recv(w->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) < 0 && errno == EAGAIN;
}

static void watch_ready(uv_poll_t *poll, int status, int events)
{
	struct http_watch *w = CONTAINER_OF(poll, struct http_watch, poll);
	struct http_call *call = w->call;
	int action = 0;

	if (w->opened && !call) {
		if (is_stale(w, status))
			return;
		/* The server hung up on an idle connection, or says what nobody asked. */
		connection_spoil(w);
		watch_arm(w, 0);
		return;
	}
	if (status < 0)
		action |= CURL_CSELECT_ERR;
	if (call && call->requested && !call->admitted && (events & UV_READABLE) &&
	    !http_budget_admit(call)) {
		/* Over budget: the body waits in the kernel. */
		events &= ~UV_READABLE;
		if (!call->held) {
			call->watch = w;
			http_call_hold(call);
		}
		watch_arm(w, w->wanted & ~UV_READABLE);
	}
	if (events & UV_READABLE)
		action |= CURL_CSELECT_IN;
	if (events & UV_WRITABLE)
		action |= CURL_CSELECT_OUT;
	if (action)
		lane_run(w->lane, w->fd, action);
}

void http_watch_resume(struct http_watch *w)
{
	watch_arm(w, w->wanted);
}

static struct http_watch *watch_of(const struct http_client *c, curl_socket_t fd)
{
	return (size_t)fd < c->nwatch ? c->watch[fd] : NULL;
}

static void watch_closed(uv_handle_t *handle)
{
	free(CONTAINER_OF((uv_poll_t *)handle, struct http_watch, poll));
}

static void watch_idle(struct http_watch *w)
{
	if (w->call && w->call->watch == w)
		w->call->watch = NULL;
	w->call = NULL;
	w->wanted = 0;
}

static uint16_t own_port_of(int fd)
{
	struct sockaddr_storage a = {0};
	socklen_t n = sizeof a;

	if (getsockname(fd, (struct sockaddr *)&a, &n))
		return 0;
	if (a.ss_family == AF_INET6)
		return ntohs(((struct sockaddr_in6 *)&a)->sin6_port);
	return a.ss_family == AF_INET ? ntohs(((struct sockaddr_in *)&a)->sin_port) : 0;
}

static void watch_let_go(struct http_watch *w)
{
	watch_idle(w);
	if (w->idle)
		return;
	if (!w->own_port)
		w->own_port = own_port_of(w->fd);
	TAILQ_INSERT_HEAD(&w->lane->idle, w, idle_link);
	w->idle = true;
}

/* Between two transfers. */
static void watch_rest(struct http_watch *w)
{
	if ((w->call && w->call->leftover) || has_bytes(w))
		connection_spoil(w);
	watch_let_go(w);
	w->last = NULL;
}

static void watch_busy(struct http_watch *w)
{
	if (w->idle)
		TAILQ_REMOVE(&w->lane->idle, w, idle_link);
	w->idle = false;
}

void http_lane_paused(struct http_call *call)
{
	struct http_watch *w = watch_of(call->client, call->fd);

	if (w && w->idle)
		watch_arm(w, 0);
}

/* The transfer came to its end without libcurl's asking for its socket again: what watch_rest does. */
static void let_rest(const struct http_call *call)
{
	struct http_watch *w = watch_of(call->client, call->fd);

	if (!w || w->last != call || !w->idle)
		return;
	if (call->leftover || (!w->armed && has_bytes(w)))
		connection_spoil(w);
	else
		watch_arm(w, UV_READABLE);
}

static void watch_free(struct http_watch *w)
{
	watch_idle(w);
	watch_busy(w);
	w->client->watch[w->fd] = NULL;
	uv_close((uv_handle_t *)&w->poll, watch_closed);
}

static void watch_table_grow(struct http_client *c, size_t fd)
{
	size_t n = MAX(c->nwatch * 2, fd + 64);

	c->watch = mem_realloc(c->watch, n * sizeof(struct http_watch *));
	memset(c->watch + c->nwatch, 0, (n - c->nwatch) * sizeof(struct http_watch *));
	c->nwatch = n;
}

static struct http_watch *watch_new(struct http_lane *lane, curl_socket_t fd, bool opened)
{
	struct http_client *c = lane->client;

	if ((size_t)fd >= c->nwatch)
		watch_table_grow(c, (size_t)fd);
	if (c->watch[fd])
		watch_free(c->watch[fd]);
	struct http_watch *w = mem_zalloc(sizeof *w);
	w->client = c;
	w->lane = lane;
	w->fd = fd;
	w->opened = opened;
	if (uv_poll_init(loop_uv(c->loop), &w->poll, fd) != 0) {
		free(w);
		return NULL;
	}
	c->watch[fd] = w;
	return w;
}

static int lane_set_socket(CURL *easy, curl_socket_t fd, int what, void *user, void *socket_user)
{
	struct http_lane *lane = user;
	struct http_watch *w = watch_of(lane->client, fd);
	int wanted = 0;

	(void)socket_user;
	if (what == CURL_POLL_REMOVE) {
		if (w && w->opened && w->call && w->call->paused) {
			w->last = w->call; /* in the middle of a body: what is there is its rest */
			w->call->fd = fd;
			watch_let_go(w);
			watch_arm(w, 0);
		} else if (w && w->opened) {
			watch_rest(w);
			watch_arm(w, w->armed & UV_READABLE);
		} else if (w) {
			watch_free(w);
		}
		return 0;
	}
	if (!w && !(w = watch_new(lane, fd, false)))
		return -1;
	curl_easy_getinfo(easy, CURLINFO_PRIVATE, &w->call);
	watch_busy(w);
	wanted |= what & CURL_POLL_IN ? UV_READABLE : 0;
	wanted |= what & CURL_POLL_OUT ? UV_WRITABLE : 0;
	w->wanted = wanted;
	watch_arm(w, w->call && w->call->watch == w ? wanted & ~UV_READABLE : wanted);
	return 0;
}

static bool address_allowed(const struct http_call *call, const struct sockaddr *a)
{
	if (http_address_is_loopback(a))
		return call->client->o.allow_plain_loopback;
	return !call->plain && http_address_is_public(a);
}

curl_socket_t http_socket_open(void *user, curlsocktype purpose, struct curl_sockaddr *a)
{
	struct http_call *call = user;

	(void)purpose;
	if (!address_allowed(call, &a->addr)) {
		http_call_fail(call, RC_DENIED, "the address is not allowed");
		return CURL_SOCKET_BAD;
	}
	int fd = socket(a->family, a->socktype | SOCK_CLOEXEC | SOCK_NONBLOCK, a->protocol);
	if (fd >= 0 && !watch_new(call->lane, fd, true)) {
		close(fd);
		return CURL_SOCKET_BAD;
	}
	return fd;
}

int http_socket_close(void *user, curl_socket_t fd)
{
	struct http_watch *w = watch_of(user, fd);

	if (w)
		watch_free(w);
	return close(fd);
}

/* ---- lanes ---- */

struct http_lane *http_lane_new(struct http_client *c, struct err *err)
{
	CURLM *multi = curl_multi_init();

	if (!multi) {
		err_set(err, RC_IO, "starting libcurl: no multi handle");
		return NULL;
	}
	struct http_lane *lane = mem_zalloc(sizeof *lane);
	lane->client = c;
	lane->multi = multi;
	TAILQ_INIT(&lane->idle);
	lane->kick = (struct defer){.fn = lane_kick, .user = lane};
	uv_timer_init(loop_uv(c->loop), &lane->timer);
	curl_multi_setopt(multi, CURLMOPT_TIMERFUNCTION, lane_set_timer);
	curl_multi_setopt(multi, CURLMOPT_TIMERDATA, lane);
	curl_multi_setopt(multi, CURLMOPT_SOCKETFUNCTION, lane_set_socket);
	curl_multi_setopt(multi, CURLMOPT_SOCKETDATA, lane);
	curl_multi_setopt(multi, CURLMOPT_PIPELINING, CURLPIPE_NOTHING);
	curl_multi_setopt(multi, CURLMOPT_MAXCONNECTS, (long)HTTP_LANE_TRANSFERS_MAX);
	return lane;
}

static void lane_closed(uv_handle_t *handle)
{
	free(CONTAINER_OF((uv_timer_t *)handle, struct http_lane, timer));
}

void http_lane_free(struct http_lane *lane)
{
	if (!lane)
		return;
	curl_multi_cleanup(lane->multi);
	loop_defer_cancel(lane->client->loop, &lane->kick);
	uv_close((uv_handle_t *)&lane->timer, lane_closed);
}

bool http_lane_add(struct http_lane *lane, struct http_call *call)
{
	call->lane = lane;
	if (curl_multi_add_handle(lane->multi, call->easy) != CURLM_OK)
		return false;
	lane->active++;
	return true;
}

void http_lane_remove(struct http_call *call)
{
	curl_multi_remove_handle(call->lane->multi, call->easy);
	let_rest(call);
	call->lane->active--;
	call->lane = NULL;
}
