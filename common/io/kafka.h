// SPDX-License-Identifier: Apache-2.0
#pragma once
/*
 * Kafka producer and consumer on the loop (librdkafka; nobody else includes rdkafka.h). Its threads only wake
 * our loop; every callback runs on the loop's thread.
 */
#include "base/base.h"
#include "io/loop.h"

struct kafka_header {
	const char *name;
	struct str value;
};

struct kafka_options {
	const char *bootstrap; /* host:port[,host:port...] */
	const char *client_id;
	const char
	    *properties; /* further librdkafka properties, "name=value;name=value" (TLS, SASL), or "" */
	/* Called on errors that a person should see; `fatal` means the client is useless and the process
	 * should end. */
	void (*on_error)(void *user, const char *text, bool fatal);
	/* Called every few seconds for each partition a consumer knows: messages not yet committed, -1
	 * unknown. Or NULL. */
	void (*on_lag)(void *user, const char *topic, int partition, int64_t lag);
	void *user;
};

/* ---- producer ---- */

struct kafka_producer;

/* `error` is NULL when the broker has acknowledged the message. */
typedef void kafka_delivered(void *user, void *message_user, const char *error);

struct kafka_producer *kafka_producer_new(
    struct loop *loop, const struct kafka_options *o, kafka_delivered *delivered, struct err *err);
/* Flushes for at most `deadline_ms`, then frees. Accepts NULL. */
void kafka_producer_free(struct kafka_producer *p, int64_t deadline_ms);
/*
 * Queues one message; key, value and headers are copied. `message_user` comes back in `delivered`, which is
 * called exactly once for each message that this function accepted. RC_LIMIT: the local queue is full, try
 * after a delivery.
 */
enum rc kafka_send(struct kafka_producer *p, const char *topic, struct str key, struct str value,
    const struct kafka_header *headers, size_t nheaders, void *message_user, struct err *err) MUST_USE;
/*
 * From now on the topic's messages go to whatever partition costs least, not where their keys point: for
 * readers to whom it means nothing who gets what. Before the first message to it.
 */
void kafka_spread_topic(struct kafka_producer *p, const char *topic);
/* Messages that are not acknowledged yet. */
size_t kafka_in_flight(const struct kafka_producer *p);
/* Blocks until the topics' metadata is there: RC_NOT_FOUND names the first topic that is missing. */
enum rc kafka_check_topics(struct kafka_producer *p, const char *const *topics, size_t n, int64_t deadline_ms,
    struct err *err) MUST_USE;

/* ---- consumer ---- */

struct kafka_consumer;

struct kafka_message {
	const char *topic;
	int32_t partition;
	int64_t offset;
	int64_t timestamp_ms; /* -1 unknown */
	struct str key;
	struct str value;   /* p NULL: no value */
	const void *native; /* for kafka_message_header */
};

/* The last header of that name, or p NULL. Valid as long as the message. */
struct str kafka_message_header(const struct kafka_message *m, const char *name);
/* Copies up to `max` headers (slices into the message); returns how many. */
size_t kafka_message_headers(const struct kafka_message *m, struct kafka_header *ret, size_t max);

/* The message is valid during the call only. */
typedef void kafka_received(void *user, const struct kafka_message *m);

/* Joins `group` on `topics` (which must exist). Auto commit is off: see kafka_done. */
struct kafka_consumer *kafka_consumer_new(struct loop *loop, const struct kafka_options *o, const char *group,
    const char *const *topics, size_t ntopics, kafka_received *received, struct err *err);
/* Leaves the group with a deadline and frees. Accepts NULL. */
void kafka_consumer_free(struct kafka_consumer *c, int64_t deadline_ms);
/*
 * Pauses or resumes every partition. Pausing throws prefetched messages away (they come again), and no
 * message is handed over until resumed; the consumer goes on being polled, so it keeps its membership.
 */
void kafka_consumer_pause(struct kafka_consumer *c, bool paused);
/* Leaves the group: others get its partitions; and joins it again. It goes on being polled meanwhile. */
void kafka_consumer_leave(struct kafka_consumer *c);
void kafka_consumer_join(struct kafka_consumer *c);
/*
 * Everything of the partition up to this offset is done. It is committed with others a little later; refusals
 * are ignored, since ownership is in PostgreSQL.
 */
void kafka_done(struct kafka_consumer *c, const char *topic, int32_t partition, int64_t offset);
/* Partitions assigned now. */
size_t kafka_assigned(const struct kafka_consumer *c);

/* ---- administration (blocking: command-line tools only) ---- */

/* Creates missing topics; existing ones are left alone. `replicas` -1: the broker's default. */
enum rc kafka_create_topics(const struct kafka_options *o, const char *const *topics, size_t n,
    int partitions, int replicas, struct err *err) MUST_USE;
