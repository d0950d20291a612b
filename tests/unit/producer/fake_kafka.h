// SPDX-License-Identifier: Apache-2.0
#pragma once
/* A Kafka producer that keeps what it is given: functions of io/kafka.h, so that the real ones are not
 * linked. */
#include "base/base.h"
#include "base/buf.h"
#include "io/kafka.h"

#include <setjmp.h>

#include <cmocka.h>

#define FAKE_SENT_MAX 64

struct fake_message {
	char topic[64];
	char key[64];
	char value[256];
	char headers[512]; /* "name=value;name=value" */
};

static struct {
	struct fake_message sent[FAKE_SENT_MAX];
	size_t n;
	char spread[1024]; /* the topics without a partition for each key, each in blanks */
	bool full;         /* the local queue has no room */
} fake_kafka;

enum rc kafka_send(struct kafka_producer *p, const char *topic, struct str key, struct str value,
    const struct kafka_header *headers, size_t nheaders, void *message_user, struct err *err)
{
	struct fake_message *m = &fake_kafka.sent[fake_kafka.n];
	AUTO(buf_done) struct buf text = BUF(sizeof m->headers - 1);

	(void)p;
	(void)message_user;
	if (fake_kafka.full)
		return err_set(err, RC_LIMIT, "the queue is full");
	assert_true(fake_kafka.n < FAKE_SENT_MAX);
	fake_kafka.n++;
	for (size_t i = 0; i < nheaders; i++)
		buf_printf(&text, "%s%s=%.*s", i ? ";" : "", headers[i].name, STR_ARG(headers[i].value));
	assert_true(buf_ok(&text));
	str_copy(m->headers, sizeof m->headers, buf_text(&text));
	str_copy(m->topic, sizeof m->topic, topic);
	snprintf(m->key, sizeof m->key, "%.*s", STR_ARG(key));
	snprintf(m->value, sizeof m->value, "%.*s", STR_ARG(value));
	return RC_OK;
}

void kafka_spread_topic(struct kafka_producer *p, const char *topic)
{
	size_t n = strlen(fake_kafka.spread);

	(void)p;
	snprintf(fake_kafka.spread + n, sizeof fake_kafka.spread - n, " %s ", topic);
}

enum rc kafka_check_topics(
    struct kafka_producer *p, const char *const *topics, size_t n, int64_t deadline_ms, struct err *err)
{
	(void)p;
	(void)topics;
	(void)n;
	(void)deadline_ms;
	(void)err;
	return RC_OK;
}
