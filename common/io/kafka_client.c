// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "base/log.h"
#include "io/kafka_client.h"

#include <sys/eventfd.h>
#include <unistd.h>

struct kafka_wake {
	rd_kafka_queue_t *queue;
	uv_poll_t poll;
	int fd;
	loop_fn *drain;
	void *user;
};

static const struct kafka_setting common_settings[] = {
    {"socket.keepalive.enable", "true"},
    {"check.crcs", "true"},
    {"log.connection.close", "false"},
};

static enum rc conf_set(rd_kafka_conf_t *conf, const char *name, const char *value, struct err *err)
{
	char text[256];

	if (rd_kafka_conf_set(conf, name, value, text, sizeof text) != RD_KAFKA_CONF_OK)
		return err_set(err, RC_INVALID, "kafka property %s: %s", name, text);
	return RC_OK;
}

static enum rc conf_set_all(
    rd_kafka_conf_t *conf, const struct kafka_setting *settings, size_t n, struct err *err)
{
	for (size_t i = 0; i < n; i++) {
		enum rc rc = conf_set(conf, settings[i].name, settings[i].value, err);

		if (rc != RC_OK)
			return rc;
	}
	return RC_OK;
}

/* "name=value;name=value"; the error names the property and never shows its value. */
static enum rc conf_set_properties(rd_kafka_conf_t *conf, const char *properties, struct err *err)
{
	struct str rest = str_of(properties);

	while (rest.n) {
		struct str value = str_trim(str_cut(&rest, ';'));
		struct str name = str_cut(&value, '=');

		if (!name.n)
			continue;
		AUTO(mem_free_ptr) char *n = mem_strndup(name.p, name.n);
		AUTO(mem_free_ptr) char *v = mem_strndup(value.p, value.n);
		char text[256];
		if (rd_kafka_conf_set(conf, n, v, text, sizeof text) != RD_KAFKA_CONF_OK)
			return err_set(err, RC_INVALID,
			    "kafka.properties: %s is no librdkafka property or has a bad value", n);
	}
	return RC_OK;
}

/* What matters comes as an error event; this is for who asked for it by librdkafka's property `debug`. */
static void on_log(const rd_kafka_t *rk, int level, const char *facility, const char *text)
{
	(void)rk;
	log_event(LOG_LEVEL_DEBUG, "kafka_log", LOG_STR("facility", facility), LOG_INT("level", level),
	    LOG_STR("text", text));
}

rd_kafka_conf_t *kafka_conf_new(
    const struct kafka_options *o, const struct kafka_setting *settings, size_t n, struct err *err)
{
	rd_kafka_conf_t *conf = rd_kafka_conf_new();

	if (conf_set(conf, "bootstrap.servers", o->bootstrap, err) != RC_OK ||
	    conf_set(conf, "client.id", o->client_id, err) != RC_OK ||
	    conf_set_all(conf, common_settings, ARRAY_SIZE(common_settings), err) != RC_OK ||
	    conf_set_all(conf, settings, n, err) != RC_OK ||
	    conf_set_properties(conf, o->properties ? o->properties : "", err) != RC_OK) {
		rd_kafka_conf_destroy(conf);
		return NULL;
	}
	rd_kafka_conf_set_log_cb(conf, on_log);
	return conf;
}

static void wake_event(uv_poll_t *poll, int status, int events)
{
	struct kafka_wake *w = CONTAINER_OF(poll, struct kafka_wake, poll);
	uint64_t count;

	(void)status;
	(void)events;
	if (read(w->fd, &count, sizeof count) == sizeof count)
		w->drain(w->user);
}

struct kafka_wake *kafka_wake_new(struct loop *loop, rd_kafka_queue_t *queue, loop_fn *drain, void *user)
{
	static const uint64_t one = 1;
	struct kafka_wake *w = mem_zalloc(sizeof *w);

	w->queue = queue;
	w->drain = drain;
	w->user = user;
	w->fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	if (w->fd < 0 || uv_poll_init(loop_uv(loop), &w->poll, w->fd) != 0)
		abort();
	uv_poll_start(&w->poll, UV_READABLE, wake_event);
	rd_kafka_queue_io_event_enable(queue, w->fd, &one, sizeof one);
	return w;
}

static void wake_closed(uv_handle_t *handle)
{
	struct kafka_wake *w = CONTAINER_OF(handle, struct kafka_wake, poll);

	close(w->fd);
	free(w);
}

void kafka_wake_free(struct kafka_wake *w)
{
	if (!w)
		return;
	rd_kafka_queue_io_event_enable(w->queue, -1, NULL, 0);
	uv_poll_stop(&w->poll);
	uv_close((uv_handle_t *)&w->poll, wake_closed);
}

void kafka_report(const struct kafka_options *o, rd_kafka_t *rk, rd_kafka_resp_err_t code, const char *text)
{
	char fatal_text[512];
	bool fatal = rd_kafka_fatal_error(rk, fatal_text, sizeof fatal_text) != RD_KAFKA_RESP_ERR_NO_ERROR;

	if (o->on_error)
		o->on_error(o->user, fatal ? fatal_text : text ? text : rd_kafka_err2str(code), fatal);
}

enum rc kafka_create_topics(const struct kafka_options *o, const char *const *topics, size_t n,
    int partitions, int replicas, struct err *err)
{
	char text[512];
	rd_kafka_conf_t *conf = kafka_conf_new(o, NULL, 0, err);

	if (!conf)
		return err->rc;
	rd_kafka_t *rk = rd_kafka_new(RD_KAFKA_PRODUCER, conf, text, sizeof text);
	if (!rk) {
		rd_kafka_conf_destroy(conf);
		return err_set(err, RC_INVALID, "kafka: %s", text);
	}
	rd_kafka_NewTopic_t **list = mem_array(n, sizeof(rd_kafka_NewTopic_t *));
	for (size_t i = 0; i < n; i++)
		list[i] = rd_kafka_NewTopic_new(topics[i], partitions, replicas, text, sizeof text);
	rd_kafka_queue_t *queue = rd_kafka_queue_new(rk);
	rd_kafka_CreateTopics(rk, list, n, NULL, queue);
	rd_kafka_event_t *event = rd_kafka_queue_poll(queue, 30000);
	enum rc rc = RC_OK;
	if (!event || rd_kafka_event_error(event)) {
		rc = err_set(err, event ? RC_IO : RC_TIMEOUT, "creating topics: %s",
		    event ? rd_kafka_event_error_string(event) : "no answer within 30 s");
	} else {
		size_t count;
		const rd_kafka_topic_result_t **results = rd_kafka_CreateTopics_result_topics(
		    rd_kafka_event_CreateTopics_result(event), &count);

		for (size_t i = 0; i < count && rc == RC_OK; i++) {
			rd_kafka_resp_err_t code = rd_kafka_topic_result_error(results[i]);

			if (code && code != RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS)
				rc = err_set(err, RC_IO, "creating topic %s: %s",
				    rd_kafka_topic_result_name(results[i]), rd_kafka_err2str(code));
		}
	}
	rd_kafka_event_destroy(event);
	rd_kafka_queue_destroy(queue);
	rd_kafka_NewTopic_destroy_array(list, n);
	free(list);
	rd_kafka_destroy(rk);
	return rc;
}
