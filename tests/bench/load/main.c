// SPDX-License-Identifier: Apache-2.0
/*
 * sync-load: asks for syncs over HTTP, watches the results topic for their ends, and prints one JSON object
 * with counts and latencies. Open loop (--rate): request k is due at start + k/rate and its latency counts
 * from then, however late it could be sent. Closed loop (--in-flight): so many syncs are under way at any
 * time.
 * --once: every account once, as fast as the service takes them.
 */
#include "base/base.h"
#include "accounts.h"
#include "calls.h"
#include "results.h"
#include "tally.h"

#include "base/clock.h"

#include <getopt.h>
#include <sys/epoll.h>
#include <unistd.h>

#define EVENTS 256
#define SECOND 1000000
#define EXIT_USAGE 2

struct options {
	struct calls_options calls;
	const char *kafka;
	const char *topic;
	const char *accounts;
	int64_t rate;
	int64_t in_flight;
	int64_t once;
	int64_t seconds;
	int64_t warmup;
	int64_t drain; /* seconds to wait for what is under way at the end */
	int64_t connections;
};

struct load {
	struct options o;
	struct accounts accounts;
	struct calls *calls;
	struct results *results;
	struct tally tally;
	int epoll_fd;
	int64_t began_us;
	uint64_t started; /* requests sent so far, the warm-up's too */
	size_t under_way; /* syncs between their request and their end */
	size_t unanswered;
};

/* ---- what ends a request ---- */

static void finish(struct load *load, struct account *account, int64_t event_us, bool completed)
{
	tally_end(&load->tally, event_us, account->counted ? event_us - account->due_us : -1, completed);
	load->under_way--;
	accounts_give_back(&load->accounts, account);
}

static bool read_sync_id(struct str body, struct uuid *ret)
{
	static const char name[] = "\"sync_id\"";
	const char *at = memmem(body.p, body.n, name, sizeof name - 1);

	if (!at)
		return false;
	struct str rest = {at + sizeof name - 1, body.n - (size_t)(at - body.p) - sizeof name + 1};
	str_cut(&rest, '"');
	return uuid_parse(str_cut(&rest, '"'), ret);
}

static void on_accepted(struct load *load, struct account *account)
{
	load->tally.accepted += account->counted;
	load->tally.accepted_in_time += account->counted && clock_mono_us() < load->tally.end_us;
	if (uuid_eq(&account->sync_id, &account->event_sync_id))
		finish(load, account, account->event_us, account->event_completed);
}

static void on_answer(void *user, struct account *account, int status, struct str body)
{
	struct load *load = user;

	load->unanswered--;
	if (status == 202 && read_sync_id(body, &account->sync_id)) {
		on_accepted(load, account);
		return;
	}
	load->under_way--;
	if (status == 0) {
		load->tally.lost++; /* its account may have a sync under way, so it is not used again */
		return;
	}
	tally_refusal(&load->tally, status, body);
	accounts_give_back(&load->accounts, account);
}

static void on_ending(void *user, const struct ending *ending)
{
	static const struct uuid nil;
	struct load *load = user;
	struct account *account = accounts_find(&load->accounts, &ending->connection_id);
	int64_t now = clock_mono_us();

	bool expected = account && account->busy;
	if (expected && uuid_eq(&account->sync_id, &ending->sync_id)) {
		finish(load, account, now, ending->completed);
	} else if (expected && uuid_eq(&account->sync_id, &nil)) {
		account->event_sync_id = ending->sync_id;
		account->event_us = now;
		account->event_completed = ending->completed;
	} else {
		load->tally.repeated++;
	}
}

/* ---- sending ---- */

/* When the next request is due; INT64_MAX while it waits for something else than time. */
static int64_t next_due_us(const struct load *load)
{
	if (!load->accounts.nidle || !calls_idle(load->calls))
		return INT64_MAX;
	if (load->o.once)
		return load->started < load->accounts.n ? load->began_us : INT64_MAX;
	if (load->o.in_flight)
		return (int64_t)load->under_way < load->o.in_flight ? clock_mono_us() : INT64_MAX;
	return load->began_us + (int64_t)load->started * SECOND / load->o.rate;
}

static void send_due(struct load *load)
{
	int64_t due;

	while ((due = next_due_us(load)) <= clock_mono_us() && due < load->tally.end_us) {
		struct account *account = accounts_take(&load->accounts);

		account->due_us = due;
		account->counted = due >= load->tally.start_us;
		load->tally.sent += account->counted;
		load->started++;
		load->under_way++;
		load->unanswered++;
		calls_send(load->calls, account);
	}
}

/* ---- the loop ---- */

static bool is_over(const struct load *load, int64_t now)
{
	if (load->o.once && load->started == load->accounts.n && !load->under_way)
		return true;
	return now >= load->tally.end_us &&
	       (!load->under_way || now >= load->tally.end_us + load->o.drain * SECOND);
}

static struct timespec time_to_wait(const struct load *load, int64_t now)
{
	int64_t until = now < load->tally.end_us ? load->tally.end_us : now + SECOND / 10;
	int64_t us = MAX(0, MIN(MIN(until, next_due_us(load)) - now, SECOND / 10));

