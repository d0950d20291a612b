// SPDX-License-Identifier: Apache-2.0
#pragma once
/*
 * The admin port of both programs, without authentication: /livez, /readyz, /metrics and /version. To be
 * bound where only operations can reach it.
 */
#include "base/base.h"
#include "base/buf.h"
#include "io/loop.h"

struct admin;

/* One line of /readyz. `ok` returns whether the program can work as far as this is concerned; `why` takes a
 * short text. */
struct admin_check {
	const char *name;
	bool (*ok)(void *user, struct buf *why);
	void *user;
};

/* A member of /version: {"librdkafka", "2.0.2"}. */
struct admin_version {
	const char *name;
	const char *value;
};

/* The arrays and texts must outlive the port. */
struct admin_options {
	const char *listen; /* "host:port", port 0 takes a free one */
	const struct admin_check *checks;
	size_t nchecks;
	const struct admin_version *versions;
	size_t nversions;
	void (*metrics)(struct buf *out); /* appends the exposition text */
};

/* NULL with `err`: the address is malformed or cannot be had. */
struct admin *admin_new(struct loop *loop, const struct admin_options *o, struct err *err);
/* The bound "host:port". */
const char *admin_address(const struct admin *a);
/* /readyz says 503 from now on, so that traffic goes elsewhere before the program stops; /livez stays 200. */
void admin_drain(struct admin *a);
/* Accepts NULL. */
void admin_free(struct admin *a);
