// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "base/clock.h"
#include "due.h"
#include "server.h"
#include "simulator.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#define EVENTS 256
#define BACKLOG 4096
#define REQUEST_MAX (1U << 20) /* bytes of a request with its body */
#define READ_BYTES 4096
#define SEND_BUFFER (256 << 10) /* a page of a hundred records goes out in one call */
#define HEAD_MAX (512 + HEADERS_MAX)
#define DATE_BYTES 32
#define BODY_KEEP ((size_t)16 << 20) /* a greater buffer is given back after use */

struct conn {
	struct server *server;
	int fd;
	bool waiting;  /* begun, not finished: `ex` points into `in` */
	bool dripping; /* what is in `out` goes out by the clock */
	bool readable;
	bool hung_up;     /* the client sends no more */
	size_t used;      /* bytes of `in` that the request takes */
	bool close_after; /* what is in `out` */
	bool dead;
	struct buf in;
	struct buf out; /* what the socket did not take at once */
	size_t out_at;
	struct due due;
	struct exchange ex;
	struct conn *next, *prev;
};

struct server {
	struct simulator *sim;
	int listener;
	int epoll;
	uint16_t port;
	struct due_heap due;
	struct conn *conns;
	struct conn *graves; /* freed after the batch of events: it may name them */
};

static void conn_close(struct conn *c)
{
	struct server *s = c->server;

	if (c->dead)
		return;
	c->dead = true;
	if (c->waiting)
		exchange_abandon(s->sim, &c->ex);
	due_remove(&s->due, &c->due);
	close(c->fd);
	if (c->prev)
		c->prev->next = c->next;
	else
		s->conns = c->next;
	if (c->next)
		c->next->prev = c->prev;
	s->sim->traffic.count.conns--;
	c->next = s->graves;
	s->graves = c;
}

static void graves_clear(struct server *s)
{
	while (s->graves) {
		struct conn *c = s->graves;

		s->graves = c->next;
		buf_done(&c->in);
		buf_done(&c->out);
		free(c);
	}
}

static void drop_waiting(struct server *s)
{
	for (struct conn *c = s->conns, *next; c; c = next) {
		next = c->next;
		if (c->waiting)
			conn_close(c);
	}
}

enum sent {
	SENT_ALL,
	SENT_PART, /* the socket is full */
	SENT_LAST, /* the connection has to be closed: it is lost, or that was all */
};

static enum sent out_flush(struct conn *c)
{
	while (c->out_at < c->out.n) {
		ssize_t n = send(c->fd, c->out.p + c->out_at, c->out.n - c->out_at, MSG_NOSIGNAL);

		if (n < 0)
			return errno == EAGAIN || errno == EWOULDBLOCK ? SENT_PART : SENT_LAST;
		c->out_at += (size_t)n;
	}
	buf_done(&c->out);
	c->out_at = 0;
	return c->close_after ? SENT_LAST : SENT_ALL;
}

/* RFC 9110's Date by the clock of the account that was asked. */
static void date_write(const struct conn *c, char date[DATE_BYTES])
{
	static time_t written;
	static char text[DATE_BYTES];
	time_t now = time(NULL) + (c->ex.account ? c->ex.account->clock_skew_s : 0);
	struct tm tm;

	if (now != written)
		strftime(text, sizeof text, "%a, %d %b %Y %H:%M:%S GMT", gmtime_r(&now, &tm));
	written = now;
	memcpy(date, text, DATE_BYTES);
}

static int head_write(const struct conn *c, char head[HEAD_MAX], size_t body_n)
{
	const struct answer *a = &c->ex.answer;
	const char *type = a->type ? a->type : "application/json; charset=utf-8";
	int64_t length = MAX((int64_t)body_n + a->length_off, 0);
	char date[DATE_BYTES];

	date_write(c, date);
	int n = snprintf(head, HEAD_MAX,
	    "HTTP/1.1 %d %s\r\nDate: %s\r\nContent-Type: %s\r\nContent-Length: %" PRId64 "\r\n", a->status,
	    a->status < 400 ? "OK" : "Error", date, type, length);
	if (a->encoding)
		n += snprintf(head + n, HEAD_MAX - (size_t)n, "Content-Encoding: %s\r\n", a->encoding);
	if (a->headers[0])
		n += snprintf(head + n, HEAD_MAX - (size_t)n, "%s", a->headers);
	if (a->retry_after[0])
		n += snprintf(head + n, HEAD_MAX - (size_t)n, "Retry-After: %s\r\n", a->retry_after);
	if (c->close_after)
		n += snprintf(head + n, HEAD_MAX - (size_t)n, "Connection: close\r\n");
	n += snprintf(head + n, HEAD_MAX - (size_t)n, "\r\n");
	assert(n < HEAD_MAX);
	return n;
}

