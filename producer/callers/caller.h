// SPDX-License-Identifier: Apache-2.0
#pragma once
/*
 * Who calls and what he may: what auth makes of a request's credentials, and what row level security is told.
 */
#include "base/base.h"
#include "base/uuid.h"

/* Names are those of service keys and of `needs` in the table of routes. */
#define RIGHTS(X)                                                                                            \
	X(READ, "read")       /* see what belongs to the tenant */                                           \
	X(SYNC, "sync")       /* ask for syncs and cancel them */                                            \
	X(CONNECT, "connect") /* connect accounts, schedule and pause them */                                \
	X(ADMIN, "admin")     /* the tenant's keys and webhooks */                                           \
	X(OPERATE, "operate") /* the fleet: all tenants' providers, workers, dead letters */

enum right_bit {
#define X(id, name) RIGHT_BIT_##id,
	RIGHTS(X)
#undef X
	    RIGHT_COUNT
};

/* A set of them is an unsigned. */
enum right {
#define X(id, name) RIGHT_##id = 1u << RIGHT_BIT_##id,
	RIGHTS(X)
#undef X
};

#define RIGHTS_OF_USER ((unsigned)RIGHT_READ | RIGHT_SYNC | RIGHT_CONNECT)
#define RIGHTS_OF_ADMIN (RIGHTS_OF_USER | RIGHT_ADMIN)

enum role { ROLE_SERVICE, ROLE_USER, ROLE_ADMIN };

struct caller {
	enum role role;
	unsigned rights;
	struct uuid tenant;
	struct uuid user; /* of ROLE_USER and ROLE_ADMIN */
	struct uuid key;  /* of ROLE_SERVICE */
	bool demo;        /* nobody has said who he is: the user of whom auth_options tells */
};

const char *right_name(enum right right);
/* The right of that name, or 0. */
unsigned right_parse(struct str name);
/* The rights of names with commas between; 0 when one of them is none. */
unsigned rights_parse(struct str list);
/* Whether he sees only what he owns himself, and not all that is the tenant's. */
bool caller_is_confined(const struct caller *caller);
