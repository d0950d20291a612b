// SPDX-License-Identifier: Apache-2.0
#pragma once
/* HTTP/1.1 with keep-alive on one epoll thread. It holds the sockets itself, since misbehaving needs them. */
#include "base/base.h"

struct simulator;
struct server;

/* Listens on 127.0.0.1; port 0 lets the system choose. *ret_server is the caller's. */
enum rc server_new(
    struct simulator *sim, uint16_t port, struct server **ret_server, struct err *err) MUST_USE;
uint16_t server_port(const struct server *server);
/* Serves until *stop is true; a signal handler may set it, if the signal was blocked before. */
void server_run(struct server *server, const volatile bool *stop);
void server_free(struct server *server);
