// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "zoho_manual.h"

#include "call.h"
#include "caller.h"
#include "statements.h"
#include "waits.h"

struct manual {
	struct wait wait; /* for the end of the sync */
	struct call *call;
	struct reply started;
	bool waiting;
};

static void manual_free(void *kept)
{
	struct manual *m = kept;

	if (m->waiting)
		waits_leave(call_calls(m->call)->sync_waits, &m->wait);
	reply_done(&m->started);
	free(m);
}

static void over(struct wait *wait, bool ended)
{
	struct manual *m = CONTAINER_OF(wait, struct manual, wait);
	struct pg_args *args = call_args(m->call);

	m->waiting = false;
	if (!ended) {
		struct reply started = m->started;

		m->started = (struct reply){0};
		call_answer(m->call, started);
		return;
	}
	pg_args_clear(args);
	pg_arg_uuid(args, &wait->id);
	pg_arg_uuid(args, &call_caller(m->call)->tenant);
	call_read(m->call, &sql_zoho_manual_ended, call_answer);
}

void zoho_manual_started(struct call *c, struct reply row)
{
	const char *last = row.location ? strrchr(row.location, '/') : NULL;
	struct uuid id;

	if (row.status != 202 || !last || !uuid_parse(str_of(last + 1), &id)) {
		call_answer(c, row);
		return;
	}
	struct manual *m = mem_zalloc(sizeof *m);
	*m = (struct manual){.wait = {.id = id, .done = over}, .call = c, .started = row, .waiting = true};
	call_keep(c, m, manual_free);
	waits_add(call_calls(c)->sync_waits, &m->wait, call_calls(c)->o->asks_wait_ms);
}
