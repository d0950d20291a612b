// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "base/clock.h"
#include "io/kafka_client.h"
#include "io/kafka_spread.h"

#define HEADERS_MAX 32
/* A broker that is starting, or fenced for a moment, knows its topics without their leaders. */
#define TOPICS_MISSING_MS 3000
#define TOPICS_LOOK_AGAIN_MS 200

struct kafka_producer {
	struct kafka_options options;
	kafka_delivered *delivered;
	rd_kafka_t *rk;
	rd_kafka_queue_t *queue;
	struct kafka_wake *wake;
	size_t in_flight;
	struct kafka_spread spread;
	rd_kafka_topic_t **spreading; /* kept, since its partitioner lives as long as it does */
	size_t nspreading;
};

static const struct kafka_setting settings[] = {
    {"enable.idempotence", "true"},
    {"acks", "all"},
    {"partitioner",
        "murmur2_random"}, /* as the Java client, so that every publisher agrees on a key's partition */
    /* Nothing waits for more to come. A wave of results goes to many partitions, a request each: while one is
     * answered the next is there, and with more than two they carry less. */
    {"linger.ms", "0"},
    {"max.in.flight.requests.per.connection", "2"},
    {"queue.buffering.max.messages", "100000"},
    {"queue.buffering.max.kbytes", "16384"},
    {"message.timeout.ms", "30000"},
};

static void delivery_events(struct kafka_producer *p, rd_kafka_event_t *event)
{
	const rd_kafka_message_t *m;

	while ((m = rd_kafka_event_message_next(event))) {
		p->in_flight--;
		p->delivered(p->options.user, m->_private, m->err ? rd_kafka_message_errstr(m) : NULL);
	}
}

static void drain(void *user)
{
	struct kafka_producer *p = user;
	rd_kafka_event_t *event;

	while ((event = rd_kafka_queue_poll(p->queue, 0))) {
		if (rd_kafka_event_type(event) == RD_KAFKA_EVENT_DR)
			delivery_events(p, event);
		else if (rd_kafka_event_type(event) == RD_KAFKA_EVENT_ERROR)
			kafka_report(&p->options, p->rk, rd_kafka_event_error(event),
			    rd_kafka_event_error_string(event));
		rd_kafka_event_destroy(event);
	}
}

struct kafka_producer *kafka_producer_new(
    struct loop *loop, const struct kafka_options *o, kafka_delivered *delivered, struct err *err)
{
	char text[512];
	rd_kafka_conf_t *conf = kafka_conf_new(o, settings, ARRAY_SIZE(settings), err);

	if (!conf)
		return NULL;
	rd_kafka_conf_set_events(conf, RD_KAFKA_EVENT_DR | RD_KAFKA_EVENT_ERROR);
	rd_kafka_t *rk = rd_kafka_new(RD_KAFKA_PRODUCER, conf, text, sizeof text);
	if (!rk) {
		rd_kafka_conf_destroy(conf);
		err_set(err, RC_INVALID, "kafka producer: %s", text);
		return NULL;
	}
	struct kafka_producer *p = mem_zalloc(sizeof *p);
	p->options = *o;
	p->delivered = delivered;
	p->rk = rk;
	p->queue = rd_kafka_queue_get_main(rk);
	p->wake = kafka_wake_new(loop, p->queue, drain, p);
	return p;
}

