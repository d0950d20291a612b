// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "base/clock.h"
#include "io/kafka_client.h"
#include "io/kafka_watch.h"

/* A commit is a write of the broker's: one for all partitions, so often. What a crash leaves uncommitted
 * comes again. */
#define COMMIT_EVERY_MS 200

struct kafka_consumer {
	struct kafka_options options;
	struct loop *loop;
	kafka_received *received;
	rd_kafka_t *rk;
	rd_kafka_queue_t *queue; /* the consumer's: messages, rebalances, statistics, errors */
	struct kafka_wake *wake;
	struct defer drain_again;
	struct timer *commit;
	bool uncommitted;                        /* offsets are stored and not committed */
	rd_kafka_topic_partition_list_t *topics; /* subscribed */
	rd_kafka_topic_partition_list_t *assigned;
	struct kafka_watch *watch;
	bool paused;
	bool left;         /* on purpose */
	bool was_assigned; /* the group has answered once */
};

/* A paused consumer is polled like any other: a full worker keeps its membership. */
static const struct kafka_setting settings[] = {
    {"enable.auto.commit", "false"},
    {"enable.auto.offset.store", "false"},
    {"auto.offset.reset", "earliest"},
    {"partition.assignment.strategy", "cooperative-sticky"},
    {"session.timeout.ms", "10000"},
    {"heartbeat.interval.ms", "2000"},
    {"max.poll.interval.ms", "120000"},
    {"queued.min.messages", "500"},
    {"queued.max.messages.kbytes", "2048"},
    {"fetch.message.max.bytes", "262144"},
    {"topic.metadata.refresh.interval.ms", "10000"},
    {"statistics.interval.ms", "5000"},
    {"enable.partition.eof", "false"},
};

static void set_paused(struct kafka_consumer *c, bool paused)
{
	c->paused = paused;
	if (!c->assigned || c->assigned->cnt == 0)
		return;
	if (paused)
		rd_kafka_pause_partitions(c->rk, c->assigned);
	else
		rd_kafka_resume_partitions(c->rk, c->assigned);
}

static void rebalance(
    rd_kafka_t *rk, rd_kafka_resp_err_t code, rd_kafka_topic_partition_list_t *partitions, void *user)
{
	struct kafka_consumer *c = user;
	rd_kafka_error_t *error = NULL;

	c->was_assigned = c->was_assigned || code == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS;
	/* librdkafka keeps a pause beyond the assignment: the partition would come back paused. */
	if (c->paused && code != RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS)
		rd_kafka_resume_partitions(rk, partitions);
	if (code == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS)
		error = rd_kafka_incremental_assign(rk, partitions);
	else if (code == RD_KAFKA_RESP_ERR__REVOKE_PARTITIONS)
		error = rd_kafka_incremental_unassign(rk, partitions);
	else
		rd_kafka_assign(rk, NULL);
	if (error) {
		kafka_report(&c->options, rk, rd_kafka_error_code(error), rd_kafka_error_string(error));
		rd_kafka_error_destroy(error);
	}
	if (c->assigned)
		rd_kafka_topic_partition_list_destroy(c->assigned);
	c->assigned = NULL;
	kafka_watch_reset(c->watch);
	rd_kafka_assignment(rk, &c->assigned);
	if (c->paused)
		set_paused(c, true);
}

static void rejoin(struct kafka_consumer *c)
{
	kafka_report(&c->options, c->rk, RD_KAFKA_RESP_ERR__FAIL,
	    "a partition has messages and hands none over: joining anew");
	kafka_watch_reset(c->watch);
	rd_kafka_unsubscribe(c->rk);
	rd_kafka_subscribe(c->rk, c->topics);
}

static int statistics(rd_kafka_t *rk, char *json, size_t n, void *user)
{
	struct kafka_consumer *c = user;

	(void)rk;
	(void)n;
	if (c->paused)
		kafka_watch_reset(c->watch);
	if (kafka_watch_sample(c->watch, json, c->options.on_lag, c->options.user) && !c->paused && !c->left)
		rejoin(c);
	return 0;
}

static void error_event(rd_kafka_t *rk, int code, const char *reason, void *user)
{
	struct kafka_consumer *c = user;

	kafka_report(&c->options, rk, (rd_kafka_resp_err_t)code, reason);
}

