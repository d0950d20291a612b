// SPDX-License-Identifier: Apache-2.0
#pragma once
/*
 * A server on 127.0.0.1 for tests: one thread a connection, keep-alive, the path says what to do. A handler
 * answers one request (tiny_respond, tiny_write) and returns false when the connection is to be closed.
 */
#include "base/base.h"
#include "base/buf.h"

#include <netinet/in.h>
#include <openssl/ssl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/socket.h>
#include <unistd.h>

#define TINY_CONNECTIONS_MAX 1024 /* in a server's life: more than any test sends requests */
#define TINY_REQUEST_MAX 65536

struct tiny_connection;
typedef bool tiny_handler(struct tiny_connection *c, const char *request);

/* More than libcurl reads at once. */
static const char early_bird[40000] = "early bird";

struct tiny_server {
	int fd;
	int port;
	tiny_handler *handler;
	bool early;   /* answers before it has read a request */
	SSL_CTX *tls; /* NULL: plain */
	pthread_t accepting;
	pthread_t serving[TINY_CONNECTIONS_MAX];
	int conn[TINY_CONNECTIONS_MAX];
	atomic_int connections;
	atomic_int requests;
	pthread_mutex_t lock;
	char last[TINY_REQUEST_MAX]; /* the last request */
};

struct tiny_connection {
	struct tiny_server *server;
	int fd;
	SSL *tls; /* NULL: plain */
};

static ssize_t tiny_send(struct tiny_connection *c, const char *p, size_t n)
{
	return c->tls ? SSL_write(c->tls, p, (int)n) : send(c->fd, p, n, MSG_NOSIGNAL);
}

static ssize_t tiny_receive(struct tiny_connection *c, char *p, size_t n)
{
	return c->tls ? SSL_read(c->tls, p, (int)n) : recv(c->fd, p, n, 0);
}

static void tiny_write(struct tiny_connection *c, const void *p, size_t n)
{
	const char *at = p;

	while (n > 0) {
		ssize_t sent = tiny_send(c, at, n);

		if (sent <= 0)
			return;
		at += sent;
		n -= (size_t)sent;
	}
}

static void tiny_respond(struct tiny_connection *c, const char *head, const void *body, size_t n)
{
	AUTO(buf_done) struct buf b = BUF(SIZE_MAX / 2);

	buf_printf(&b, "HTTP/1.1 %s\r\nContent-Length: %zu\r\n\r\n", head, n);
	buf_add(&b, body, n);
	tiny_write(c, b.p, b.n);
}

/* Head and body of one request into `ret`; false at the end of the connection. */
static bool tiny_read(struct tiny_connection *c, char ret[TINY_REQUEST_MAX])
{
	size_t have = 0;
	size_t want = SIZE_MAX;

	while (have < want) {
		ssize_t n = tiny_receive(c, ret + have, TINY_REQUEST_MAX - 1 - have);

		if (n <= 0)
			return false;
		have += (size_t)n;
		ret[have] = '\0';
		const char *end = strstr(ret, "\r\n\r\n");
		const char *length = strcasestr(ret, "\r\nContent-Length:");
		if (end)
			want = (size_t)(end - ret) + 4 +
			       (length && length < end ? strtoul(length + 17, NULL, 10) : 0);
	}
	return true;
}

static void tiny_answer(struct tiny_connection *c)
{
	struct tiny_server *s = c->server;
	char *request = mem_alloc(TINY_REQUEST_MAX);

	if (s->early)
		tiny_respond(c, "200 OK", early_bird, sizeof early_bird);
	while (tiny_read(c, request)) {
		atomic_fetch_add(&s->requests, 1);
		pthread_mutex_lock(&s->lock);
		memcpy(s->last, request, strlen(request) + 1);
		pthread_mutex_unlock(&s->lock);
		if (!s->early && !s->handler(c, request))
			break;
	}
	free(request);
}

static void tiny_answer_tls(struct tiny_connection *c)
{
	c->tls = SSL_new(c->server->tls);
	SSL_set_fd(c->tls, c->fd);
	if (SSL_accept(c->tls) == 1) {
		tiny_answer(c);
		SSL_shutdown(c->tls);
	}
	SSL_free(c->tls);
}

static void *tiny_serve(void *user)
{
	struct tiny_connection *c = user;

	if (c->server->tls)
		tiny_answer_tls(c);
	else
		tiny_answer(c);
	shutdown(c->fd, SHUT_RDWR);
	free(c);
	return NULL;
}

/* The last request; to be called when its answer is there and no other is on its way. */
static inline const char *tiny_server_last(struct tiny_server *s)
{
	pthread_mutex_lock(&s->lock);
	pthread_mutex_unlock(&s->lock);
	return s->last;
}

static void *tiny_accept(void *user)
{
	struct tiny_server *s = user;
	int fd;

	while ((fd = accept(s->fd, NULL, NULL)) >= 0) {
		int at = atomic_load(&s->connections);
		struct tiny_connection *c = mem_zalloc(sizeof *c);

		assert(at < TINY_CONNECTIONS_MAX);
		c->server = s;
		c->fd = s->conn[at] = fd;
		atomic_store(&s->connections, at + 1); /* before an answer can end a test that counts */
		pthread_create(&s->serving[at], NULL, tiny_serve, c);
	}
	return NULL;
}

/* `tls` NULL: plain; it must outlive the server. */
static inline struct tiny_server *tiny_server_new(tiny_handler *handler, bool early, SSL_CTX *tls)
{
	struct tiny_server *s = mem_zalloc(sizeof *s);
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t n = sizeof a;

	pthread_mutex_init(&s->lock, NULL);
	s->handler = handler;
	s->early = early;
	s->tls = tls;
	s->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (bind(s->fd, (struct sockaddr *)&a, n) != 0 || listen(s->fd, 1024) != 0 ||
	    getsockname(s->fd, (struct sockaddr *)&a, &n) != 0)
		abort();
	s->port = ntohs(a.sin_port);
	pthread_create(&s->accepting, NULL, tiny_accept, s);
	return s;
}

static inline void tiny_server_free(struct tiny_server *s)
{
	shutdown(s->fd, SHUT_RDWR);
	pthread_join(s->accepting, NULL);
	for (int i = 0; i < atomic_load(&s->connections); i++) {
		shutdown(s->conn[i], SHUT_RDWR);
		pthread_join(s->serving[i], NULL);
		close(s->conn[i]);
	}
	close(s->fd);
	pthread_mutex_destroy(&s->lock);
	free(s);
}
