// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "calls.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define ANSWER_MAX 8192
#define REQUEST_MAX 1024

struct call {
	int fd;
	struct account *account; /* NULL: idle */
	size_t n;
	char answer[ANSWER_MAX + 1];
};

struct calls {
	struct calls_options options;
	struct sockaddr_in address;
	int epoll_fd;
	answer_fn *fn;
	void *user;
	struct call *at;
	struct call **idle;
	size_t nidle;
};

static bool call_connect(struct calls *calls, struct call *call)
{
	static const int on = 1;
	struct epoll_event event = {.events = EPOLLIN, .data.ptr = call};

	call->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (call->fd < 0 || connect(call->fd, (void *)&calls->address, sizeof calls->address) != 0)
		return false;
	setsockopt(call->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
	return epoll_ctl(calls->epoll_fd, EPOLL_CTL_ADD, call->fd, &event) == 0;
}

static bool parse_address(const char *text, struct sockaddr_in *ret)
{
	struct str port = str_of(text);
	struct str host = str_cut(&port, ':');
	char name[64];
	int64_t number;

	if (host.n >= sizeof name || !str_to_i64(port, &number) || number < 1 || number > UINT16_MAX)
		return false;
	memcpy(name, host.p, host.n);
	name[host.n] = '\0';
	*ret = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons((uint16_t)number)};
	return inet_pton(AF_INET, name, &ret->sin_addr) == 1;
}

enum rc calls_open(const struct calls_options *options, int epoll_fd, answer_fn *fn, void *user,
    struct calls **ret, struct err *err)
{
	struct calls *calls = mem_zalloc(sizeof *calls);

	*calls = (struct calls){.options = *options, .epoll_fd = epoll_fd, .fn = fn, .user = user};
	calls->at = mem_array(options->connections, sizeof *calls->at);
	calls->idle = mem_array(options->connections, sizeof(struct call *));
	bool ok = parse_address(options->address, &calls->address);
	for (size_t i = 0; i < options->connections && ok; i++) {
		ok = call_connect(calls, &calls->at[i]);
		calls->idle[calls->nidle++] = &calls->at[i];
	}
	*ret = calls;
	return ok ? RC_OK : err_set(err, RC_IO, "connecting to %s: %s", options->address, strerror(errno));
}

void calls_close(struct calls *calls)
{
	if (!calls)
		return;
	for (size_t i = 0; i < calls->options.connections; i++) {
		if (calls->at[i].fd > 0)
			close(calls->at[i].fd);
	}
	free(calls->at);
	free(calls->idle);
	free(calls);
}

size_t calls_idle(const struct calls *calls)
{
	return calls->nidle;
}

static void call_finish(struct calls *calls, struct call *call, int status, struct str body)
{
	struct account *account = TAKE(call->account);

	call->n = 0;
	calls->idle[calls->nidle++] = call;
	calls->fn(calls->user, account, status, body);
}

/* A connection that broke is made anew; when that fails too, it stays out of the idle ones. */
static void call_broken(struct calls *calls, struct call *call)
{
	struct account *account = TAKE(call->account);

	close(call->fd);
	call->n = 0;
	for (size_t i = 0; i < calls->nidle; i++) {
		if (calls->idle[i] == call)
			calls->idle[i] = calls->idle[--calls->nidle];
	}
	if (call_connect(calls, call))
		calls->idle[calls->nidle++] = call;
	if (account)
		calls->fn(calls->user, account, 0, STR("the connection broke"));
}

void calls_send(struct calls *calls, struct account *account)
{
	struct call *call = calls->idle[--calls->nidle];
	char id[UUID_TEXT_LEN + 1];
	char body[REQUEST_MAX / 2];
	char request[REQUEST_MAX];

	uuid_format(&account->connection_id, id);
	int length = snprintf(body, sizeof body,
	    "{\"provider\":\"%s\",\"connection_id\":\"%s\",\"mode\":\"%s\"}", calls->options.provider, id,
	    calls->options.mode);
	int n = snprintf(request, sizeof request,
	    "POST /v1/syncs HTTP/1.1\r\nHost: %s\r\nAuthorization: Bearer %s\r\n"
	    "Content-Type: application/json\r\nContent-Length: %d\r\n\r\n%s",
	    calls->options.address, calls->options.key, length, body);
	call->account = account;
	/* Far less than a socket buffer, so it is taken whole. */
	if (send(call->fd, request, (size_t)n, MSG_NOSIGNAL | MSG_DONTWAIT) != n)
		call_broken(calls, call);
}

/* Content-Length of an answer's head; -1 without one. */
static int64_t body_length(const char *head)
{
	const char *at = strcasestr(head, "\r\ncontent-length:");
	int64_t length;

	if (!at)
		return -1;
	struct str rest = str_of(at + strlen("\r\ncontent-length:"));
	return str_to_i64(str_trim(str_cut(&rest, '\r')), &length) ? length : -1;
}

/* Hands the answer over when it is whole; false when it never will be. */
static bool parse_answer(struct calls *calls, struct call *call)
{
	int64_t status;

	call->answer[call->n] = '\0';
	const char *end = strstr(call->answer, "\r\n\r\n");
	if (!end)
		return call->n < ANSWER_MAX;
	size_t head = (size_t)(end - call->answer) + 4;
	int64_t length = body_length(call->answer);
	if (length < 0 || head + (size_t)length > ANSWER_MAX || call->n > head + (size_t)length ||
	    !str_to_i64((struct str){call->answer + strlen("HTTP/1.1 "), 3}, &status))
		return false;
	if (call->n == head + (size_t)length)
		call_finish(calls, call, (int)status, (struct str){call->answer + head, (size_t)length});
	return true;
}

void calls_ready(struct calls *calls, void *ptr)
{
	struct call *call = ptr;
	ssize_t n = recv(call->fd, call->answer + call->n, ANSWER_MAX - call->n, MSG_DONTWAIT);

	if (n < 0 && errno == EAGAIN)
		return;
	call->n += n > 0 ? (size_t)n : 0;
	if (n <= 0 || !call->account || !parse_answer(calls, call))
		call_broken(calls, call);
}
