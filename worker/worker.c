// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "worker.h"

#include "base/log.h"
#include "breaker.h"
#include "base/metrics.h"
#include "ends.h"
#include "figures.h"
#include "heartbeat.h"
#include "intake.h"
#include "io/admin.h"
#include "io/crypto.h"
#include "io/kafka.h"
#include "io/versions.h"
#include "io/pg_blocking.h"
#include "limits.h"
#include "settle.h"
#include "statements.h"
#include "store.h"
#include "sweep.h"
#include "sync/origins.h"
#include "sync/outbox.h"
#include "sync/schema.h"
#include "sync/settings_shared.h"
#include "sync/topics.h"
#include "table.h"
#include "task.h"
#include "tokens.h"

#define OUTBOX_FLUSH_MS 3000
#define SLOT_BYTES 5120 /* what a slot takes beside its pages: the transfer, measured with 2,000 of them */

static const char control_setup[] =
    "set statement_timeout = '30s'; set lock_timeout = '20s'; set plan_cache_mode = force_generic_plan; "
    "set enable_seqscan = off; set jit = off; set client_min_messages = error";

bool worker_may_call(const struct worker *w)
{
	return !w->stopping && heartbeat_is_fresh(w->heartbeat);
}

void worker_resume_tasks(struct worker *w)
{
	for (struct task *t = w->tasks, *next; t; t = next) {
		next = t->next;
		task_resume(t);
	}
}

void worker_add_task(struct worker *w, struct task *t)
{
	t->prev = NULL;
	t->next = w->tasks;
	if (w->tasks)
		w->tasks->prev = t;
	w->tasks = t;
	w->ntasks++;
}

static void left(void *user)
{
	struct worker *w = user;

	loop_stop(w->loop);
}

static void limits_left(void *user)
{
	struct worker *w = user;

	heartbeat_leave(w->heartbeat, left, w);
}

void worker_leave_when_idle(struct worker *w)
{
	if (!w->stopping || w->leaving || w->ntasks || intake_pending(w->intake))
		return;
	w->leaving = true;
	limits_leave(w->limits, limits_left, w);
}

void worker_remove_task(struct worker *w, struct task *t)
{
	if (t->next)
		t->next->prev = t->prev;
	if (t->prev)
		t->prev->next = t->next;
	else
		w->tasks = t->next;
	w->ntasks--;
	intake_wake(w->intake);
	worker_leave_when_idle(w);
}

static void grace_over(void *user)
{
	struct worker *w = user;

	log_event(LOG_LEVEL_WARN, "shutdown_grace_over", LOG_INT("tasks", w->ntasks));
	if (w->leaving) {
		loop_stop(w->loop);
		return;
	}
	w->leaving = true; /* what is still running goes back to the queue with our row */
	heartbeat_leave(w->heartbeat, left, w);
	timer_set(w->grace, 2000, 0);
}

void worker_stop(void *user)
{
	struct worker *w = user;

	if (w->stopping)
		return;
	log_event(LOG_LEVEL_INFO, "stopping", LOG_INT("tasks", w->ntasks));
	w->stopping = true;
	admin_drain(w->admin);
	intake_stop(w->intake);
	timer_set(w->grace, w->settings.shutdown_ms, 0);
	for (struct task *t = w->tasks, *next; t; t = next) {
		next = t->next;
		task_yield(t, "the worker ends");
	}
	worker_leave_when_idle(w);
}

/* ---- the admin port ---- */

static bool check_store(void *user, struct buf *why)
{
	struct worker *w = user;

	buf_add_text(why, "no session");
	return store_is_up(w->store) && pg_is_up(w->control);
}

static bool check_heartbeat(void *user, struct buf *why)
{
	struct worker *w = user;

	buf_add_text(why, "not acknowledged");
	return heartbeat_is_up(w->heartbeat);
}

static bool check_kafka(void *user, struct buf *why)
{
	struct worker *w = user;

	buf_add_text(why, w->draining ? "drained" : "no partition assigned");
	return intake_is_assigned(w->intake);
}

static struct worker *scraped; /* the one worker of this process, for the exposition callback */

static void render_metrics(struct buf *out)
{
	figures_read(scraped);
	metrics_render(out);
}

static enum rc open_admin(struct worker *w, struct err *err)
{
	w->checks[0] = (struct admin_check){"postgres", check_store, w};
	w->checks[1] = (struct admin_check){"heartbeat", check_heartbeat, w};
	w->checks[2] = (struct admin_check){"kafka", check_kafka, w};
	scraped = w;
	size_t nversions;
	const struct admin_version *versions = versions_all(&nversions);
	w->admin = admin_new(w->loop,
	    &(struct admin_options){.listen = w->settings.admin_listen,
	        .checks = w->checks,
	        .nchecks = ARRAY_SIZE(w->checks),
	        .versions = versions,
	        .nversions = nversions,
	        .metrics = render_metrics},
	    err);
	if (!w->admin)
		return err_prefix(err, "admin.listen");
	log_event(LOG_LEVEL_INFO, "listening", LOG_STR("name", "admin"),
	    LOG_STR("address", admin_address(w->admin)));
	return RC_OK;
}

/* ---- start and end ---- */

static void control_up(void *user)
{
	struct worker *w = user;

	settle_retry(w->settle);
	limits_retry(w->limits);
	intake_wake(w->intake);
}

