// SPDX-License-Identifier: Apache-2.0
#pragma once
/* The kinds of misbehaviour: one table. */
#include "simulator.h"

/* Which keys a kind takes besides dial, after, times and resource. */
enum {
	TAKES_STATUS = 1,
	TAKES_RETRY_AFTER = 2,
	TAKES_MS = 4,
	TAKES_BYTES = 8,
	TAKES_LOOP = 16,
	TAKES_ROWS = 32,
	TAKES_CHANGES = 64,
};

struct dial_kind;

struct dial {
	const struct dial_kind *kind;
	char resource[RESOURCE_NAME_MAX + 1]; /* empty: all but the token endpoint */
	char call[RESOURCE_NAME_MAX + 1];     /* empty: any */
	char retry_after[RETRY_AFTER_MAX];
	int64_t after;
	int64_t times; /* below 0: always */
	int64_t status;
	int64_t ms;
	int64_t bytes;
	int64_t to;
	int64_t from;
	int64_t rows;
	int64_t added, removed, changed;
	int64_t seen;
	int64_t hits;
	struct dial *next;
};

struct dial_kind {
	const char *name;
	const char *does;
	unsigned takes;
	void (*before)(struct exchange *ex, const struct dial *d); /* the answer is not made yet */
	void (*after)(
	    struct simulator *sim, struct exchange *ex); /* with the body made; in the table's order */
};

extern const struct dial_kind DIAL_KINDS[];
extern const size_t DIAL_KINDS_N;
