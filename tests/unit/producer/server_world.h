// SPDX-License-Identifier: Apache-2.0
#pragma once
/* A server on a loop with a database that says what the test wants, and one client. */
#include "base/base.h"
#include "base/log.h"
#include "base/metrics.h"
#include "io/crypto.h"
#include "server.h"

#include "../http_peer.h"
#include "fake_catalog.h"
#include "../fake_pg.h"

#define TENANT "aa000000-0000-7000-8000-000000000001"
#define SECRET "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"
#define UNKNOWN_SECRET "ZZZdefghijklmnopqrstuvwxyz0123456789ABCDEFG"
#define KEY "Authorization: Bearer sfk_" SECRET "\r\n"
#define SYNC_ID "0190aaaa-0000-7000-8000-000000000001"
#define SYNC "/v1/syncs/" SYNC_ID
#define CONNECTION "\"connection_id\":\"0190aaaa-0000-7000-8000-000000000002\""

static struct loop *loop;
static struct server *server;
static struct client one;
static const char *failing_state; /* SQLSTATE that route statements fail with, or NULL */
static const char *row[FAKE_COLUMNS_MAX];
static bool sync_ended; /* what those who wait for it are told */
static const char *asked_statement;
static const char *rights; /* of the key */
static struct buf dispatched;
static size_t statements;

static void find_key(const struct fake_op *op, struct pg_result *res)
{
	uint8_t sha256[CRYPTO_SHA256_LEN];

	crypto_sha256(STR("sfk_" SECRET), sha256);
	res->rows = memcmp(fake_pg_arg(&op->args, 0).p, sha256, sizeof sha256) == 0;
	res->column[0] = TENANT;
	res->column[1] = TENANT;
	res->column[2] = rights;
}

static void answer(const struct fake_op *op, struct pg_result *res, struct err *err)
{
	if (strcmp(op->statement->name, "key_find") == 0) {
		find_key(op, res);
		return;
	}
	if (strcmp(op->statement->name, "scope") == 0)
		return;
	if (strcmp(op->statement->name, "syncs_ended") == 0) {
		res->rows = sync_ended;
		res->column[0] = SYNC_ID;
		return;
	}
	asked_statement = op->statement->name;
	statements++;
	memcpy(res->column, row, sizeof row);
	if (sync_ended && strcmp(op->statement->name, "syncs_get") == 0) {
		res->column[0] = "200";
		res->column[1] = NULL;
	}
	if (!failing_state)
		return;
	err_set(err, RC_IO, "failed");
	snprintf(err->sqlstate, sizeof err->sqlstate, "%s", failing_state);
}

static bool may_dispatch(void *user, struct str provider, size_t tasks)
{
	(void)user;
	(void)provider;
	(void)tasks;
	return true;
}

static void dispatch(void *user, const struct str *messages, size_t n)
{
	(void)user;
	for (size_t i = 0; i < n; i++)
		buf_add_str(&dispatched, messages[i]);
}

static struct auth_options auth_options;
static struct gate_options gate_options;

static void serve(void)
{
	struct server_options o = {.listen = "127.0.0.1:0",
	    .connections_max = 1000,
	    .body_max = 1000,
	    .conninfo = "",
	    .setup = "select 1;",
	    .catalog = fake_catalog,
	    .auth = &auth_options,
	    .gate = &gate_options,
	    .may_dispatch = may_dispatch,
	    .dispatch = dispatch};
	struct err err;

	fake.answer = answer;
	fake.automatic = true;
	loop = loop_new();
	fake.later = timer_new(loop, fake_pg_later, NULL);
	server = server_new(loop, &o, &err);
	assert_non_null(server);
	client_open(&one, server_address(server));
}

static int setup(void **state)
{
	(void)state;
	log_threshold = LOG_LEVEL_ERROR + 1;
	metrics_init("test");
	memset(&fake, 0, sizeof fake);
	memset(row, 0, sizeof row);
	row[0] = "200";
	row[2] = "{\"a\":1}";
	failing_state = NULL;
	sync_ended = false;
	asked_statement = NULL;
	rights = "read,sync,connect,admin";
	statements = 0;
	dispatched = BUF(4096);
	auth_options = (struct auth_options){
	    .remember_ms = 5000, .tokens = {.secret = "", .jwks = "", .algorithms = ""}};
	gate_options = (struct gate_options){.allowed_origins = ""};
	serve();
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	client_done(&one);
	server_free(server);
	timer_free(fake.later);
	loop_free(loop);
	metrics_done();
	buf_done(&dispatched);
	return 0;
}

static struct client *awaited;
static size_t nawaited;

static void stop_when_answered(void *user)
{
	(void)user;
	for (size_t i = 0; i < nawaited; i++)
		if (response_bytes(&awaited[i]) == 0 && !awaited[i].closed)
			return;
	loop_stop(loop);
}

static void await(struct client *clients, size_t n)
{
	struct timer *tick = timer_new(loop, stop_when_answered, NULL);

	awaited = clients;
	nawaited = n;
	timer_set(tick, 0, 1);
	loop_run(loop);
	timer_free(tick);
}

/* One request and its answer's status line, head and body in `one.in`. */
static void ask(const char *line, const char *headers, const char *body)
{
	char *text = mem_printf("%s HTTP/1.1\r\nHost: x\r\n%sContent-Length: %zu\r\n\r\n%s", line, headers,
	    body ? strlen(body) : 0, body ? body : "");

	if (one.in.n)
		client_next(&one);
	client_say(&one, text);
	await(&one, 1);
	free(text);
}

#define JSON "Content-Type: application/json\r\n"

static void assert_head(const char *header)
{
	assert_non_null(strstr(buf_text(&one.in), header));
}

static void assert_problem(int status, const char *code)
{
	char want[64];

	assert_status(&one, status);
	assert_head("Content-Type: application/problem+json\r\n");
	snprintf(want, sizeof want, "\"code\":\"%s\"", code);
	assert_non_null(strstr(body_of(&one), want));
}
