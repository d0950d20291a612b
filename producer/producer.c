// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "producer.h"

#include "base/log.h"
#include "base/metrics.h"
#include "base/process.h"
#include "batch.h"
#include "catalog.h"
#include "dispatch.h"
#include "io/crypto.h"
#include "io/http.h"
#include "io/kafka.h"
#include "io/versions.h"
#include "io/pg_blocking.h"
#include "push.h"
#include "requests.h"
#include "server.h"
#include "statements.h"
#include "sync/declaration.h"
#include "sync/origins.h"
#include "sync/outbox.h"
#include "sync/schema.h"
#include "sync/settings_shared.h"
#include "sync/topics.h"
#include "ticker.h"

#define OUTBOX_FLUSH_MS 3000
#define OUTGOING_BODY_MAX ((size_t)1 << 20) /* tokens, key sets and acknowledgements are small */
#define OUTGOING_CONNECTIONS_MAX 200
#define OTHER_FILES (2 * OUTGOING_CONNECTIONS_MAX + 100) /* beside the clients': names are looked up, too */

/* ---- what the modules ask ---- */

static struct str provider_name(void *user, size_t i)
{
	const struct registry *r = user;

	return i < registry_count(r) ? str_of(registry_at(r, i)->name) : (struct str){NULL, 0};
}

static struct str resource_name(void *user, struct str provider, size_t i)
{
	const struct provider *p = registry_find_provider(user, provider);

	return p && i < p->resources.n ? str_of(p->resources.at[i].name) : (struct str){NULL, 0};
}

static bool may_dispatch(void *user, struct str provider, size_t tasks)
{
	struct producer *p = user;

	if (dispatch_take_room(p->dispatch, provider, tasks))
		return true;
	ticker_kick(p->ticker);
	return false;
}

static void dispatch(void *user, const struct str *messages_json, size_t n)
{
	struct producer *p = user;

	dispatch_send(p->dispatch, messages_json, n);
}

/* ---- the admin port ---- */

static const struct metric_family_def tasks_sent = {
    .name = "task_messages", .kind = METRIC_GAUGE, .help = "Task messages sent since the start."};
static const struct metric_family_def tasks_refused = {.name = "task_messages_refused",
    .kind = METRIC_GAUGE,
    .help = "Task messages that the local queue had no room for."};
static const struct metric_family_def requests_accepted = {
    .name = "kafka_requests_accepted", .kind = METRIC_GAUGE, .help = "Requests accepted from sync.requests."};
static const struct metric_family_def requests_refused = {.name = "kafka_requests_refused",
    .kind = METRIC_GAUGE,
    .help = "Requests that went to sync.requests.dlq."};
static const struct metric_family_def events = {
    .name = "events_in_flight", .kind = METRIC_GAUGE, .help = "Messages without Kafka's acknowledgement."};

static struct producer *scraped; /* the one producer of this process, for the exposition callback */

static void render_metrics(struct buf *out)
{
	uint64_t a;
	uint64_t b;

	dispatch_counts(scraped->dispatch, &a, &b);
	metric_set(metric_plain(&tasks_sent), (double)a);
	metric_set(metric_plain(&tasks_refused), (double)b);
	requests_counts(scraped->requests, &a, &b);
	metric_set(metric_plain(&requests_accepted), (double)a);
	metric_set(metric_plain(&requests_refused), (double)b);
	metric_set(metric_plain(&events), (double)outbox_in_flight(scraped->outbox));
	metrics_render(out);
}

static bool check_postgres(void *user, struct buf *why)
{
	struct producer *p = user;

	buf_add_text(why, "no session");
	return server_database_up(p->server) && pg_is_up(p->intake_pg);
}

static bool check_clock(void *user, struct buf *why)
{
	struct producer *p = user;

	buf_add_text(why, "not answered");
	return ticker_is_up(p->ticker);
}

static bool check_kafka(void *user, struct buf *why)
{
	struct producer *p = user;

	buf_add_text(why, "Kafka refuses messages");
	return outbox_in_flight(p->outbox) < 50000;
}

static enum rc open_admin(struct producer *p, struct err *err)
{
	p->checks[0] = (struct admin_check){"postgres", check_postgres, p};
	p->checks[1] = (struct admin_check){"clock", check_clock, p};
	p->checks[2] = (struct admin_check){"kafka", check_kafka, p};
	scraped = p;
	size_t nversions;
	const struct admin_version *versions = versions_all(&nversions);
	p->admin = admin_new(p->loop,
	    &(struct admin_options){.listen = p->settings.admin_listen,
	        .checks = p->checks,
	        .nchecks = ARRAY_SIZE(p->checks),
	        .versions = versions,
	        .nversions = nversions,
	        .metrics = render_metrics},
	    err);
	if (!p->admin)
		return err_prefix(err, "admin.listen");
	log_event(LOG_LEVEL_INFO, "listening", LOG_STR("name", "admin"),
	    LOG_STR("address", admin_address(p->admin)));
	return RC_OK;
}

