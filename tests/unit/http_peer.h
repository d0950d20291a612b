// SPDX-License-Identifier: Apache-2.0
#pragma once
/*
 * HTTP clients for tests of servers on the same thread: the kernel accepts and buffers for them, so that a
 * test writes its request, runs the loop, and reads what has come. Include after the headers under test.
 */
#include "base/base.h"
#include "base/buf.h"

#include <netinet/in.h>
#include <setjmp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

struct client {
	int fd;
	bool closed;
	struct buf in;
};

static inline void client_open(struct client *c, const char *address)
{
	const char *colon = strrchr(address, ':');
	int64_t port;
	struct sockaddr_in sa = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};

	assert_true(str_to_i64(str_of(colon + 1), &port) && port > 0);
	sa.sin_port = htons((uint16_t)port);
	*c = (struct client){.fd = socket(AF_INET, SOCK_STREAM, 0), .in = BUF(8u << 20)};
	assert_int_equal(connect(c->fd, (struct sockaddr *)&sa, sizeof sa), 0);
}

static inline void client_say(struct client *c, const char *text)
{
	size_t n = strlen(text);

	assert_int_equal(send(c->fd, text, n, MSG_NOSIGNAL), (ssize_t)n);
}

static inline void client_read(struct client *c)
{
	char chunk[65536];
	ssize_t n;

	while ((n = recv(c->fd, chunk, sizeof chunk, MSG_DONTWAIT)) > 0)
		buf_add(&c->in, chunk, (size_t)n);
	if (n == 0)
		c->closed = true;
}

/* The bytes of the first whole response in `in`, 0 when there is none yet. */
static inline size_t response_bytes(struct client *c)
{
	client_read(c);
	const char *text = buf_text(&c->in);
	const char *end = strstr(text, "\r\n\r\n");
	const char *length = strcasestr(text, "content-length: ");
	int64_t n = 0;

	if (!end)
		return 0;
	if (length && length < end) {
		struct str rest = str_of(length + 16);

		assert_true(str_to_i64(str_cut(&rest, '\r'), &n));
	}
	size_t want = (size_t)(end + 4 - text) + (size_t)n;
	return c->in.n >= want ? want : 0;
}

static inline void client_done(struct client *c)
{
	if (c->fd > 0)
		close(c->fd);
	buf_done(&c->in);
	*c = (struct client){0};
}

static inline void client_next(struct client *c)
{
	size_t n = response_bytes(c);

	assert_true(n > 0);
	memmove(c->in.p, c->in.p + n, c->in.n - n + 1);
	c->in.n -= n;
}

static inline const char *body_of(struct client *c)
{
	const char *end = strstr(buf_text(&c->in), "\r\n\r\n");

	assert_non_null(end);
	return end + 4;
}

static inline void assert_status(struct client *c, int status)
{
	char want[32];

	snprintf(want, sizeof want, "HTTP/1.1 %d ", status);
	assert_memory_equal(buf_text(&c->in), want, strlen(want));
}