void kafka_producer_free(struct kafka_producer *p, int64_t deadline_ms)
{
	if (!p)
		return;
	int64_t end = clock_mono_ms() + deadline_ms;
	while (p->in_flight && clock_mono_ms() < end) {
		rd_kafka_event_t *event = rd_kafka_queue_poll(p->queue, 10);

		if (event && rd_kafka_event_type(event) == RD_KAFKA_EVENT_DR)
			delivery_events(p, event);
		rd_kafka_event_destroy(event);
	}
	kafka_wake_free(p->wake);
	rd_kafka_queue_destroy(p->queue);
	for (size_t i = 0; i < p->nspreading; i++)
		rd_kafka_topic_destroy(p->spreading[i]);
	free(p->spreading);
	rd_kafka_purge(p->rk, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
	rd_kafka_destroy_flags(p->rk, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE);
	free(p);
}

/* On our thread, or on librdkafka's when the message came before the topic's metadata. */
static int32_t choose_partition(const rd_kafka_topic_t *topic, const void *key, size_t key_bytes,
    int32_t count, void *user, void *message_user)
{
	struct kafka_producer *p = user;
	int32_t first = kafka_spread_partition(&p->spread, count);

	(void)key;
	(void)key_bytes;
	(void)message_user;
	for (int32_t i = 0; i < count; i++) {
		if (rd_kafka_topic_partition_available(topic, (first + i) % count))
			return (first + i) % count;
	}
	return first;
}

void kafka_spread_topic(struct kafka_producer *p, const char *topic)
{
	rd_kafka_topic_conf_t *conf = rd_kafka_default_topic_conf_dup(p->rk);

	rd_kafka_topic_conf_set_partitioner_cb(conf, choose_partition);
	rd_kafka_topic_conf_set_opaque(conf, p);
	p->spreading = mem_realloc(p->spreading, (p->nspreading + 1) * sizeof *p->spreading);
	p->spreading[p->nspreading] = rd_kafka_topic_new(p->rk, topic, conf);
	if (p->spreading[p->nspreading])
		p->nspreading++;
}

enum rc kafka_send(struct kafka_producer *p, const char *topic, struct str key, struct str value,
    const struct kafka_header *headers, size_t nheaders, void *message_user, struct err *err)
{
	assert(nheaders <= HEADERS_MAX);
	rd_kafka_headers_t *list = rd_kafka_headers_new(nheaders);

	for (size_t i = 0; i < nheaders; i++)
		rd_kafka_header_add(
		    list, headers[i].name, -1, headers[i].value.p, (ssize_t)headers[i].value.n);
	kafka_spread_count(&p->spread, clock_mono_ms());
	rd_kafka_resp_err_t code = rd_kafka_producev(p->rk, RD_KAFKA_V_TOPIC(topic),
	    RD_KAFKA_V_KEY(key.p, key.n), RD_KAFKA_V_VALUE((void *)(uintptr_t)value.p, value.n),
	    RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_HEADERS(list),
	    RD_KAFKA_V_OPAQUE(message_user), RD_KAFKA_V_END);
	if (code == RD_KAFKA_RESP_ERR_NO_ERROR) {
		p->in_flight++;
		return RC_OK;
	}
	rd_kafka_headers_destroy(list);
	return err_set(err, code == RD_KAFKA_RESP_ERR__QUEUE_FULL ? RC_LIMIT : RC_IO, "sending to %s: %s",
	    topic, rd_kafka_err2str(code));
}

size_t kafka_in_flight(const struct kafka_producer *p)
{
	return p->in_flight;
}

static bool metadata_has(const struct rd_kafka_metadata *md, const char *topic)
{
	for (int i = 0; i < md->topic_cnt; i++) {
		if (strcmp(md->topics[i].topic, topic) == 0 && !md->topics[i].err &&
		    md->topics[i].partition_cnt > 0)
			return true;
	}
	return false;
}

static enum rc look_for_topics(
    struct kafka_producer *p, const char *const *topics, size_t n, int64_t deadline_ms, struct err *err)
{
	const struct rd_kafka_metadata *md;
	rd_kafka_resp_err_t code = rd_kafka_metadata(p->rk, 1, NULL, &md, (int)deadline_ms);

	if (code)
		return err_set(err, RC_IO, "asking Kafka at %s for its topics: %s", p->options.bootstrap,
		    rd_kafka_err2str(code));
	enum rc rc = RC_OK;
	for (size_t i = 0; i < n && rc == RC_OK; i++) {
		if (!metadata_has(md, topics[i]))
			rc = err_set(err, RC_NOT_FOUND,
			    "topic %s does not exist: run `syncctl topics create`", topics[i]);
	}
	rd_kafka_metadata_destroy(md);
	return rc;
}

enum rc kafka_check_topics(
    struct kafka_producer *p, const char *const *topics, size_t n, int64_t deadline_ms, struct err *err)
{
	int64_t missing_until_ms = clock_mono_ms() + TOPICS_MISSING_MS;
	enum rc rc;

	while ((rc = look_for_topics(p, topics, n, deadline_ms, err)) == RC_NOT_FOUND &&
	       clock_mono_ms() < missing_until_ms)
		rd_kafka_event_destroy(rd_kafka_queue_poll(p->queue, TOPICS_LOOK_AGAIN_MS));
	return rc;
}
