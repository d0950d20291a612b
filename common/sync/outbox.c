// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "sync/outbox.h"

#include <json-c/json.h>

#include "base/failpoint.h"

#define HEADERS_MAX 24
#define CLEAR_EVERY_MS 500

struct outbox {
	struct outbox_options options;
	struct kafka_producer *kafka;
	struct timer *clear;
	struct uuid *acknowledged;
	size_t nacknowledged;
	size_t cap;
	uint64_t refused;
	bool clearing;
};

static void delivered(void *user, void *message_user, const char *error)
{
	struct outbox *o = user;
	struct uuid *id = message_user;

	FAILPOINT(publish_before_ack);
	if (!id)
		return;
	if (error) {
		o->refused++;
	} else {
		if (o->nacknowledged == o->cap) {
			o->cap = o->cap ? 2 * o->cap : 64;
			o->acknowledged = mem_realloc(o->acknowledged, o->cap * sizeof *o->acknowledged);
		}
		o->acknowledged[o->nacknowledged++] = *id;
	}
	free(id);
}

static void cleared(void *user, const struct pg_result *res, const struct err *err)
{
	struct outbox *o = user;

	(void)res;
	(void)err;
	o->clearing = false;
}

static void clear_rest(void *user)
{
	struct outbox *o = user;
	struct pg_args args = PG_ARGS;

	if (o->clearing || !pg_is_up(o->options.pg))
		return;
	if (outbox_take_acknowledged(o, &args)) {
		o->clearing = true;
		pg_query(o->options.pg, o->options.clear, &args, cleared, o);
	}
	pg_args_done(&args);
}

/* A broker that is away is no news: the consumer's errors say so already. */
static void kafka_error(void *user, const char *text, bool fatal)
{
	struct outbox *o = user;

	if (fatal && o->options.kafka.on_error)
		o->options.kafka.on_error(o->options.kafka.user, text, true);
}

struct outbox *outbox_new(struct loop *loop, const struct outbox_options *options, struct err *err)
{
	struct outbox *o = mem_zalloc(sizeof *o);
	struct kafka_options kafka = options->kafka;

	kafka.user = o;
	kafka.on_error = kafka_error;
	kafka.on_lag = NULL;
	o->options = *options;
	o->kafka = kafka_producer_new(loop, &kafka, delivered, err);
	if (!o->kafka) {
		free(o);
		return NULL;
	}
	o->clear = timer_new(loop, clear_rest, o);
	timer_set(o->clear, CLEAR_EVERY_MS, CLEAR_EVERY_MS);
	return o;
}

void outbox_free(struct outbox *o, int64_t deadline_ms)
{
	if (!o)
		return;
	kafka_producer_free(o->kafka, deadline_ms);
	timer_free(o->clear);
	free(o->acknowledged);
	free(o);
}

/* Further headers are a JSON object of texts; null members are left out. */
static size_t extra_headers(json_object *object, struct kafka_header *headers, size_t n)
{
	json_object_object_foreach(object, name, value)
	{
		if (n == HEADERS_MAX)
			break;
		if (value)
			headers[n++] = (struct kafka_header){name, str_of(json_object_get_string(value))};
	}
	return n;
}

enum outbox_column { EVENT_ID, TOPIC, KEY, VALUE, EVENT_TYPE, SUBJECT, HEADERS, CREATED_AT };

void outbox_send(struct outbox *o, const struct pg_result *r, int row)
{
	struct kafka_header headers[HEADERS_MAX];
	struct err err;
	char type[128];
	char topic[256];
	json_object *extra = pg_is_null(r, row, HEADERS) ? NULL
	                                                 : json_tokener_parse(pg_str(r, row, HEADERS).p);
	size_t n = 0;

	headers[n++] = (struct kafka_header){"content-type", STR("application/json")};
	if (!pg_is_null(r, row, EVENT_TYPE)) {
		snprintf(type, sizeof type, "io.syncfleet.%.*s.v1", STR_ARG(pg_str(r, row, EVENT_TYPE)));
		headers[n++] = (struct kafka_header){"ce_specversion", STR("1.0")};
		headers[n++] = (struct kafka_header){"ce_id", pg_str(r, row, EVENT_ID)};
		headers[n++] = (struct kafka_header){"ce_source", STR("/sync-fleet")};
		headers[n++] = (struct kafka_header){"ce_type", str_of(type)};
		headers[n++] = (struct kafka_header){"ce_subject", pg_str(r, row, SUBJECT)};
		headers[n++] = (struct kafka_header){"ce_time", pg_str(r, row, CREATED_AT)};
	}
	if (extra)
		n = extra_headers(extra, headers, n);
	struct uuid *id = mem_alloc(sizeof *id);
	snprintf(topic, sizeof topic, "%s%.*s", o->options.topic_prefix, STR_ARG(pg_str(r, row, TOPIC)));
	if (!pg_uuid(r, row, EVENT_ID, id) || kafka_send(o->kafka, topic, pg_str(r, row, KEY),
	                                          pg_str(r, row, VALUE), headers, n, id, &err) != RC_OK) {
		o->refused++;
		free(id);
	}
	json_object_put(extra);
}

size_t outbox_take_acknowledged(struct outbox *o, struct pg_args *args)
{
	size_t n = o->nacknowledged;

	if (n == 0)
		return 0;
	FAILPOINT(publish_before_clear);
	pg_array_begin(args, PG_UUID);
	for (size_t i = 0; i < n; i++)
		pg_array_uuid(args, &o->acknowledged[i]);
	pg_array_end(args);
	o->nacknowledged = 0;
	return n;
}

struct kafka_producer *outbox_kafka(struct outbox *o)
{
	return o->kafka;
}

size_t outbox_in_flight(const struct outbox *o)
{
	return kafka_in_flight(o->kafka);
}

uint64_t outbox_refused(const struct outbox *o)
{
	return o->refused;
}
