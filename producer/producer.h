// SPDX-License-Identifier: Apache-2.0
#pragma once
/* The producer as a whole: what its modules share. Made in producer_init's order and freed in reverse. */
#include "base/base.h"
#include "io/admin.h"
#include "io/loop.h"
#include "io/pg.h"
#include "settings.h"

struct batch;
struct crypto_keys;
struct dispatch;
struct http_client;
struct outbox;
struct push;
struct registry;
struct requests;
struct server;
struct ticker;

struct producer {
	struct settings settings;
	char *setup; /* SQL of every session: what the functions read by current_setting */
	struct loop *loop;
	struct registry *registry;
	struct crypto_keys *keys;
	struct http_client *http; /* what this program calls itself: authorisation servers, keys, webhooks */
	struct push *push;
	struct pg *clock_pg;
	struct pg *intake_pg;
	struct outbox *outbox;
	struct dispatch *dispatch;
	struct ticker *ticker;
	struct batch *intake_batch;
	struct server *server;
	struct requests *requests;
	struct admin *admin;
	struct admin_check checks[3];
	bool stopping;
	bool failed; /* stops for a reason that a new process does not have */
};

/* Reads what the settings name (database, declarations); for --check-config, too. */
enum rc producer_check(struct producer *p, struct err *err) MUST_USE;
/* After producer_check: opens everything; on failure `p` is half-built and producer_done is still to be
 * called. */
enum rc producer_init(struct producer *p, struct err *err) MUST_USE;
void producer_done(struct producer *p);
