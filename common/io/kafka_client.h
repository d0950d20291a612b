// SPDX-License-Identifier: Apache-2.0
#pragma once
/* What the Kafka producer and consumer share: configuration, waking the loop, errors. Private to io/kafka*.c.
 */
#include "base/base.h"
#include "io/kafka.h"

#include <librdkafka/rdkafka.h>
#include <uv.h>

struct kafka_setting {
	const char *name;
	const char *value;
};

/* A configuration with the options' bootstrap, client id and properties, then `settings`. */
rd_kafka_conf_t *kafka_conf_new(
    const struct kafka_options *o, const struct kafka_setting *settings, size_t n, struct err *err);

/* Wakes the loop through an eventfd whenever `queue` gets something after it was empty: drain it to empty
 * each time. */
struct kafka_wake;
struct kafka_wake *kafka_wake_new(struct loop *loop, rd_kafka_queue_t *queue, loop_fn *drain, void *user);
void kafka_wake_free(struct kafka_wake *w);

/* Tells `o->on_error` what an RD_KAFKA_EVENT_ERROR or a log-worthy error code says. */
void kafka_report(const struct kafka_options *o, rd_kafka_t *rk, rd_kafka_resp_err_t code, const char *text);