/* ---- start and end ---- */

static void clock_down(void *user, const struct err *err)
{
	struct producer *p = user;

	log_event(LOG_LEVEL_WARN, "database_lost", LOG_STR("session", "clock"), LOG_ERR(err));
	ticker_session_lost(p->ticker);
}

static void stopped(void *user)
{
	struct producer *p = user;

	loop_stop(p->loop);
}

static void stop(void *user)
{
	struct producer *p = user;

	if (p->stopping)
		return;
	p->stopping = true;
	log_event(LOG_LEVEL_INFO, "stopping");
	admin_drain(p->admin);
	requests_stop(p->requests);
	server_stop(p->server, p->settings.shutdown_ms, stopped, p);
}

/* A client that is useless for good: whoever supervises this process starts another. */
static void kafka_error(void *user, const char *text, bool fatal)
{
	struct producer *p = user;

	log_event(fatal ? LOG_LEVEL_ERROR : LOG_LEVEL_WARN, "kafka_error", LOG_STR("error", text),
	    LOG_BOOL("fatal", fatal));
	if (!fatal)
		return;
	p->failed = true;
	stop(p);
}

static struct pg *open_session(struct producer *p, const char *name, void (*down)(void *, const struct err *))
{
	return pg_open(p->loop, &(struct pg_options){.conninfo = p->settings.database_url,
	                            .application_name = name,
	                            .setup = p->setup,
	                            .on_down = down,
	                            .user = p});
}

static struct oauth_own own_client(const char *provider, const struct oauth_own *given)
{
	return (struct oauth_own){provider, given->id, given->secret, given->redirect_uri};
}

static struct oauth_setup oauth_setup(const struct producer *p)
{
	const struct settings *s = &p->settings;

	return (struct oauth_setup){.registry = p->registry,
	    .origins = s->origins,
	    .clients = s->oauth_clients,
	    .redirect_uri = s->oauth_redirect_uri,
	    .redirect_uris = s->oauth_redirect_uris,
	    .own = {own_client("highlevel", &s->oauth_highlevel), own_client("google", &s->oauth_google)},
	    .state_key = s->oauth_state_key,
	    .return_to = s->oauth_return_to,
	    .state_life_s = s->oauth_state_life_s};
}

static enum rc load_registry(struct producer *p, struct err *err)
{
	const struct settings *s = &p->settings;
	struct registry_choices choices = {s->versions, SETTINGS_URLS(s), SETTINGS_NURLS};

	return registry_load_chosen(s->providers_dir, &choices, &p->registry, err);
}

enum rc producer_check(struct producer *p, struct err *err)
{
	if (pg_conninfo_check(p->settings.database_url, err) != RC_OK)
		return err->rc;
	if (process_open_files((uint64_t)p->settings.http_connections_max + OTHER_FILES, err) != RC_OK)
		return err_prefix(err, "http.connections_max");
	if (tokens_check(&p->settings.auth.tokens, err) != RC_OK ||
	    gate_check(&p->settings.gate, err) != RC_OK)
		return err->rc;
	p->keys = crypto_keys_new(str_of(p->settings.crypto_keys), err);
	if (!p->keys)
		return err_prefix(err, "crypto.keys");
	if (origins_check(p->settings.origins, err) != RC_OK || load_registry(p, err) != RC_OK)
		return err->rc;
	struct oauth_setup oauth = oauth_setup(p);
	return oauth_setup_check(&oauth, err);
}

static enum rc check_topics(struct producer *p, struct err *err)
{
	AUTO(topics_done) struct topics topics = {0};
	const char *prefix = p->settings.kafka_topic_prefix;

	topics_add(&topics, prefix, "sync.requests");
	topics_add(&topics, prefix, "sync.requests.dlq");
	topics_add(&topics, prefix, "sync.results");
	topics_add(&topics, prefix, "sync.connections");
	topics_add_tasks(&topics, prefix, p->registry);
	topics_add_dead_letters(&topics, prefix, p->registry);
	return topics_check(&topics, outbox_kafka(p->outbox), err);
}

static enum rc open_kafka(struct producer *p, struct err *err)
{
	const struct settings *s = &p->settings;
	struct outbox_options options = {
	    .kafka = {.bootstrap = s->kafka_bootstrap,
	        .client_id = "sync-producer",
	        .properties = s->kafka_properties,
	        .on_error = kafka_error,
	        .user = p},
	    .topic_prefix = s->kafka_topic_prefix,
	    .clear = &sql_clear_outbox,
	    .pg = p->clock_pg,
	};

	p->outbox = outbox_new(p->loop, &options, err);
	if (!p->outbox || check_topics(p, err) != RC_OK)
		return err->rc;
	p->dispatch = dispatch_new(p->registry, outbox_kafka(p->outbox), s->kafka_topic_prefix);
	return RC_OK;
}