static void hand_over(struct kafka_consumer *c, rd_kafka_message_t *m)
{
	struct kafka_message message = {
	    .topic = rd_kafka_topic_name(m->rkt),
	    .partition = m->partition,
	    .offset = m->offset,
	    .timestamp_ms = rd_kafka_message_timestamp(m, NULL),
	    .key = {m->key, m->key_len},
	    .value = {m->payload, m->len},
	    .native = m,
	};

	c->received(c->options.user, &message);
}

/* Drains the queue to empty: its eventfd fires once per filling, and callbacks are served here as well. */
static void drain(void *user)
{
	struct kafka_consumer *c = user;
	rd_kafka_message_t *m;

	while ((m = rd_kafka_consumer_poll(c->rk, 0))) {
		if (m->err == RD_KAFKA_RESP_ERR_NO_ERROR)
			hand_over(c, m);
		else if (m->err != RD_KAFKA_RESP_ERR__PARTITION_EOF)
			kafka_report(&c->options, c->rk, m->err, rd_kafka_message_errstr(m));
		rd_kafka_message_destroy(m);
	}
}

void kafka_consumer_pause(struct kafka_consumer *c, bool paused)
{
	if (paused != c->paused)
		set_paused(c, paused);
}

static void commit(void *user)
{
	struct kafka_consumer *c = user;

	if (c->uncommitted)
		rd_kafka_commit(c->rk, NULL, 1);
	c->uncommitted = false;
}

void kafka_consumer_leave(struct kafka_consumer *c)
{
	commit(c);
	c->left = true;
	rd_kafka_unsubscribe(c->rk);
}

void kafka_consumer_join(struct kafka_consumer *c)
{
	c->left = false;
	rd_kafka_subscribe(c->rk, c->topics);
}

static enum rc subscribe(struct kafka_consumer *c, const char *const *topics, size_t n, struct err *err)
{
	c->topics = rd_kafka_topic_partition_list_new((int)n);
	for (size_t i = 0; i < n; i++)
		rd_kafka_topic_partition_list_add(c->topics, topics[i], RD_KAFKA_PARTITION_UA);
	rd_kafka_resp_err_t code = rd_kafka_subscribe(c->rk, c->topics);
	if (code)
		return err_set(err, RC_IO, "subscribing: %s", rd_kafka_err2str(code));
	return RC_OK;
}

struct kafka_consumer *kafka_consumer_new(struct loop *loop, const struct kafka_options *o, const char *group,
    const char *const *topics, size_t ntopics, kafka_received *received, struct err *err)
{
	char text[512];
	struct kafka_consumer *c = mem_zalloc(sizeof *c);
	struct kafka_setting with_group[ARRAY_SIZE(settings) + 1];

	memcpy(with_group, settings, sizeof settings);
	with_group[ARRAY_SIZE(settings)] = (struct kafka_setting){"group.id", group};
	rd_kafka_conf_t *conf = kafka_conf_new(o, with_group, ARRAY_SIZE(with_group), err);
	if (!conf) {
		free(c);
		return NULL;
	}
	c->options = *o;
	c->loop = loop;
	c->received = received;
	rd_kafka_conf_set_opaque(conf, c);
	rd_kafka_conf_set_rebalance_cb(conf, rebalance);
	rd_kafka_conf_set_stats_cb(conf, statistics);
	rd_kafka_conf_set_error_cb(conf, error_event);
	c->rk = rd_kafka_new(RD_KAFKA_CONSUMER, conf, text, sizeof text);
	if (!c->rk) {
		rd_kafka_conf_destroy(conf);
		free(c);
		err_set(err, RC_INVALID, "kafka consumer: %s", text);
		return NULL;
	}
	c->watch = kafka_watch_new();
	rd_kafka_poll_set_consumer(c->rk);
	c->queue = rd_kafka_queue_get_consumer(c->rk);
	c->drain_again = (struct defer){.fn = drain, .user = c};
	c->commit = timer_new(loop, commit, c);
	timer_set(c->commit, COMMIT_EVERY_MS, COMMIT_EVERY_MS);
	c->wake = kafka_wake_new(loop, c->queue, drain, c);
	if (subscribe(c, topics, ntopics, err) != RC_OK) {
		kafka_consumer_free(c, 0);
		return NULL;
	}
	loop_defer(loop, &c->drain_again); /* whatever came before the eventfd was there */
	return c;
}

