// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "call.h"
#include "caller.h"
#include "prefer.h"
#include "statements.h"
#include "syncs.h"
#include "waits.h"

struct waiting {
	struct call *call;
	struct wait wait;
	struct reply accepted;
	int64_t seconds;
};

static void release(void *state)
{
	struct waiting *w = state;

	reply_done(&w->accepted);
	free(w);
}

static struct reply applied(const struct waiting *w, struct reply reply)
{
	reply_add_header(&reply, "Preference-Applied", mem_printf("wait=%" PRId64, w->seconds));
	return reply;
}

static void answer_accepted(struct waiting *w)
{
	struct reply reply = w->accepted;

	w->accepted = (struct reply){0};
	call_answer(w->call, applied(w, reply));
}

static void answer_ended(struct call *c, struct reply row)
{
	struct waiting *w = call_kept(c);

	if (row.status != 200) {
		reply_done(&row);
		answer_accepted(w);
		return;
	}
	/* reply_send would take a place in a 200 for the next page's */
	reply_add_header(&row, "Location", TAKE(w->accepted.location));
	for (size_t i = 0; i < w->accepted.nextra; i++)
		reply_add_header(&row, w->accepted.extra[i].name, mem_strdup(w->accepted.extra[i].value));
	call_answer(c, applied(w, row));
}

static void on_done(struct wait *wait, bool ended)
{
	struct waiting *w = CONTAINER_OF(wait, struct waiting, wait);
	struct pg_args *args = call_args(w->call);

	if (!ended) {
		answer_accepted(w);
		return;
	}
	pg_args_clear(args);
	pg_arg_uuid(args, &wait->id);
	pg_arg_uuid(args, &call_caller(w->call)->tenant);
	call_read(w->call, &sql_syncs_get, answer_ended);
}

static bool read_id(const char *location, struct uuid *ret)
{
	const char *last = location ? strrchr(location, '/') : NULL;

	return last && uuid_parse(str_of(last + 1), ret);
}

void syncs_accepted(struct call *c, struct reply row)
{
	int64_t seconds = prefer_wait_s(httpd_header(call_request(c), "Prefer"));
	struct uuid id;

	if (row.status != 202 || seconds <= 0 || !read_id(row.location, &id)) {
		call_answer(c, row);
		return;
	}
	struct waiting *w = mem_zalloc(sizeof *w);
	*w = (struct waiting){.call = c,
	    .wait = {.id = id, .done = on_done},
	    .accepted = row,
	    .seconds = MIN(seconds, (int64_t)SYNCS_WAIT_MAX_S)};
	call_keep(c, w, release);
	waits_add(call_calls(c)->sync_waits, &w->wait, w->seconds * 1000);
}
