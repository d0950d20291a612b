// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"

#include "base/conf.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/process.h"
#include "base/version.h"
#include "producer.h"
#include "routes.h"

#define ROUTES_TEXT_MAX (1u << 20)

static void print_routes(void)
{
	AUTO(buf_done) struct buf out = BUF(ROUTES_TEXT_MAX);

	routes_print(routes_all(), &out);
	fputs(buf_text(&out), stdout);
}

static int run(struct producer *p)
{
	struct err err;

	enum rc rc = producer_init(p, &err);
	if (rc != RC_OK) {
		log_event(LOG_LEVEL_ERROR, "start_failed", LOG_ERR(&err));
		producer_done(p);
		return process_start_exit(rc);
	}
	log_event(
	    LOG_LEVEL_INFO, "up", LOG_STR("version", version_text()), LOG_STR("commit", version_commit()));
	loop_run(p->loop);
	producer_done(p);
	log_event(LOG_LEVEL_INFO, "down");
	return p->failed ? PROCESS_FAILED : PROCESS_OK;
}

int main(int argc, char **argv)
{
	static struct producer p;
	struct err err;

	process_protect();
	struct conf *conf = conf_new(&settings_program, &p.settings);
	enum conf_action action = conf_load(conf, argc, argv, &err);
	log_init(
	    (enum log_format)p.settings.log_format, (enum log_level)p.settings.log_level, "sync-producer");
	int code = conf_exit_code(action);
	if (action == CONF_USAGE || action == CONF_BAD)
		fprintf(stderr, "sync-producer: %s\n", err.text);
	if (action == CONF_RUN && p.settings.routes) {
		print_routes();
		action = CONF_EXIT;
	}
	if (action == CONF_RUN || action == CONF_CHECK) {
		metrics_init("sync-producer");
		if (producer_check(&p, &err) != RC_OK) {
			fprintf(stderr, "sync-producer: %s\n", err.text);
			code = PROCESS_CONFIG;
			producer_done(&p);
		} else if (action == CONF_RUN) {
			code = run(&p);
		} else {
			producer_done(&p);
		}
		metrics_done();
	}
	conf_free(conf);
	return code;
}
