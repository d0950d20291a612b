// SPDX-License-Identifier: Apache-2.0
#pragma once
/* Listening TCP sockets, from "host:port" as people write it in configuration. */
#include "base/base.h"

#define LISTEN_ADDRESS_MAX 272 /* bytes of a bound address with its NUL */

/*
 * A non-blocking listening socket on "host:port" or "[v6]:port"; port 0 takes a free one. Its bound address
 * goes to `ret_bound`. Returns the descriptor, or -1 with `err`: RC_INVALID for another form, RC_IO when it
 * cannot be had.
 */
int listen_open(const char *address, char ret_bound[LISTEN_ADDRESS_MAX], struct err *err) MUST_USE;
