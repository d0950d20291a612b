// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "results.h"

#include <librdkafka/rdkafka.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define ASK_MS 10000
#define BATCH 1000
#define REASON_BYTES 256

struct results {
	rd_kafka_t *kafka;
	rd_kafka_queue_t *queue;
	int event_fd;
};

static rd_kafka_t *make_consumer(const char *bootstrap, struct err *err)
{
	static const char *const settings[][2] = {
	    {"group.id", "load"},
	    {"enable.auto.commit", "false"},
	    {"queued.max.messages.kbytes", "65536"},
	};
	char reason[REASON_BYTES];
	rd_kafka_conf_t *conf = rd_kafka_conf_new();

	rd_kafka_conf_set(conf, "bootstrap.servers", bootstrap, NULL, 0);
	for (size_t i = 0; i < ARRAY_SIZE(settings); i++)
		rd_kafka_conf_set(conf, settings[i][0], settings[i][1], NULL, 0);
	rd_kafka_t *kafka = rd_kafka_new(RD_KAFKA_CONSUMER, conf, reason, sizeof reason);
	if (!kafka) {
		rd_kafka_conf_destroy(conf);
		err_set(err, RC_IO, "Kafka: %s", reason);
	}
	return kafka;
}

/* Every partition of the topic with the offset at which it ends now; NULL when the broker does not say. */
static rd_kafka_topic_partition_list_t *find_ends(rd_kafka_t *kafka, const char *topic, struct err *err)
{
	rd_kafka_topic_t *handle = rd_kafka_topic_new(kafka, topic, NULL);
	const struct rd_kafka_metadata *metadata = NULL;
	rd_kafka_resp_err_t code = rd_kafka_metadata(kafka, 0, handle, &metadata, ASK_MS);
	rd_kafka_topic_partition_list_t *ends = rd_kafka_topic_partition_list_new(8);
	int count = code ? 0 : metadata->topics[0].partition_cnt;

	for (int partition = 0; partition < count && !code; partition++) {
		int64_t low;
		int64_t high;

		code = rd_kafka_query_watermark_offsets(kafka, topic, partition, &low, &high, ASK_MS);
		if (!code)
			rd_kafka_topic_partition_list_add(ends, topic, partition)->offset = high;
	}
	if (metadata)
		rd_kafka_metadata_destroy(metadata);
	rd_kafka_topic_destroy(handle);
	if (count && !code)
		return ends;
	rd_kafka_topic_partition_list_destroy(ends);
	err_set(err, RC_IO, "%s: %s", topic, code ? rd_kafka_err2str(code) : "no partitions");
	return NULL;
}

enum rc results_open(const char *bootstrap, const char *topic, struct results **ret, struct err *err)
{
	struct results *results = mem_zalloc(sizeof *results);
	static const uint64_t one = 1;

	results->event_fd = -1;
	results->kafka = make_consumer(bootstrap, err);
	rd_kafka_topic_partition_list_t *ends = results->kafka ? find_ends(results->kafka, topic, err) : NULL;
	if (!ends) {
		results_close(results);
		return err->rc;
	}
	results->event_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	results->queue = rd_kafka_queue_get_consumer(results->kafka);
	rd_kafka_queue_io_event_enable(results->queue, results->event_fd, &one, sizeof one);
	rd_kafka_assign(results->kafka, ends);
	rd_kafka_topic_partition_list_destroy(ends);
	*ret = results;
	return RC_OK;
}

void results_close(struct results *results)
{
	if (!results)
		return;
	if (results->queue)
		rd_kafka_queue_destroy(results->queue);
	if (results->kafka)
		rd_kafka_destroy(results->kafka);
	if (results->event_fd >= 0)
		close(results->event_fd);
	free(results);
}

int results_fd(const struct results *results)
{
	return results->event_fd;
}

/* The text after `"name" :` and before the next quote; the events are flat and written by PostgreSQL. */
static struct str find_text(struct str json, struct str quoted_name)
{
	const char *at = memmem(json.p, json.n, quoted_name.p, quoted_name.n);

	if (!at)
		return (struct str){0};
	struct str rest = {at + quoted_name.n, json.n - (size_t)(at - json.p) - quoted_name.n};
	struct str between = str_cut(&rest, '"');
	bool is_value = str_is(str_trim(between), ":");
	return is_value ? str_cut(&rest, '"') : (struct str){0};
}

static bool read_ending(const rd_kafka_message_t *message, struct ending *ret)
{
	struct str json = {message->payload, message->len};
	struct str type = find_text(json, STR("\"event_type\""));

	if (!str_starts(type, STR("sync.")))
		return false;
	ret->completed = str_is(type, "sync.completed");
	return uuid_parse(find_text(json, STR("\"connection_id\"")), &ret->connection_id) &&
	       uuid_parse(find_text(json, STR("\"sync_id\"")), &ret->sync_id);
}

enum rc results_read(struct results *results, ending_fn *fn, void *user, struct err *err)
{
	rd_kafka_message_t *messages[BATCH];
	enum rc rc = RC_OK;
	uint64_t count;
	ssize_t n;

	(void)!read(results->event_fd, &count, sizeof count); /* resets it; empty is fine */
	/* librdkafka signals once for all that has gathered, so it is drained to empty. */
	while ((n = rd_kafka_consume_batch_queue(results->queue, 0, messages, BATCH)) > 0) {
		for (ssize_t i = 0; i < n; i++) {
			struct ending ending;

			if (messages[i]->err)
				rc = err_set(err, RC_IO, "Kafka: %s", rd_kafka_err2str(messages[i]->err));
			else if (read_ending(messages[i], &ending))
				fn(user, &ending);
			rd_kafka_message_destroy(messages[i]);
		}
	}
	return rc;
}