/*
 * Before closing: an assignment that waits in the queue must be answered now. Answered while closing,
 * librdkafka 2.0.2 goes on waiting for it. Messages are of no use any more.
 */
static void answer_pending(struct kafka_consumer *c)
{
	rd_kafka_message_t *m;

	while ((m = rd_kafka_consumer_poll(c->rk, 0)))
		rd_kafka_message_destroy(m);
}

/* While closing, a rebalance comes as an event instead of a callback; unanswered, the close never ends. */
static void close_event(struct kafka_consumer *c, rd_kafka_event_t *event)
{
	if (event && rd_kafka_event_type(event) == RD_KAFKA_EVENT_REBALANCE)
		rebalance(c->rk, rd_kafka_event_error(event), rd_kafka_event_topic_partition_list(event), c);
	rd_kafka_event_destroy(event);
}

/*
 * Between the answers to JoinGroup and to SyncGroup, librdkafka 2.0.2 has an assignor without a state and
 * asserts that there is one; and for a member that has not left the group it waits without a deadline. Such a
 * handle is left to the end of the process.
 */
static void destroy(struct kafka_consumer *c)
{
	static rd_kafka_t *left; /* what leak checkers find it by */

	if (c->was_assigned && rd_kafka_consumer_closed(c->rk))
		rd_kafka_destroy(c->rk);
	else
		left = c->rk;
	(void)left;
}

void kafka_consumer_free(struct kafka_consumer *c, int64_t deadline_ms)
{
	if (!c)
		return;
	loop_defer_cancel(c->loop, &c->drain_again);
	commit(c);
	timer_free(c->commit);
	kafka_wake_free(c->wake);
	answer_pending(c);
	rd_kafka_queue_t *closing = rd_kafka_queue_new(c->rk);
	rd_kafka_error_t *error = rd_kafka_consumer_close_queue(c->rk, closing);
	int64_t end = clock_mono_ms() + deadline_ms;
	while (!error && !rd_kafka_consumer_closed(c->rk) && clock_mono_ms() < end) {
		close_event(c, rd_kafka_queue_poll(closing, 10));
	}
	if (error)
		rd_kafka_error_destroy(error);
	rd_kafka_queue_destroy(closing);
	rd_kafka_queue_destroy(c->queue);
	if (c->assigned)
		rd_kafka_topic_partition_list_destroy(c->assigned);
	if (c->topics)
		rd_kafka_topic_partition_list_destroy(c->topics);
	kafka_watch_free(c->watch);
	destroy(c);
	free(c);
}

void kafka_done(struct kafka_consumer *c, const char *topic, int32_t partition, int64_t offset)
{
	rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);

	rd_kafka_topic_partition_list_add(list, topic, partition)->offset = offset + 1;
	rd_kafka_offsets_store(c->rk, list); /* refused for a partition that is not ours any more */
	rd_kafka_topic_partition_list_destroy(list);
	c->uncommitted = true;
}

size_t kafka_assigned(const struct kafka_consumer *c)
{
	return c->assigned ? (size_t)c->assigned->cnt : 0;
}

struct str kafka_message_header(const struct kafka_message *m, const char *name)
{
	rd_kafka_headers_t *headers;
	const void *value;
	size_t n;

	if (rd_kafka_message_headers(m->native, &headers) ||
	    rd_kafka_header_get_last(headers, name, &value, &n))
		return (struct str){NULL, 0};
	return (struct str){value, n};
}

size_t kafka_message_headers(const struct kafka_message *m, struct kafka_header *ret, size_t max)
{
	rd_kafka_headers_t *headers;
	size_t n = 0;

	if (rd_kafka_message_headers(m->native, &headers))
		return 0;
	while (n < max) {
		const void *value;

		if (rd_kafka_header_get_all(headers, n, &ret[n].name, &value, &ret[n].value.n))
			break;
		ret[n++].value.p = value;
	}
	return n;
}
