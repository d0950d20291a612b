// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "call.h"
#include "caller.h"
#include "prefer.h"
#include "statements.h"
#include "syncs.h"
#include "waits.h"

/* Both replies are the callee's own; `ended` is the row of how it ended, NULL: it took longer. */
typedef void syncs_then(struct call *c, struct reply accepted, struct reply *ended);

struct waiting {
	struct call *call;
	struct wait wait;
	struct reply accepted;
	const struct pg_statement *ended;
	syncs_then *then;
};

static void release(void *state)
{
	struct waiting *w = state;

	reply_done(&w->accepted);
	free(w);
}

static void too_early(struct waiting *w)
{
	struct reply accepted = w->accepted;

	w->accepted = (struct reply){0};
	w->then(w->call, accepted, NULL);
}

static void on_ended(struct call *c, struct reply row)
{
	struct waiting *w = call_kept(c);
	struct reply accepted = w->accepted;

	if (row.status == 404) { /* forgotten, or not to be seen any more */
		reply_done(&row);
		too_early(w);
		return;
	}
	w->accepted = (struct reply){0};
	w->then(c, accepted, &row);
}

static void on_done(struct wait *wait, bool ended)
{
	struct waiting *w = CONTAINER_OF(wait, struct waiting, wait);
	struct pg_args *args = call_args(w->call);

	if (!ended) {
		too_early(w);
		return;
	}
	pg_args_clear(args);
	pg_arg_uuid(args, &wait->id);
	pg_arg_uuid(args, &call_caller(w->call)->tenant);
	call_read(w->call, w->ended, on_ended);
}

static bool read_id(const char *location, struct uuid *ret)
{
	const char *last = location ? strrchr(location, '/') : NULL;

	return last && uuid_parse(str_of(last + 1), ret);
}

static void await(
    struct call *c, struct reply accepted, int64_t for_ms, const struct pg_statement *ended, syncs_then *then)
{
	struct uuid id;

	if (accepted.status != 202 || for_ms <= 0 || !read_id(accepted.location, &id)) {
		call_answer(c, accepted);
		return;
	}
	struct waiting *w = mem_zalloc(sizeof *w);
	*w = (struct waiting){.call = c,
	    .wait = {.id = id, .done = on_done},
	    .accepted = accepted,
	    .ended = ended,
	    .then = then};
	call_keep(c, w, release);
	waits_add(call_calls(c)->sync_waits, &w->wait, for_ms);
}

static void answer_whichever(struct call *c, struct reply accepted, struct reply *ended)
{
	if (ended)
		reply_done(&accepted);
	call_answer(c, ended ? *ended : accepted);
}

void syncs_answer_ended(struct call *c, struct reply accepted, const struct pg_statement *ended)
{
	await(c, accepted, call_calls(c)->o->asks_wait_ms, ended, answer_whichever);
}

/* ---- Prefer: wait=N ---- */

static int64_t preferred_s(const struct call *c)
{
	return MIN(prefer_wait_s(httpd_header(call_request(c), "Prefer")), (int64_t)SYNCS_WAIT_MAX_S);
}

static void answer_preferred(struct call *c, struct reply accepted, struct reply *ended)
{
	struct reply reply = ended ? *ended : accepted;

	if (ended) {
		/* reply_send would take a place in a 200 for the next page's */
		reply_add_header(&reply, "Location", TAKE(accepted.location));
		for (size_t i = 0; i < accepted.nextra; i++)
			reply_add_header(&reply, accepted.extra[i].name, mem_strdup(accepted.extra[i].value));
		reply_done(&accepted);
	}
	reply_add_header(&reply, "Preference-Applied", mem_printf("wait=%" PRId64, preferred_s(c)));
	call_answer(c, reply);
}

void syncs_accepted(struct call *c, struct reply row)
{
	await(c, row, preferred_s(c) * 1000, &sql_syncs_get, answer_preferred);
}