static enum rc open_outgoing(struct producer *p, struct err *err)
{
	const struct settings *s = &p->settings;

	p->http = http_client_new(p->loop,
	    &(struct http_options){.allow_plain_loopback = s->outgoing_plain_loopback,
	        .ca_file = s->outgoing_ca_file[0] ? s->outgoing_ca_file : NULL,
	        .user_agent = "sync-fleet",
	        .body_max = OUTGOING_BODY_MAX,
	        .max_connections = OUTGOING_CONNECTIONS_MAX},
	    err);
	return p->http ? RC_OK : err->rc;
}

static enum rc open_doors(struct producer *p, const struct catalog *catalog, struct err *err)
{
	const struct settings *s = &p->settings;

	p->server = server_new(p->loop,
	    &(struct server_options){.listen = s->http_listen,
	        .connections_max = (unsigned)s->http_connections_max,
	        .body_max = (size_t)s->http_body_max_bytes,
	        .conninfo = s->database_url,
	        .setup = p->setup,
	        .catalog = *catalog,
	        .auth = &s->auth,
	        .gate = &s->gate,
	        .http = p->http,
	        .plain_loopback = s->outgoing_plain_loopback,
	        .keys = p->keys,
	        .oauth = oauth_setup(p),
	        .streams = push_streams(p->push),
	        .asks_wait_ms = s->asks_wait_ms,
	        .internal_secret = s->internal_secret,
	        .internal_wait_ms = s->internal_wait_ms,
	        .amazon_application_id = s->amazon_application_id,
	        .amazon_demo_token = s->amazon_demo_token,
	        .may_dispatch = may_dispatch,
	        .dispatch = dispatch,
	        .user = p},
	    err);
	if (!p->server)
		return err_prefix(err, "http.listen");
	log_event(LOG_LEVEL_INFO, "listening", LOG_STR("name", "http"),
	    LOG_STR("address", server_address(p->server)));
	p->requests = requests_new(p->loop,
	    &(struct requests_options){.kafka = {.bootstrap = s->kafka_bootstrap,
	                                   .client_id = "sync-producer",
	                                   .properties = s->kafka_properties,
	                                   .on_error = kafka_error},
	        .group = s->kafka_group,
	        .topic_prefix = s->kafka_topic_prefix,
	        .batch = p->intake_batch,
	        .catalog = *catalog,
	        .may_dispatch = may_dispatch,
	        .user = p},
	    err);
	return p->requests ? RC_OK : err->rc;
}

enum rc producer_init(struct producer *p, struct err *err)
{
	const struct settings *s = &p->settings;
	struct catalog catalog = {provider_name, resource_name, p->registry};

	if (schema_check(s->database_url, err) != RC_OK)
		return err->rc;
	p->setup = mem_printf("set syncfleet.dispatch_retry_ms = '%" PRId64
	                      "'; set syncfleet.outbox_resend_ms = '%" PRId64
	                      "'; set syncfleet.backfill_age_ms = '%" PRId64
	                      "'; set statement_timeout = '30s'; set lock_timeout = '10s'; set jit = off; "
	                      "set plan_cache_mode = force_generic_plan; set enable_seqscan = off; "
	                      "set client_min_messages = error",
	    s->dispatch_retry_ms, s->resend_after_ms, s->backfill_age_ms);
	p->loop = loop_new();
	p->clock_pg = open_session(p, "sync-producer clock", clock_down);
	p->intake_pg = open_session(p, "sync-producer requests", NULL);
	if (open_kafka(p, err) != RC_OK)
		return err->rc;
	p->ticker = ticker_new(p->loop, &(struct ticker_options){.settings = s,
	                                    .registry = p->registry,
	                                    .dispatch = p->dispatch,
	                                    .outbox = p->outbox,
	                                    .pg = p->clock_pg});
	p->intake_batch = batch_new(p->loop, p->intake_pg, dispatch, p);
	if (open_outgoing(p, err) != RC_OK)
		return err->rc;
	p->push = push_new(p->loop,
	    &(struct push_options){.settings = s, .setup = p->setup, .http = p->http, .keys = p->keys});
	if (open_doors(p, &catalog, err) != RC_OK)
		return err->rc;
	loop_on_terminate(p->loop, stop, p);
	return open_admin(p, err);
}

void producer_done(struct producer *p)
{
	admin_free(p->admin);
	requests_free(p->requests);
	server_free(p->server);
	push_free(p->push);
	http_client_free(p->http);
	pg_close(p->intake_pg);
	batch_free(p->intake_batch);
	ticker_free(p->ticker);
	outbox_free(p->outbox, OUTBOX_FLUSH_MS);
	dispatch_free(p->dispatch);
	pg_close(p->clock_pg);
	loop_free(p->loop);
	free(p->setup);
	registry_free(p->registry);
	crypto_keys_free(p->keys);
}
