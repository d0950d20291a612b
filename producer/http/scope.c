// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "scope.h"
#include "statements.h"

void scope_enter(struct pg *pg, const struct caller *caller)
{
	AUTO(pg_args_done) struct pg_args args = PG_ARGS;

	pg_arg_uuid(&args, &caller->tenant);
	if (caller_is_confined(caller))
		pg_arg_uuid(&args, &caller->user);
	else
		pg_arg_null(&args);
	pg_exec(pg, &sql_scope, &args, NULL, NULL);
}

bool scope_same(const struct caller *a, const struct caller *b)
{
	return uuid_eq(&a->tenant, &b->tenant) && caller_is_confined(a) == caller_is_confined(b) &&
	       (!caller_is_confined(a) || uuid_eq(&a->user, &b->user));
}