/* The next piece; SENT_PART while there are more. */
static enum sent drip_step(struct conn *c)
{
	const struct answer *a = &c->ex.answer;
	size_t n = MIN(c->out.n - c->out_at, (size_t)a->drip_bytes);
	ssize_t sent = send(c->fd, c->out.p + c->out_at, n, MSG_NOSIGNAL);

	if (sent < 0 && errno != EAGAIN && errno != EWOULDBLOCK)
		return SENT_LAST;
	c->out_at += (size_t)MAX(sent, 0);
	c->dripping = c->out_at < c->out.n;
	if (!c->dripping)
		return out_flush(c);
	due_add(&c->server->due, &c->due, clock_mono_ms() + a->drip_ms);
	return SENT_PART;
}

static enum sent answer_send(struct conn *c)
{
	const struct buf *body = &c->server->sim->body;
	bool cut = c->ex.answer.fate == FATE_CUT;
	char head[HEAD_MAX];
	size_t head_n = (size_t)head_write(c, head, body->n);
	size_t body_n = cut ? body->n / 2 : body->n;
	struct iovec parts[] = {{head, head_n}, {body->p, body_n}};
	struct msghdr message = {.msg_iov = parts, .msg_iovlen = 2};

	c->close_after |= cut;
	if (c->ex.answer.fate == FATE_LOST)
		return SENT_LAST;
	if (c->ex.answer.fate == FATE_DRIP) {
		buf_add(&c->out, head, head_n);
		buf_add_str(&c->out, buf_str(body));
		return drip_step(c);
	}
	ssize_t n = sendmsg(c->fd, &message, MSG_NOSIGNAL);
	if (n < 0 && errno != EAGAIN && errno != EWOULDBLOCK)
		return SENT_LAST;
	size_t done = n < 0 ? 0 : (size_t)n;
	if (done < head_n)
		buf_add(&c->out, head + done, head_n - done);
	size_t body_done = done > head_n ? done - head_n : 0;
	if (body_n > body_done)
		buf_add(&c->out, body->p + body_done, body_n - body_done);
	return out_flush(c);
}

static enum sent request_finish(struct conn *c)
{
	struct simulator *sim = c->server->sim;

	c->waiting = false;
	exchange_finish(sim, &c->ex);
	enum sent sent = answer_send(c);
	if (sim->body.cap > BODY_KEEP)
		buf_done(&sim->body);
	c->in.n -= c->used;
	memmove(c->in.p, c->in.p + c->used, c->in.n);
	return sent;
}

/* Begins the request; finishes it too unless it has to wait. */
static enum sent request_serve(struct conn *c, const struct request *req)
{
	c->ex = (struct exchange){.req = *req};
	c->close_after = req->close;
	exchange_begin(c->server->sim, &c->ex);
	int64_t delay_ms = c->ex.answer.delay_ms;
	if (delay_ms == 0)
		return request_finish(c);
	c->waiting = true;
	if (delay_ms != WAIT_FOREVER)
		due_add(&c->server->due, &c->due, clock_mono_ms() + delay_ms);
	return SENT_ALL;
}

/* Reads once; false at the end of the stream or when the request is too long. */
static bool conn_read(struct conn *c)
{
	char *at = buf_reserve(&c->in, READ_BYTES);

	if (!at)
		return false;
	ssize_t n = recv(c->fd, at, READ_BYTES, 0);
	if (n < READ_BYTES && !c->hung_up)
		c->readable =
		    false; /* epoll(7): a short read empties a stream; the next byte is a new event */
	if (n < 0)
		return errno == EAGAIN || errno == EWOULDBLOCK;
	c->in.n += (size_t)n;
	return n > 0;
}

/* One step of reading or serving; false when there is nothing to do until the next event. */
static bool conn_step(struct conn *c)
{
	struct request req;
	enum request_state state = request_parse(buf_str(&c->in), &req, &c->used);

	if (state == REQUEST_WHOLE) {
		enum sent sent = request_serve(c, &req);

		if (sent == SENT_LAST)
			conn_close(c);
		return sent == SENT_ALL;
	}
	if (state == REQUEST_PARTIAL && !c->readable)
		return false;
	if (state == REQUEST_BAD || !conn_read(c)) {
		conn_close(c);
		return false;
	}
	return true;
}

