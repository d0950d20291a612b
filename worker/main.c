// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"

#include "base/conf.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/process.h"
#include "base/version.h"
#include "worker.h"

static int run(struct worker *w)
{
	struct err err;

	enum rc rc = worker_init(w, &err);
	if (rc != RC_OK) {
		log_event(LOG_LEVEL_ERROR, "start_failed", LOG_ERR(&err));
		worker_done(w);
		return process_start_exit(rc);
	}
	log_event(LOG_LEVEL_INFO, "up", LOG_STR("version", version_text()),
	    LOG_STR("commit", version_commit()), LOG_INT("slots", w->settings.slots));
	loop_run(w->loop);
	worker_done(w);
	log_event(LOG_LEVEL_INFO, "down");
	return w->failed ? PROCESS_FAILED : PROCESS_OK;
}

int main(int argc, char **argv)
{
	static struct worker w;
	struct err err;

	process_protect();
	struct conf *conf = conf_new(&settings_program, &w.settings);
	enum conf_action action = conf_load(conf, argc, argv, &err);
	log_init((enum log_format)w.settings.log_format, (enum log_level)w.settings.log_level, "sync-worker");
	int code = conf_exit_code(action);
	if (action == CONF_USAGE || action == CONF_BAD)
		fprintf(stderr, "sync-worker: %s\n", err.text);
	if (action == CONF_RUN || action == CONF_CHECK) {
		metrics_init("sync-worker");
		if (worker_check(&w, &err) != RC_OK) {
			fprintf(stderr, "sync-worker: %s\n", err.text);
			code = PROCESS_CONFIG;
			worker_done(&w);
		} else if (action == CONF_RUN) {
			code = run(&w);
		} else {
			worker_done(&w);
		}
		metrics_done();
	}
	conf_free(conf);
	return code;
}
