// SPDX-License-Identifier: Apache-2.0
/*
 * demo-broker: librdkafka's mock cluster as a broker for the demo, where no Kafka is at hand. It lives in
 * memory and keeps about 5 MB a partition, dropping the oldest messages silently; groups need
 * session.timeout.ms from 4500 to 6000.
 */
#include "base/base.h"
#include "publish.h"

#include <getopt.h>
#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>
#include <signal.h>

#define PARTITIONS_MAX 64 /* with 5 MB each, what one demo may take */
#define TEXT_MAX 512

enum {
	EXIT_USAGE = 2,
};

static int usage(void)
{
	fputs("Usage: demo-broker [--file FILE] TOPIC:PARTITIONS...\n"
	      "Prints \"listening <bootstrap servers>\" when ready, writes the servers to FILE, and runs "
	      "until SIGTERM.\n"
	      "At most 64 partitions in all: each keeps up to 5 MB.\n",
	    stderr);
	return EXIT_USAGE;
}

/* "name:partitions"; *total grows by its partitions. */
static enum rc topic_make(rd_kafka_mock_cluster_t *cluster, const char *arg, int64_t *total, struct err *err)
{
	struct str rest = str_of(arg);
	struct str name = str_cut(&rest, ':');
	int64_t partitions;

	if (name.n == 0 || !str_to_i64(rest, &partitions) || partitions < 1)
		return err_set(err, RC_INVALID, "%s: a topic is given as name:partitions", arg);
	*total += partitions;
	if (*total > PARTITIONS_MAX)
		return err_set(err, RC_LIMIT, "%s: more than %d partitions in all", arg, PARTITIONS_MAX);
	AUTO(mem_free_ptr) char *topic = mem_strndup(name.p, name.n);
	rd_kafka_resp_err_t code = rd_kafka_mock_topic_create(cluster, topic, (int)partitions, 1);
	if (code)
		return err_set(err, RC_IO, "making topic %s: %s", topic, rd_kafka_err2str(code));
	return RC_OK;
}

static enum rc announce(rd_kafka_mock_cluster_t *cluster, const char *path, struct err *err)
{
	const char *servers = rd_kafka_mock_cluster_bootstraps(cluster);

	if (path && file_publish(path, servers, err) != RC_OK)
		return err->rc;
	printf("listening %s\n", servers);
	fflush(stdout);
	return RC_OK;
}

static enum rc broker_run(
    rd_kafka_t *rk, char **topics, const char *path, const sigset_t *until, struct err *err)
{
	rd_kafka_mock_cluster_t *cluster = rd_kafka_mock_cluster_new(rk, 1);
	int64_t total = 0;
	enum rc rc = RC_OK;

	if (!cluster)
		return err_set(err, RC_IO, "starting the mock cluster: out of sockets or threads");
	while (rc == RC_OK && *topics)
		rc = topic_make(cluster, *topics++, &total, err);
	if (rc == RC_OK)
		rc = announce(cluster, path, err);
	if (rc == RC_OK) {
		int signo;

		sigwait(until, &signo);
	}
	rd_kafka_mock_cluster_destroy(cluster);
	return rc;
}

static rd_kafka_t *handle_new(struct err *err)
{
	char text[TEXT_MAX];
	rd_kafka_conf_t *conf = rd_kafka_conf_new();

	rd_kafka_conf_set(conf, "log_level", "3", text, sizeof text); /* it warns of no bootstrap.servers */
	rd_kafka_t *rk = rd_kafka_new(RD_KAFKA_PRODUCER, conf, text, sizeof text);
	if (!rk) {
		rd_kafka_conf_destroy(conf);
		err_set(err, RC_IO, "starting librdkafka: %s", text);
	}
	return rk;
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
	    {"file", required_argument, NULL, 'f'}, {"help", no_argument, NULL, 'h'}, {0}};
	const char *path = NULL;
	struct err err;
	sigset_t until;
	int o;

	while ((o = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (o != 'f')
			return usage();
		path = optarg;
	}
	if (optind == argc)
		return usage();
	sigemptyset(&until);
	sigaddset(&until, SIGTERM);
	sigaddset(&until, SIGINT);
	pthread_sigmask(
	    SIG_BLOCK, &until, NULL); /* before librdkafka's threads are made, so that they inherit it */
	rd_kafka_t *rk = handle_new(&err);
	enum rc rc = rk ? broker_run(rk, argv + optind, path, &until, &err) : err.rc;
	if (rk)
		rd_kafka_destroy(rk);
	if (rc != RC_OK)
		fprintf(stderr, "demo-broker: %s\n", err.text);
	return rc == RC_OK ? EXIT_SUCCESS : rc == RC_IO ? EXIT_FAILURE : EXIT_USAGE;
}
