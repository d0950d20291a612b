// SPDX-License-Identifier: Apache-2.0
#pragma once
/*
 * Stores an account that somebody has proved to have, with its tokens: a new connection, or the new tokens of
 * the one that its tenant has already.
 */
#include "base/base.h"
#include "base/json.h"
#include "base/uuid.h"
#include "reply.h"

struct call;
struct pg_statement;
struct provider;

/* Owned by the call (call_keep) or inside what is. */
struct connecting {
	struct call *call;
	struct uuid tenant;
	struct uuid user;
	bool has_user;
	bool confined; /* he sees only his own connections */
	const struct provider *provider;
	char *external_id;
	json_object *settings;
	json_object *secret;
	int64_t life_s; /* of the access token; -1: unknown */
	struct uuid connection_id;
	bool known;                           /* the connection's id */
	const struct pg_statement *statement; /* that stores it; NULL: account_connect.sql */
	bool own_callback;                    /* $10 of that statement */
	int tries;
	/* `row` is connect_account's, and the callee's own. When the database fails, the call is answered. */
	void (*done)(struct connecting *k, struct reply row);
};

void connecting_done(struct connecting *k);
/* Runs to `done`, never inside this function. */
void connecting_save(struct connecting *k);
