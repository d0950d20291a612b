// SPDX-License-Identifier: Apache-2.0
#pragma once
/* What was served: counters, and a bounded ring of every request with its answer. Authorization is not kept.
 */
#include "base/base.h"
#include "base/buf.h"

struct exchange;
struct account;

struct counters {
	uint64_t requests;
	uint64_t pages;
	uint64_t records;
	uint64_t bytes;
	uint64_t e400, e401, e404, e429, e5xx;
	uint64_t tokens;
	uint64_t bad_refresh;
	uint64_t abandoned;
	unsigned conns, max_conns;
	unsigned in_flight, max_in_flight;
};

struct entry {
	int64_t began_ms; /* unix */
	char *text;       /* "account method path query", each ended by a NUL */
	uint64_t dials;
	uint32_t took_ms;
	int status; /* 0: never answered; 499: the client went away first */
	uint32_t in_flight;
	uint32_t in_flight_all;
};

struct traffic {
	struct counters count;
	struct entry *ring;
	uint64_t size;
	uint64_t seq; /* of the newest entry; the first is 1 */
};

void traffic_init(struct traffic *t, uint64_t entries);
void traffic_done(struct traffic *t);
/* Empties the log and zeroes the counters, except those of what is open. */
void traffic_reset(struct traffic *t);
/* Adds the exchange to the log and the counters. */
void traffic_add(struct traffic *t, const struct exchange *ex, int status);
/* JSON lines of entries after `after`, at most `limit`, of one account unless NULL. */
void traffic_write(
    const struct traffic *t, uint64_t after, uint64_t limit, const char *account, struct buf *ret);
void traffic_write_stats(const struct traffic *t, struct buf *ret);
