// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "http_world.h"

#include <netdb.h>
#include <semaphore.h>

#include <setjmp.h>

#include <cmocka.h>

static void test_cancel(void **state)
{
	struct http_options o = plain;
	struct result r[4] = {0};

	(void)state;
	o.max_connections = 2;
	struct world w = world_start(&o, false);
	struct http_call *on_wire = send_to(&w, "/hang", 5000, &r[0]);
	send_to(&w, "/", 5000, &r[1]);
	struct http_call *waiting = send_to(&w, "/", 5000, &r[2]);
	http_cancel(waiting);
	w.pending = 1;
	loop_run(w.loop);
	assert_int_equal(r[1].called, 1);
	struct http_call *refused = http_send(w.client,
	    &(struct http_request){.method = "GET", .url = "gopher://x/", .timeout_ms = 1}, finished, &r[3]);
	http_cancel(refused);
	http_cancel(on_wire);
	assert_int_equal(http_in_flight(w.client), 0);
	assert_int_equal(get(&w, "/").status, 200);
	assert_int_equal(r[0].called + r[2].called + r[3].called, 0);
	world_end(&w);
}

static void test_waiting_for_a_connection(void **state)
{
	struct http_options o = plain;
	struct result r[12];

	(void)state;
	o.max_connections = 2;
	struct world w = world_start(&o, false);
	for (size_t i = 0; i < ARRAY_SIZE(r); i++)
		send_to(&w, "/size/1000", 20000, &r[i]);
	assert_int_equal(http_in_flight(w.client), ARRAY_SIZE(r));
	loop_run(w.loop);
	for (size_t i = 0; i < ARRAY_SIZE(r); i++)
		assert_int_equal(r[i].status, 200);
	assert_true(atomic_load(&w.server->connections) <= 2);
	send_to(&w, "/hang", 60000, &r[0]);
	send_to(&w, "/hang", 60000, &r[1]);
	w.pending = 1;
	struct http_call *late = send_to(&w, "/", 20, &r[2]);
	w.pending = 1;
	assert_non_null(late);
	loop_run(w.loop);
	assert_int_equal(r[2].err.rc, RC_BUSY);
	assert_non_null(strstr(r[2].err.text, "one of 2 connections"));
	world_end(&w); /* with two calls in flight, whose callbacks must not run */
	assert_int_equal(r[0].called + r[1].called, 0);
}

static void test_many_in_parallel(void **state)
{
	static struct result r[300];
	struct world w = world_start(&plain, false);

	(void)state;
	for (int round = 0; round < 3; round++) {
		for (size_t i = 0; i < ARRAY_SIZE(r); i++)
			send_to(&w, i % 7 ? "/size/20000" : "/cut", 30000, &r[i]);
		loop_run(w.loop);
		for (size_t i = 0; i < ARRAY_SIZE(r); i++) {
			assert_int_equal(r[i].called, 1);
			assert_int_equal(r[i].status, i % 7 ? 200 : 0);
		}
	}
	/* Only what was cut is opened anew. */
	assert_in_range(atomic_load(&w.server->connections), 1, 300 + 3 * 43);
	world_end(&w);
}

/* ---- budget ---- */

static const struct http_options tight = {
    .allow_plain_loopback = true, .body_max = BODY_MAX, .budget_bytes = 1000, .max_connections = 400};

static void test_budget_smaller_than_a_body(void **state)
{
	static struct result r[40];
	struct world w = world_start(&tight, false);

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(r); i++)
		send_to(&w, i % 2 ? "/size/90000" : "/chunked/90", 30000, &r[i]);
	loop_run(w.loop);
	for (size_t i = 0; i < ARRAY_SIZE(r); i++)
		assert_int_equal(r[i].body_n, 90000);
	world_end(&w);
}

struct giving {
	struct world *w;
	struct result *r;
	size_t n;
	int before; /* answers that came before the bytes were given back */
};

static void give_back(void *user)
{
	struct giving *g = user;

	for (size_t i = 0; i < g->n; i++)
		g->before += g->r[i].called;
	http_budget_give(g->w->client, tight.budget_bytes);
}

static void budget_holds_and_resumes(bool early)
{
	static struct result r[8];
	struct world w = world_start(&tight, early);
	struct giving g = {.w = &w, .r = r, .n = ARRAY_SIZE(r)};
	struct timer *t = timer_new(w.loop, give_back, &g);

	http_budget_take(w.client, tight.budget_bytes);
	for (size_t i = 0; i < ARRAY_SIZE(r); i++)
		send_to(&w, "/gzip", 30000, &r[i]);
	timer_set(t, 200, 0);
	loop_run(w.loop);
	assert_int_equal(g.before, 0);
	for (size_t i = 0; i < ARRAY_SIZE(r); i++)
		assert_int_equal(r[i].status, 200);
	for (size_t i = 0; early && i < ARRAY_SIZE(r); i++)
		assert_int_equal(r[i].body_n, sizeof early_bird);
	/* Everything was given back: the next call does not wait. */
	timer_free(t);
	if (!early)
		assert_int_equal(get(&w, "/").status, 200);
	world_end(&w);
}

