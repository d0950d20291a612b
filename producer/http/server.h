// SPDX-License-Identifier: Apache-2.0
#pragma once
/*
 * The HTTP API: takes a request through routes, auth, params and the route's statement to its reply. Opens
 * two sessions of its own: reading routes run on a read-only one, writing routes in batches on the other.
 */
#include "base/base.h"
#include "batch.h"
#include "catalog.h"
#include "io/loop.h"
#include "gate.h"
#include "oauth_setup.h"

struct crypto_keys;
struct http_client;
struct server;
struct streams;

struct server_options {
	const char *listen; /* "host:port", port 0 takes a free one */
	unsigned connections_max;
	size_t body_max; /* bytes */
	const char *conninfo;
	const char *setup; /* SQL run first on both sessions (set_config of what functions read), or NULL */
	struct catalog catalog;
	const struct auth_options *auth; /* checked, as the gate's are; both outlive the server */
	const struct gate_options *gate;
	struct http_client *http;       /* for calls to others; outlives the server */
	bool plain_loopback;            /* of webhooks: http:// and this machine */
	const struct crypto_keys *keys; /* for secrets at rest */
	struct oauth_setup oauth;
	struct streams *streams; /* live progress; outlives the server */
	int64_t asks_wait_ms;
	const char *internal_secret; /* of /api/internal; empty: nobody has it */
	int64_t internal_wait_ms;
	const char *amazon_application_id; /* empty: there is none */
	const char *amazon_demo_token;     /* of the demo's seller; empty: there is none */
	/* Whether that many tasks of the provider may be dispatched at once, without the clock. */
	bool (*may_dispatch)(void *user, struct str provider, size_t tasks);
	batch_dispatch *dispatch;
	void *user;
};

/* Listens at once and connects in the background. NULL with `err`: the address. */
struct server *server_new(struct loop *loop, const struct server_options *o, struct err *err);
/* The bound "host:port". */
const char *server_address(const struct server *s);
/* Both sessions are up: for /readyz. */
bool server_database_up(const struct server *s);
/* Accepts nobody any more; `stopped` runs when every request is answered, or after `deadline_ms`. */
void server_stop(struct server *s, int64_t deadline_ms, loop_fn *stopped, void *user);
/* Unanswered requests get a 503. Accepts NULL. */
void server_free(struct server *s);
