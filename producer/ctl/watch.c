// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "ctl.h"

#include "base/clock.h"
#include "base/process.h"
#include "bars.h"
#include "output.h"

#define POLL_MS 500

static const char *text_of(json_object *object, const char *name)
{
	return json_object_get_string(json_object_object_get(object, name));
}

static bool has_ended(json_object *sync)
{
	return json_object_object_get(sync, "ended_at") != NULL;
}

/* For programs: each state that differs from the one before. */
static void print_changed(const struct ctl *ctl, json_object *sync, json_object *before)
{
	if (!before || !json_object_equal(sync, before) || has_ended(sync))
		ctl_print_document(ctl, sync);
}

static enum rc ended(struct ctl *ctl, json_object *sync, struct err *err)
{
	const char *state = text_of(sync, "state");

	if (strcmp(state, "completed") == 0)
		return RC_OK;
	ctl->code = PROCESS_FAILED;
	return err_set(err, RC_INVALID, "the sync %s: syncctl describe sync %s says more",
	    strcmp(state, "failed") == 0 ? "has failed" : "was cancelled", text_of(sync, "sync_id"));
}

enum rc ctl_watch_sync(struct ctl *ctl, const struct uuid *id, struct err *err)
{
	int64_t end = ctl->o.timeout ? clock_mono_ms() + ctl->o.timeout * 1000 : INT64_MAX;
	AUTO(json_put_ptr) json_object *before = NULL;
	AUTO(bars_done) struct bars bars = bars_new(ctl);

	for (;;) {
		json_object *sync = NULL;

		if (ctl_sync_read(ctl, id, &sync, err) != RC_OK)
			return err->rc;
		if (ctl->o.output == CTL_JSON)
			print_changed(ctl, sync, before);
		else
			bars_show(&bars, sync);
		fflush(stdout);
		json_object_put(before);
		before = sync;
		int64_t rest_ms = end - clock_mono_ms();
		if (has_ended(sync))
			return ended(ctl, sync, err);
		if (rest_ms <= 0)
			return err_set(
			    err, RC_TIMEOUT, "the sync goes on; %" PRId64 " s are over", ctl->o.timeout);
		terminal_rest(MIN(rest_ms, POLL_MS));
	}
}

enum rc ctl_watch(struct ctl *ctl, struct err *err)
{
	struct uuid id;

	if (!uuid_parse(str_of(ctl->args[0]), &id))
		return err_set(err, RC_INVALID, "%s is no sync's id", ctl->args[0]);
	return ctl_watch_sync(ctl, &id, err);
}