static void test_budget_in_the_kernel(void **state)
{
	(void)state;
	budget_holds_and_resumes(false);
}

/* libcurl reads an answer that is there before it has sent the request without asking the loop. */
static void test_budget_in_libcurl(void **state)
{
	(void)state;
	budget_holds_and_resumes(true);
}

/* An answer may be there when libcurl has just sent the request, and is read before the loop hears of it. */
static void answers_at_once(const char *path, size_t bytes, int connections_max)
{
	static struct result r[8];
	struct world w = world_start(&tight, false);
	struct giving g = {.w = &w, .r = r, .n = ARRAY_SIZE(r)};
	struct timer *t = timer_new(w.loop, give_back, &g);

	for (int round = 0; round < 100; round++) {
		http_budget_take(w.client, tight.budget_bytes);
		for (size_t i = 0; i < ARRAY_SIZE(r); i++)
			send_to(&w, path, 30000, &r[i]);
		timer_set(t, 2, 0);
		loop_run(w.loop);
		for (size_t i = 0; i < ARRAY_SIZE(r); i++)
			assert_int_equal(r[i].body_n, bytes);
	}
	assert_int_equal(g.before, 0);
	assert_true(atomic_load(&w.server->connections) <= connections_max);
	timer_free(t);
	world_end(&w);
}

static void test_budget_and_the_begin_of_a_body_at_once(void **state)
{
	(void)state;
	answers_at_once("/size/20000", 20000, 8);
}

static void test_budget_and_a_whole_body_at_once(void **state)
{
	(void)state;
	answers_at_once("/size/100", 100, 8);
}

static void test_budget_and_more_than_a_body_at_once(void **state)
{
	(void)state;
	answers_at_once("/excess/100", 100, 800);
}

static void test_budget_timeout_and_cancel(void **state)
{
	struct world w = world_start(&tight, false);
	struct result r[3];

	(void)state;
	http_budget_take(w.client, 5000);
	struct http_call *held = send_to(&w, "/", WATCHDOG_MS, &r[1]);
	/* What has not been answered yet is not held either: a slow server gets more time. */
	for (int64_t ms = 100; ms == 100 || r[0].err.rc == RC_TIMEOUT; ms *= 2) {
		send_to(&w, "/", ms, &r[0]);
		w.pending = 1;
		loop_run(w.loop);
	}
	assert_int_equal(r[0].err.rc, RC_BUSY);
	assert_non_null(strstr(r[0].err.text, "memory budget"));
	http_cancel(held);
	http_budget_give(w.client, 5000);
	assert_int_equal(get(&w, "/").status, 200);
	http_budget_take(w.client, 5000);
	send_to(&w, "/", 30000, &r[2]); /* freed while held */
	world_end(&w);
	assert_int_equal(r[1].called + r[2].called, 0);
}

/* ---- a budget of which callbacks keep more than the body had ---- */

#define KEEP_BODY 10000
#define KEPT ((size_t)2 * KEEP_BODY)
#define KEEP_CALLS 300

struct keeping {
	struct world *w;
	size_t kept;
	size_t most; /* in the second half: the client has seen by then what is kept */
	int calls;
};

static void keep_twice(void *user, const struct http_response *res, const struct err *err)
{
	struct keeping *k = user;

	(void)err;
	assert_non_null(res);
	assert_int_equal(res->body->n, KEEP_BODY);
	http_budget_take(k->w->client, KEPT);
	k->kept += KEPT;
	if (++k->calls > KEEP_CALLS / 2)
		k->most = MAX(k->most, k->kept);
	if (k->calls == KEEP_CALLS)
		loop_stop(k->w->loop);
}

static void give_back_kept(void *user)
{
	struct keeping *k = user;

	http_budget_give(k->w->client, k->kept);
	k->kept = 0;
}

/* Bodies that begin together are not all there yet when the first one's callback takes more. */
static void test_budget_and_what_callbacks_keep(void **state)
{
	struct http_options o = plain;
	char url[URL_MAX];

	(void)state;
	o.budget_bytes = (size_t)10 * KEEP_BODY;
	struct world w = world_start(&o, false);
	struct keeping k = {.w = &w};
	struct timer *t = timer_new(w.loop, give_back_kept, &k);
	world_url(&w, "/size/10000", url);
	for (int i = 0; i < KEEP_CALLS; i++)
		http_send(w.client, &(struct http_request){.method = "GET", .url = url, .timeout_ms = 30000},
		    keep_twice, &k);
	timer_set(t, 5, 5);
	loop_run(w.loop);
	assert_in_range(k.most, KEPT, o.budget_bytes + 2 * KEPT);
	give_back_kept(&k);
	timer_free(t);
	world_end(&w);
}

/* ---- callbacks that call back ---- */

struct chain {
	struct world *w;
	int left;
	struct http_call *other;
};

