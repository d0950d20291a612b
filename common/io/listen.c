// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "io/listen.h"

#include <errno.h>
#include <netdb.h>
#include <sys/socket.h>
#include <unistd.h>

#define BACKLOG 1024
#define HOST_MAX 256
#define PORT_MAX 8

static enum rc split_address(const char *address, char host[HOST_MAX], char port[PORT_MAX], struct err *err)
{
	const char *colon = strrchr(address, ':');
	struct str h = {address, colon ? (size_t)(colon - address) : 0};
	struct str p = str_of(colon ? colon + 1 : "");
	int64_t number;

	if (h.n > 2 && h.p[0] == '[' && h.p[h.n - 1] == ']')
		h = (struct str){h.p + 1, h.n - 2};
	if (h.n == 0 || h.n >= HOST_MAX || p.n >= PORT_MAX || !str_to_i64(p, &number) || number < 0 ||
	    number > UINT16_MAX)
		return err_set(err, RC_INVALID, "listen on \"%s\": want host:port", address);
	snprintf(host, HOST_MAX, "%.*s", STR_ARG(h));
	snprintf(port, PORT_MAX, "%" PRId64, number);
	return RC_OK;
}

static int listen_on(const struct addrinfo *ai)
{
	int on = 1;
	int fd = socket(ai->ai_family, ai->ai_socktype | SOCK_NONBLOCK | SOCK_CLOEXEC, ai->ai_protocol);

	if (fd < 0)
		return -1;
	if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == 0 &&
	    bind(fd, ai->ai_addr, ai->ai_addrlen) == 0 && listen(fd, BACKLOG) == 0)
		return fd;
	int why = errno;
	close(fd);
	errno = why;
	return -1;
}

static void format_bound(int fd, char ret_bound[LISTEN_ADDRESS_MAX])
{
	struct sockaddr_storage sa = {0};
	socklen_t n = sizeof sa;
	char host[HOST_MAX] = "";
	char port[PORT_MAX] = "";

	getsockname(fd, (struct sockaddr *)&sa, &n);
	getnameinfo(
	    (struct sockaddr *)&sa, n, host, sizeof host, port, sizeof port, NI_NUMERICHOST | NI_NUMERICSERV);
	snprintf(ret_bound, LISTEN_ADDRESS_MAX, sa.ss_family == AF_INET6 ? "[%s]:%s" : "%s:%s", host, port);
}

int listen_open(const char *address, char ret_bound[LISTEN_ADDRESS_MAX], struct err *err)
{
	struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE | AI_NUMERICSERV};
	struct addrinfo *found = NULL;
	char host[HOST_MAX];
	char port[PORT_MAX];
	int fd = -1;

	if (split_address(address, host, port, err) != RC_OK)
		return -1;
	int failed = getaddrinfo(host, port, &hints, &found);
	if (failed) {
		err_set(err, RC_IO, "listen on \"%s\": %s", address, gai_strerror(failed));
		return -1;
	}
	for (struct addrinfo *ai = found; ai && fd < 0; ai = ai->ai_next)
		fd = listen_on(ai);
	int why = errno;
	freeaddrinfo(found);
	if (fd < 0)
		err_set(err, RC_IO, "listen on \"%s\": %s", address, strerror(why));
	else
		format_bound(fd, ret_bound);
	return fd;
}
