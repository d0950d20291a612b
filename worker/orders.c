// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "orders.h"

#include "base/log.h"
#include "intake.h"
#include "task.h"
#include "worker.h"

static bool list_has(struct str list, const char *name)
{
	struct str rest = {list.p + 1, list.n >= 2 ? list.n - 2 : 0};

	while (rest.n)
		if (str_is(str_cut(&rest, ','), name))
			return true;
	return false;
}

/* NULL: it may go on. */
static const char *must_yield(const struct task *t, struct str paused)
{
	char id[UUID_TEXT_LEN + 1];

	uuid_format(&t->connection_id, id);
	if (list_has(paused, id))
		return "the connection is paused";
	if (t->walk.provider && list_has(paused, t->walk.provider->name))
		return "the provider is paused";
	return t->worker->draining ? "the worker is drained" : NULL;
}

void orders_obey(struct worker *w, struct str paused, bool draining)
{
	if (w->draining != draining) {
		log_event(LOG_LEVEL_INFO, draining ? "draining" : "undrained", LOG_INT("tasks", w->ntasks));
		w->draining = draining;
		intake_drain(w->intake, draining);
	}
	if (paused.n <= strlen("{}") && !draining)
		return;
	for (struct task *t = w->tasks, *next; t; t = next) {
		const char *why = must_yield(t, paused);

		next = t->next;
		if (why)
			task_yield(t, why);
	}
}
