// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "sync/outbox.h"

// clang-format off: the second needs the first
#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>
// clang-format on

#include <setjmp.h>

#include <cmocka.h>

#define PRODUCE_API_KEY 0
#define LOOK_EVERY_MS 5
#define PATIENCE_MS 20000

struct world {
	struct loop *loop;
	rd_kafka_t *cluster_owner;
	rd_kafka_mock_cluster_t *cluster;
	struct pg *pg;
	struct outbox *outbox;
	bool desynchronized;
	int fatal;
	int harmless;
};

static void on_error(void *user, const char *text, bool fatal)
{
	struct world *w = user;

	assert_true(text[0] != '\0');
	if (fatal)
		w->fatal++;
	else
		w->harmless++;
	loop_stop(w->loop);
}

static enum rc send_one(struct world *w)
{
	struct err err;

	return kafka_send(
	    outbox_kafka(w->outbox), "sync.results", STR("key"), STR("value"), NULL, 0, NULL, &err);
}

/* As soon as the first message is acknowledged, the broker says that it knows nothing of it. */
static void desynchronize(void *user)
{
	struct world *w = user;

	if (w->desynchronized || outbox_in_flight(w->outbox))
		return;
	w->desynchronized = true;
	rd_kafka_mock_push_request_errors(
	    w->cluster, PRODUCE_API_KEY, 1, RD_KAFKA_RESP_ERR_OUT_OF_ORDER_SEQUENCE_NUMBER);
	assert_int_equal(send_one(w), RC_OK);
}

static void give_up(void *user)
{
	struct world *w = user;

	loop_stop(w->loop);
}

static void a_useless_producer_is_told_of(void **state)
{
	char text[256];
	struct err err;
	struct world w = {.loop = loop_new()};

	(void)state;
	w.cluster_owner = rd_kafka_new(RD_KAFKA_PRODUCER, rd_kafka_conf_new(), text, sizeof text);
	w.cluster = rd_kafka_mock_cluster_new(w.cluster_owner, 1);
	w.pg = pg_open(w.loop, &(struct pg_options){.conninfo = "postgresql://127.0.0.1:1/none"});
	w.outbox = outbox_new(w.loop,
	    &(struct outbox_options){.kafka = {.bootstrap = rd_kafka_mock_cluster_bootstraps(w.cluster),
	                                 .client_id = "test",
	                                 .on_error = on_error,
	                                 .user = &w},
	        .topic_prefix = "",
	        .pg = w.pg},
	    &err);
	assert_non_null(w.outbox);
	assert_int_equal(send_one(&w), RC_OK);
	struct timer *look = timer_new(w.loop, desynchronize, &w);
	struct timer *patience = timer_new(w.loop, give_up, &w);
	timer_set(look, LOOK_EVERY_MS, LOOK_EVERY_MS);
	timer_set(patience, PATIENCE_MS, 0);
	loop_run(w.loop);
	assert_int_equal(w.fatal, 1);
	assert_int_equal(w.harmless, 0);
	assert_int_not_equal(send_one(&w), RC_OK);
	timer_free(look);
	timer_free(patience);
	outbox_free(w.outbox, 1000);
	pg_close(w.pg);
	rd_kafka_mock_cluster_destroy(w.cluster);
	rd_kafka_destroy(w.cluster_owner);
	loop_free(w.loop);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_useless_producer_is_told_of),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
