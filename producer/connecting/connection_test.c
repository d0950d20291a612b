// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "oauth_handlers.h"

#include "asks.h"

void connection_test(struct call *c)
{
	struct uuid id;

	if (uuid_parse(call_path(c, "connection_id"), &id))
		ask_start(c, &id, "test", NULL, call_answer);
	else
		call_refuse(c, 500, "internal_error", "the path was not checked");
}
