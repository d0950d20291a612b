// SPDX-License-Identifier: Apache-2.0
#pragma once
/*
 * Sends outbox rows to Kafka and remembers which were acknowledged, so that their rows can be deleted with
 * the next transaction. A row that is not deleted is sent again by the clock: consumers drop repeated event
 * ids.
 */
#include "base/base.h"
#include "io/kafka.h"
#include "io/pg.h"

struct outbox;

struct outbox_options {
	struct kafka_options kafka;       /* on_error: fatal errors only, after which nothing can be sent */
	const char *topic_prefix;         /* before every topic name; "" in production */
	const struct pg_statement *clear; /* delete ... where event_id = any ($1::uuid[]) */
	struct pg *pg;                    /* for deleting when no transaction comes by */
};

struct outbox *outbox_new(struct loop *loop, const struct outbox_options *o, struct err *err);
/* Waits at most deadline_ms for acknowledgements. Accepts NULL. */
void outbox_free(struct outbox *o, int64_t deadline_ms);

/*
 * Sends one row, as `select event_id, topic, key, value, event_type, subject, headers, iso_time(created_at)`
 * returns it. A failure is no loss: the clock sends the row again when it is due.
 */
void outbox_send(struct outbox *o, const struct pg_result *r, int row);

/* Adds the acknowledged ids as one uuid[] parameter and forgets them; returns how many (0: nothing was
 * added). */
size_t outbox_take_acknowledged(struct outbox *o, struct pg_args *args);

/* The Kafka producer behind it, for messages that need no outbox row. */
struct kafka_producer *outbox_kafka(struct outbox *o);
/* Rows that were sent and not acknowledged yet. */
size_t outbox_in_flight(const struct outbox *o);
/* Messages that Kafka refused since the start. */
uint64_t outbox_refused(const struct outbox *o);