static void control_down(void *user, const struct err *err)
{
	(void)user;
	log_event(LOG_LEVEL_WARN, "database_lost", LOG_STR("session", "control"), LOG_ERR(err));
}

static enum rc check_declarations(const struct registry *r, struct err *err)
{
	for (size_t i = 0; i < registry_count(r); i++) {
		const struct provider *p = registry_at(r, i);

		for (size_t k = 0; k < p->resources.n; k++) {
			if (provider_supported(&p->resources.at[k], err) != RC_OK)
				return err_prefix(err, "%s: %s", p->file, p->resources.at[k].name);
		}
	}
	return RC_OK;
}

enum rc worker_check(struct worker *w, struct err *err)
{
	const struct settings *s = &w->settings;

	if (pg_conninfo_check(s->database_url, err) != RC_OK || origins_check(s->origins, err) != RC_OK)
		return err->rc;
	w->keys = crypto_keys_new(str_of(s->crypto_keys), err);
	if (!w->keys)
		return err_prefix(err, "crypto.keys");
	struct registry_choices choices = {s->versions, SETTINGS_URLS(s), SETTINGS_NURLS};
	if (registry_load_chosen(s->providers_dir, &choices, &w->registry, err) != RC_OK)
		return err->rc;
	if (limits_check(w->registry, s->limits, err) != RC_OK)
		return err->rc;
	return check_declarations(w->registry, err);
}

void worker_kafka_fatal(struct worker *w, const char *text)
{
	log_event(LOG_LEVEL_ERROR, "kafka_fatal", LOG_STR("error", text));
	w->failed = true;
	worker_stop(w);
}

static void outbox_error(void *user, const char *text, bool fatal)
{
	(void)fatal;
	worker_kafka_fatal(user, text);
}

/* With many slots the transfers themselves are what fills the memory. */
static size_t page_budget(const struct settings *s)
{
	return (size_t)MAX(s->pages_budget_bytes - s->slots * SLOT_BYTES, s->pages_budget_bytes / 2);
}

static enum rc open_kafka(struct worker *w, struct err *err)
{
	const struct settings *s = &w->settings;
	struct outbox_options options = {
	    .kafka = {.bootstrap = s->kafka_bootstrap,
	        .client_id = "sync-worker",
	        .properties = s->kafka_properties,
	        .on_error = outbox_error,
	        .user = w},
	    .topic_prefix = s->kafka_topic_prefix,
	    .clear = &sql_clear_outbox,
	    .pg = w->control,
	};

	w->outbox = outbox_new(w->loop, &options, err);
	if (!w->outbox)
		return err->rc;
	AUTO(topics_done) struct topics topics = {0};
	topics_add(&topics, s->kafka_topic_prefix, "sync.results");
	topics_add_tasks(&topics, s->kafka_topic_prefix, w->registry);
	topics_add_dead_letters(&topics, s->kafka_topic_prefix, w->registry);
	return topics_check(&topics, outbox_kafka(w->outbox), err);
}

enum rc worker_init(struct worker *w, struct err *err)
{
	const struct settings *s = &w->settings;

	w->id = uuid_new();
	w->tables = tables_new(w->registry);
	if (schema_check(s->database_url, err) != RC_OK ||
	    tables_check(w->tables, s->database_url, err) != RC_OK)
		return err->rc;
	figures_init(w->registry);
	w->loop = loop_new();
	w->grace = timer_new(w->loop, grace_over, w);
	w->http = http_client_new(w->loop,
	    &(struct http_options){.allow_plain_loopback = s->allow_plain_loopback,
	        .ca_file = s->ca_file[0] ? s->ca_file : NULL,
	        .user_agent = "sync-fleet",
	        .body_max = (size_t)s->body_max_bytes,
	        .budget_bytes = page_budget(s),
	        .max_connections = (int)s->connections_max},
	    err);
	if (!w->http)
		return err->rc;
	w->control = pg_open(w->loop, &(struct pg_options){.conninfo = s->database_url,
	                                  .application_name = "sync-worker control",
	                                  .setup = control_setup,
	                                  .on_up = control_up,
	                                  .on_down = control_down,
	                                  .user = w});
	if (open_kafka(w, err) != RC_OK)
		return err->rc;
	w->store = store_new(w);
	w->settle = settle_new(w);
	w->sweep = sweep_new(w);
	w->tokens = tokens_new(w);
	w->limits = limits_new(w);
	w->breakers = breakers_new(w);
	w->ends = ends_new(w->registry);
	w->heartbeat = heartbeat_new(w);
	w->intake = intake_new(w, err);
	if (!w->intake)
		return err->rc;
	loop_on_terminate(w->loop, worker_stop, w);
	return open_admin(w, err);
}

void worker_done(struct worker *w)
{
	admin_free(w->admin);
	intake_free(w->intake);
	outbox_free(w->outbox, OUTBOX_FLUSH_MS);
	store_free(w->store);
	settle_free(w->settle);
	sweep_free(w->sweep);
	http_client_free(w->http);
	while (w->tasks)
		task_abandon(w->tasks);
	tokens_free(w->tokens);
	limits_free(w->limits);
	heartbeat_free(w->heartbeat);
	pg_close(w->control);
	breakers_free(w->breakers);
	ends_free(w->ends);
	timer_free(w->grace);
	loop_free(w->loop);
	provider_request_done(&w->request);
	page_done(&w->page);
	tables_free(w->tables);
	registry_free(w->registry);
	crypto_keys_free(w->keys);
	figures_done();
}