static void chain_next(void *user, const struct http_response *res, const struct err *err)
{
	struct chain *c = user;
	char url[URL_MAX];

	(void)err;
	assert_non_null(res);
	struct buf mine = *res->body;
	*res->body = BUF(0);
	assert_int_equal(mine.n, 500);
	buf_done(&mine);
	if (c->other)
		http_cancel(TAKE(c->other));
	if (--c->left == 0) {
		http_client_free(TAKE(c->w->client));
		loop_stop(c->w->loop);
		return;
	}
	world_url(c->w, "/size/500", url);
	http_send(c->w->client, &(struct http_request){.method = "GET", .url = url, .timeout_ms = 5000},
	    chain_next, c);
}

static void test_send_cancel_and_free_in_callbacks(void **state)
{
	struct world w = world_start(&plain, false);
	struct chain c = {.w = &w, .left = 50};
	struct result r;
	char url[URL_MAX];

	(void)state;
	c.other = send_to(&w, "/hang", 30000, &r);
	world_url(&w, "/size/500", url);
	http_send(w.client, &(struct http_request){.method = "GET", .url = url, .timeout_ms = 5000},
	    chain_next, &c);
	loop_run(w.loop);
	assert_int_equal(c.left, 0);
	assert_int_equal(r.called, 0);
	world_end(&w);
}

/* ---- names ---- */

static sem_t name_asked, name_answered;

/* Stands in for libc's: this name's server answers when the test says so, as a dead one would after half a
 * minute. */
int getaddrinfo(const char *name, const char *service, const struct addrinfo *hints, struct addrinfo **ret)
{
	struct addrinfo *one;

	if (strcmp(name, "dead-name-server.test") == 0) {
		sem_post(&name_asked);
		sem_wait(&name_answered);
		return EAI_AGAIN;
	}
	if (strcmp(name, "localhost") != 0)
		return EAI_NONAME;
	(void)service;
	one = calloc(1, sizeof *one + sizeof(struct sockaddr_in)); /* freed by libc's freeaddrinfo */
	one->ai_family = AF_INET;
	one->ai_socktype = hints ? hints->ai_socktype : SOCK_STREAM;
	one->ai_addrlen = sizeof(struct sockaddr_in);
	one->ai_addr = (struct sockaddr *)(one + 1);
	one->ai_addr->sa_family = AF_INET;
	*ret = one;
	return 0;
}

/* libcurl would wait for its resolver's thread, and the loop with it. */
static void test_names_never_block_the_loop(void **state)
{
	struct http_request rq = {.method = "GET", .url = "http://dead-name-server.test/", .timeout_ms = 100};
	struct world w = world_start(&plain, false);
	struct result r[3] = {{.w = &w}, {.w = &w}, {.w = &w}};
	struct result other;

	(void)state;
	sem_init(&name_asked, 0, 0);
	sem_init(&name_answered, 0, 0);
	alarm(WATCHDOG_MS / 1000); /* a blocked loop fires no timers */
	w.pending = 1;
	http_send(w.client, &rq, finished, &r[0]);
	loop_run(w.loop);
	assert_int_equal(r[0].err.rc, RC_TIMEOUT);
	rq.timeout_ms = WATCHDOG_MS; /* not before the others' answers, however slow the machine is */
	struct http_call *cancelled = http_send(w.client, &rq, finished, &r[1]);
	send_to(&w, "/", 30000, &other);
	loop_run(w.loop);
	assert_int_equal(other.status, 200);
	http_cancel(cancelled);
	http_send(w.client, &rq, finished, &r[2]);
	send_to(&w, "/", 30000, &other);
	loop_run(w.loop);
	assert_int_equal(other.status, 200);
	world_end(&w);
	assert_int_equal(r[1].called + r[2].called, 0);
	for (int i = 0; i < 3; i++) {
		sem_wait(&name_asked);
		sem_post(&name_answered);
	}
	alarm(0);
}

int main(void)
{
	const struct CMUnitTest plain_only[] = {
	    cmocka_unit_test(test_names_never_block_the_loop),
	};
	const struct CMUnitTest both[] = {
	    cmocka_unit_test(test_cancel),
	    cmocka_unit_test(test_waiting_for_a_connection),
	    cmocka_unit_test(test_many_in_parallel),
	    cmocka_unit_test(test_budget_smaller_than_a_body),
	    cmocka_unit_test(test_budget_in_the_kernel),
	    cmocka_unit_test(test_budget_in_libcurl),
	    cmocka_unit_test(test_budget_and_the_begin_of_a_body_at_once),
	    cmocka_unit_test(test_budget_and_a_whole_body_at_once),
	    cmocka_unit_test(test_budget_and_more_than_a_body_at_once),
	    cmocka_unit_test(test_budget_timeout_and_cancel),
	    cmocka_unit_test(test_budget_and_what_callbacks_keep),
	    cmocka_unit_test(test_send_cancel_and_free_in_callbacks),
	};

	return cmocka_run_group_tests(plain_only, NULL, NULL) +
	       cmocka_run_group_tests_name("plain", both, NULL, NULL) +
	       cmocka_run_group_tests_name("TLS", both, world_over_tls, world_plain);
}