	if (now >= load->tally.end_us)
		us = SECOND / 10; /* what is still due is not sent any more */
	return (struct timespec){.tv_sec = us / SECOND, .tv_nsec = us % SECOND * 1000};
}

static enum rc run(struct load *load, struct err *err)
{
	struct epoll_event events[EVENTS];

	for (int64_t now = clock_mono_us(); !is_over(load, now); now = clock_mono_us()) {
		if (now < load->tally.end_us)
			send_due(load);
		struct timespec wait = time_to_wait(load, clock_mono_us());
		int n = epoll_pwait2(load->epoll_fd, events, EVENTS, &wait, NULL);
		bool any_results = n == 0; /* Kafka's queue tells only when it was empty before */
		for (int i = 0; i < n; i++) {
			if (events[i].data.ptr)
				calls_ready(load->calls, events[i].data.ptr);
			else
				any_results = true;
		}
		if (any_results && results_read(load->results, on_ending, load, err) != RC_OK)
			return err->rc;
	}
	return RC_OK;
}

static enum rc load_init(struct load *load, struct err *err)
{
	struct epoll_event event = {.events = EPOLLIN};

	load->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	load->o.calls.connections = (size_t)load->o.connections;
	if (accounts_read(&load->accounts, load->o.accounts, err) != RC_OK ||
	    results_open(load->o.kafka, load->o.topic, &load->results, err) != RC_OK ||
	    calls_open(&load->o.calls, load->epoll_fd, on_answer, load, &load->calls, err) != RC_OK)
		return err->rc;
	epoll_ctl(load->epoll_fd, EPOLL_CTL_ADD, results_fd(load->results), &event);
	load->began_us = clock_mono_us();
	tally_init(&load->tally, load->began_us + load->o.warmup * SECOND, load->o.seconds);
	return RC_OK;
}

static void load_done(struct load *load)
{
	calls_close(load->calls);
	results_close(load->results);
	accounts_done(&load->accounts);
	tally_done(&load->tally);
	close(load->epoll_fd);
}

/* ---- options ---- */

enum { TEXT, NUMBER };

struct flag {
	const char *name;
	int kind;
	void *to;
};

static int usage(void)
{
	fputs("usage: sync-load --address HOST:PORT --key KEY --provider NAME --mode MODE --kafka SERVERS\n"
	      "    --topic TOPIC --accounts FILE (--rate N | --in-flight N | --once 1)\n"
	      "    [--seconds N] [--warmup N] [--drain N] [--connections N]\n",
	    stderr);
	return EXIT_USAGE;
}

static bool parse_flag(const struct flag *flag, const char *value)
{
	if (flag->kind == NUMBER)
		return str_to_i64(str_of(value), flag->to) && *(int64_t *)flag->to >= 0;
	*(const char **)flag->to = value;
	return true;
}

static bool parse_options(int argc, char **argv, struct options *o)
{
	const struct flag flags[] = {
	    {"address", TEXT, &o->calls.address},
	    {"key", TEXT, &o->calls.key},
	    {"provider", TEXT, &o->calls.provider},
	    {"mode", TEXT, &o->calls.mode},
	    {"kafka", TEXT, &o->kafka},
	    {"topic", TEXT, &o->topic},
	    {"accounts", TEXT, &o->accounts},
	    {"rate", NUMBER, &o->rate},
	    {"in-flight", NUMBER, &o->in_flight},
	    {"once", NUMBER, &o->once},
	    {"seconds", NUMBER, &o->seconds},
	    {"warmup", NUMBER, &o->warmup},
	    {"drain", NUMBER, &o->drain},
	    {"connections", NUMBER, &o->connections},
	};
	struct option known[ARRAY_SIZE(flags) + 1] = {0};
	int found;
	int which;

	for (size_t i = 0; i < ARRAY_SIZE(flags); i++)
		known[i] = (struct option){.name = flags[i].name, .has_arg = required_argument};
	while ((found = getopt_long(argc, argv, "", known, &which)) == 0) {
		if (!parse_flag(&flags[which], optarg))
			return false;
	}
	int loops = (o->rate > 0) + (o->in_flight > 0) + (o->once > 0);
	return found == -1 && optind == argc && loops == 1 && o->calls.address && o->calls.key && o->kafka &&
	       o->topic && o->accounts && o->connections > 0;
}

int main(int argc, char **argv)
{
	struct load load = {.o = {.calls = {.provider = "bench", .mode = "full"},
	                        .topic = "sync.results",
	                        .seconds = 10,
	                        .drain = 30,
	                        .connections = 64}};
	struct err err;

	if (!parse_options(argc, argv, &load.o))
		return usage();
	enum rc rc = load_init(&load, &err);
	if (rc == RC_OK)
		rc = run(&load, &err);
	if (rc == RC_OK)
		tally_print(&load.tally, load.under_way);
	else
		fprintf(stderr, "sync-load: %s\n", err.text);
	load_done(&load);
	return rc == RC_OK ? EXIT_SUCCESS : EXIT_FAILURE;
}
