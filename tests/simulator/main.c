// SPDX-License-Identifier: Apache-2.0
/* provider-simulator: the providers' APIs for tests, benchmarks and the demo. */
#include "base/base.h"
#include "api.h"
#include "declared.h"
#include "publish.h"
#include "server.h"
#include "simulator.h"

#include <getopt.h>
#include <signal.h>
#include <sys/resource.h>

#define BENCH_RECORDS 100000 /* of a resource of the bench API, as its mock has them */

enum {
	EXIT_USAGE = 2,
};

static volatile bool stop;

static void on_signal(int signo)
{
	(void)signo;
	stop = true;
}

/* Blocked but while the loop waits, so that none is lost between the look at `stop` and the wait. */
static void signals_init(void)
{
	const struct sigaction action = {.sa_handler = on_signal};
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigprocmask(SIG_BLOCK, &set, NULL);
	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGINT, &action, NULL);
}

static void files_raise(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
		limit.rlim_cur = limit.rlim_max;
		setrlimit(RLIMIT_NOFILE, &limit);
	}
}

static const char USAGE[] =
    "Usage: provider-simulator [--port N] [--port-file FILE] [--seed N] [--records N] [--bench-records N]\n"
    "                          [--declaration FILE]\n"
    "  --port N           listen on 127.0.0.1:N; 0 (the default) takes a free port\n"
    "  --port-file FILE   write the port there when ready\n"
    "  --seed N           of all records (default 1)\n"
    "  --records N        any account named by a request exists, with N records of each resource\n"
    "  --bench-records N  of a resource of the bench API that nobody sized (default 100000)\n"
    "  --declaration FILE serve also what this provider declaration describes\n";

struct args {
	int64_t port;
	int64_t seed;
	int64_t records; /* below 0: accounts have to be made */
	int64_t bench_records;
	const char *port_file;
	const char *declaration;
};

static bool args_read(int argc, char **argv, struct args *args)
{
	static const struct option options[] = {{"port", required_argument, NULL, 'p'},
	    {"port-file", required_argument, NULL, 'f'}, {"seed", required_argument, NULL, 's'},
	    {"records", required_argument, NULL, 'r'}, {"bench-records", required_argument, NULL, 'b'},
	    {"declaration", required_argument, NULL, 'd'}, {"help", no_argument, NULL, 'h'}, {0}};
	bool ok = true;
	int o;

	while (ok && (o = getopt_long(argc, argv, "", options, NULL)) != -1) {
		struct str value = str_of(optarg);

		if (o == 'p')
			ok = str_to_i64(value, &args->port) && args->port >= 0 && args->port <= UINT16_MAX;
		else if (o == 's')
			ok = str_to_i64(value, &args->seed);
		else if (o == 'r')
			ok = str_to_i64(value, &args->records) && args->records >= 0 &&
			     args->records <= INT32_MAX;
		else if (o == 'b')
			ok = str_to_i64(value, &args->bench_records) && args->bench_records >= 0 &&
			     args->bench_records <= INT32_MAX;
		else if (o == 'f')
			args->port_file = optarg;
		else if (o == 'd')
			args->declaration = optarg;
		else
			ok = false;
	}
	return ok && optind == argc;
}

static enum rc announce(const struct server *server, const char *port_file, struct err *err)
{
	char text[16];

	snprintf(text, sizeof text, "%u\n", server_port(server));
	if (port_file && file_publish(port_file, text, err) != RC_OK)
		return err->rc;
	printf("listening 127.0.0.1:%s", text);
	fflush(stdout);
	return RC_OK;
}

int main(int argc, char **argv)
{
	struct args args = {.seed = 1, .records = -1, .bench_records = BENCH_RECORDS};
	struct server *server = NULL;
	struct simulator sim;
	struct err err;

	if (!args_read(argc, argv, &args)) {
		fputs(USAGE, stderr);
		return EXIT_USAGE;
	}
	signals_init();
	files_raise();
	apis_init((uint64_t)args.seed);
	simulator_init(&sim, (uint64_t)args.seed);
	sim.accounts.on_demand = args.records >= 0;
	sim.accounts.default_records = (uint64_t)MAX(args.records, 0);
	sim.bench_records = (uint64_t)args.bench_records;
	enum rc rc = declared_init(args.declaration, &err);
	if (rc == RC_OK)
		rc = server_new(&sim, (uint16_t)args.port, &server, &err);
	if (rc == RC_OK)
		rc = announce(server, args.port_file, &err);
	if (rc == RC_OK)
		server_run(server, &stop);
	else
		fprintf(stderr, "provider-simulator: %s\n", err.text);
	server_free(server);
	simulator_done(&sim);
	declared_done();
	apis_done();
	return rc == RC_OK ? EXIT_SUCCESS : EXIT_FAILURE;
}
