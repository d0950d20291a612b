// SPDX-License-Identifier: Apache-2.0
#pragma once
/* Keep-alive connections to the HTTP service, one POST /v1/syncs at a time on each. */
#include "base/base.h"
#include "accounts.h"

struct calls;

struct calls_options {
	const char *address; /* 127.0.0.1:8080 */
	const char *key;     /* the service key */
	const char *provider;
	const char *mode;
	size_t connections;
};

/* Status 0: the connection broke, and whether the sync was accepted is not known. */
typedef void answer_fn(void *user, struct account *account, int status, struct str body);

enum rc calls_open(const struct calls_options *options, int epoll_fd, answer_fn *fn, void *user,
    struct calls **ret, struct err *err) MUST_USE;
void calls_close(struct calls *calls);

/* Connections without a request. */
size_t calls_idle(const struct calls *calls);
/* Sends the account's request; needs an idle connection. */
void calls_send(struct calls *calls, struct account *account);
/* What epoll said of the connection that was registered as `ptr`. */
void calls_ready(struct calls *calls, void *ptr);
