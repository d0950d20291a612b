// SPDX-License-Identifier: Apache-2.0
#pragma once
/*
 * The connections that the load asks syncs for. Each has at most one sync under way, since a second request
 * would only attach to the first; so events are matched by connection and checked by sync id.
 */
#include "base/base.h"
#include "base/uuid.h"

struct account {
	struct uuid connection_id;
	struct uuid sync_id;       /* from the answer; nil before it */
	struct uuid event_sync_id; /* of an end event that overtook the answer; nil otherwise */
	int64_t due_us;            /* when the request was to be sent: latency counts from here */
	int64_t event_us;
	bool event_completed;
	bool busy;
	bool counted; /* asked for after the warm-up */
};

struct accounts {
	struct account *at;
	size_t n;
	uint32_t *index; /* open addressing over connection ids; 0 is free, else place + 1 */
	size_t mask;
	uint32_t *idle; /* a ring: the one that rested longest is asked next */
	size_t first;
	size_t nidle;
};

/* Reads connection ids, one a line. */
enum rc accounts_read(struct accounts *accounts, const char *path, struct err *err) MUST_USE;
void accounts_done(struct accounts *accounts);

/* The account of a connection, or NULL. */
struct account *accounts_find(struct accounts *accounts, const struct uuid *connection_id);
/* Takes the account that has been idle longest; NULL when all are busy. */
struct account *accounts_take(struct accounts *accounts);
void accounts_give_back(struct accounts *accounts, struct account *account);