static void conn_pump(struct conn *c)
{
	enum sent sent = c->out.n ? out_flush(c) : SENT_ALL;

	if (sent == SENT_LAST)
		conn_close(c);
	if (sent != SENT_ALL)
		return;
	while (!c->dead && !c->waiting && conn_step(c))
		;
}

static void conn_event(struct conn *c, uint32_t events)
{
	if (c->dead)
		return;
	if (events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR))
		c->readable = true;
	if (events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR))
		c->hung_up = true;
	if ((c->waiting || c->dripping) && c->hung_up)
		conn_close(c);
	else if (!c->dripping)
		conn_pump(c);
}

static void conn_new(struct server *s, int fd)
{
	struct conn *c = mem_zalloc(sizeof *c);
	struct epoll_event event = {.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, .data.ptr = c};
	struct counters *count = &s->sim->traffic.count;
	const int one = 1;
	const int send_buffer = SEND_BUFFER;

	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
	setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &send_buffer, sizeof send_buffer);
	c->server = s;
	c->fd = fd;
	c->in = BUF(REQUEST_MAX);
	c->out = BUF(BODY_MAX + HEAD_MAX);
	c->due.place = DUE_NOT;
	c->next = s->conns;
	if (c->next)
		c->next->prev = c;
	s->conns = c;
	count->conns++;
	count->max_conns = MAX(count->max_conns, count->conns);
	if (epoll_ctl(s->epoll, EPOLL_CTL_ADD, fd, &event))
		conn_close(c);
}

static void server_accept(struct server *s)
{
	int fd;

	while ((fd = accept4(s->listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0)
		conn_new(s, fd);
}

static enum sent conn_due(struct conn *c)
{
	if (c->dripping)
		return drip_step(c);
	return c->ex.answer.fate == FATE_HANG ? SENT_LAST : request_finish(c);
}

static void server_fire(struct server *s)
{
	struct due *item;

	while ((item = due_first(&s->due)) && item->at_ms <= clock_mono_ms()) {
		struct conn *c = CONTAINER_OF(item, struct conn, due);

		due_remove(&s->due, item);
		if (conn_due(c) == SENT_LAST)
			conn_close(c);
		else if (c->out.n == 0)
			conn_pump(c);
	}
}

static int server_timeout(const struct server *s)
{
	const struct due *item = due_first(&s->due);

	if (!item)
		return -1;
	return (int)MIN(MAX(item->at_ms - clock_mono_ms(), 0), 3600000);
}

void server_run(struct server *s, const volatile bool *stop)
{
	struct epoll_event events[EVENTS];
	sigset_t none;

	sigemptyset(&none);
	while (!*stop) {
		int n = epoll_pwait(s->epoll, events, EVENTS, server_timeout(s), &none);

		for (int i = 0; i < n; i++) {
			if (events[i].data.ptr)
				conn_event(events[i].data.ptr, events[i].events);
			else
				server_accept(s);
		}
		server_fire(s);
		graves_clear(s);
	}
}

enum rc server_new(struct simulator *sim, uint16_t port, struct server **ret_server, struct err *err)
{
	struct sockaddr_in address = {
	    .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	struct epoll_event event = {.events = EPOLLIN};
	socklen_t n = sizeof address;
	const int one = 1;
	struct server *s = mem_zalloc(sizeof *s);

	s->sim = sim;
	s->epoll = epoll_create1(EPOLL_CLOEXEC);
	s->listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (s->epoll < 0 || s->listener < 0 ||
	    setsockopt(s->listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one) ||
	    bind(s->listener, (struct sockaddr *)&address, sizeof address) || listen(s->listener, BACKLOG) ||
	    getsockname(s->listener, (struct sockaddr *)&address, &n) ||
	    epoll_ctl(s->epoll, EPOLL_CTL_ADD, s->listener, &event)) {
		err_set(err, RC_IO, "listening on 127.0.0.1:%u: %s", port, strerror(errno));
		server_free(s);
		return RC_IO;
	}
	s->port = ntohs(address.sin_port);
	sim->server = s;
	sim->drop_waiting = drop_waiting;
	*ret_server = s;
	return RC_OK;
}

uint16_t server_port(const struct server *server)
{
	return server->port;
}

void server_free(struct server *s)
{
	if (!s)
		return;
	while (s->conns)
		conn_close(s->conns);
	graves_clear(s);
	due_done(&s->due);
	if (s->listener >= 0)
		close(s->listener);
	if (s->epoll >= 0)
		close(s->epoll);
	free(s);
}
