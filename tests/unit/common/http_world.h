// SPDX-License-Identifier: Apache-2.0
#pragma once
/* The tests' server, whose paths say what it does (see raw_routes, serve_sized, serve_other), and a client on
 * a loop. */
#include "base/base.h"
#include "io/http.h"
#include "io/loop.h"
#include "tiny_identity.h"
#include "tiny_server.h"

#include <setjmp.h>

#include <cmocka.h>

#define BODY_MAX (1u << 20)
#define WATCHDOG_MS 60000

/* ---- what the server does ---- */

static uint32_t crc32_of(const uint8_t *p, size_t n)
{
	uint32_t crc = ~0u;

	for (size_t i = 0; i < n; i++) {
		crc ^= p[i];
		for (int bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (crc & 1 ? 0xedb88320u : 0);
	}
	return ~crc;
}

static void add_le32(struct buf *b, uint32_t v)
{
	for (int i = 0; i < 4; i++)
		buf_add_char(b, (char)(v >> 8 * i & 0xff));
}

static const char gzip_head[] = {0x1f, (char)0x8b, 8, 0, 0, 0, 0, 0, 0, 3};

/* One stored block (RFC 1951, 3.2.4). */
static void respond_gzip(struct tiny_connection *c, const char *text)
{
	AUTO(buf_done) struct buf b = BUF(BODY_MAX);
	uint32_t n = (uint32_t)strlen(text);

	buf_add(&b, gzip_head, sizeof gzip_head);
	buf_add_char(&b, 1);
	add_le32(&b, n | ~n << 16);
	buf_add(&b, text, n);
	add_le32(&b, crc32_of((const uint8_t *)text, n));
	add_le32(&b, n);
	tiny_respond(c, "200 OK\r\nContent-Encoding: gzip", b.p, b.n);
}

struct bits {
	struct buf *b;
	uint32_t held;
	int n;
};

static void add_bits(struct bits *w, uint32_t value, int n)
{
	w->held |= value << w->n;
	for (w->n += n; w->n >= 8; w->n -= 8) {
		buf_add_char(w->b, (char)(w->held & 0xff));
		w->held >>= 8;
	}
}

/* Zeros at 13 bits for 258 of them: fixed Huffman codes, a literal and then copies of length 258 at
 * distance 1. */
static void respond_bomb(struct tiny_connection *c, size_t decoded)
{
	AUTO(buf_done) struct buf b = BUF(64u << 20);

	buf_add(&b, gzip_head, sizeof gzip_head);
	struct bits w = {.b = &b};
	add_bits(&w, 1, 1);    /* last block */
	add_bits(&w, 1, 2);    /* fixed codes */
	add_bits(&w, 0x0c, 8); /* literal 0: 00110000, most significant bit first */
	for (size_t n = 0; n < decoded; n += 258) {
		add_bits(&w, 0xa3, 8); /* length 258: 11000101 */
		add_bits(&w, 0, 5);
	}
	add_bits(&w, 0, 7 + 8); /* end of block; the checksum is never reached */
	tiny_respond(c, "200 OK\r\nContent-Encoding: gzip", b.p, b.n);
}

static void respond_size(struct tiny_connection *c, size_t n)
{
	char *body = mem_alloc(n);

	memset(body, 'x', n);
	tiny_respond(c, "200 OK", body, n);
	free(body);
}

/* A body, and behind it what looks like the answer to the next request. */
static void respond_excess(struct tiny_connection *c, size_t n)
{
	AUTO(buf_done) struct buf b = BUF(BODY_MAX);

	buf_printf(&b, "HTTP/1.1 200 OK\r\nContent-Length: %zu\r\n\r\n%0*d", n, (int)n, 7);
	buf_add_text(&b, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nwrong");
	tiny_write(c, b.p, b.n);
}

static void respond_chunked(struct tiny_connection *c, size_t chunks)
{
	AUTO(buf_done) struct buf b = BUF(64u << 20);

	buf_add_text(&b, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
	for (size_t i = 0; i < chunks; i++)
		buf_printf(&b, "3e8\r\n%01000d\r\n", 7);
	buf_add_text(&b, "0\r\n\r\n");
	tiny_write(c, b.p, b.n);
}

static void respond_many_headers(struct tiny_connection *c, size_t n)
{
	AUTO(buf_done) struct buf b = BUF(1u << 20);

	buf_add_text(&b, "200 OK");
	for (size_t i = 0; i < n; i++)
		buf_printf(&b, "\r\nX-%zu: %zu", i, i);
	tiny_respond(c, buf_text(&b), "", 0);
}

struct route {
	const char *path;
	const char *raw; /* sent as it is, then the connection is closed */
};

static const struct route raw_routes[] = {
    {"/cut", "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nonly this"},
    {"/cut-chunked", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n"},
    {"/cut-head", "HTTP/1.1 200 OK\r\nContent-"},
    {"/nothing", ""},
    {"/until-close", "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nall of it"},
    {"/garbage", "SSH-2.0-OpenSSH\r\n\r\n"},
    {"/br", "HTTP/1.1 200 OK\r\nContent-Encoding: br\r\nContent-Length: 2\r\n\r\nxx"},
    {"/stacked", "HTTP/1.1 200 OK\r\nContent-Encoding: gzip, gzip\r\nContent-Length: 2\r\n\r\nxx"},
    {"/stacked-lines",
        "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Encoding: gzip\r\nContent-Length: 2\r\n\r\nxx"},
    {"/stacked-transfer", "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n"},
    {"/not-gzip", "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 5\r\n\r\nplain"},
    {"/length-lies", "HTTP/1.1 200 OK\r\nContent-Length: banana\r\n\r\nx"},
    {"/interim", "HTTP/1.1 103 Early Hints\r\nX-Early: 1\r\n\r\nHTTP/1.1 201 Created\r\nX-Late: "
                 "2\r\nContent-Length: 2\r\n\r\nok"},
};

static bool path_number(struct str path, struct str prefix, size_t *ret)
{
	int64_t n = 0;

	if (!str_starts(path, prefix) || !str_to_i64((struct str){path.p + prefix.n, path.n - prefix.n}, &n))
		return false;
	*ret = (size_t)n;
	return true;
}

static bool serve_sized(struct tiny_connection *c, struct str path)
{
	static const struct {
		struct str prefix;
		void (*respond)(struct tiny_connection *c, size_t n);
	} sized[] = {
	    {STR("/size/"), respond_size},
	    {STR("/chunked/"), respond_chunked},
	    {STR("/excess/"), respond_excess},
	    {STR("/bomb/"), respond_bomb},
	    {STR("/headers/"), respond_many_headers},
	};
	size_t n = 0;

	for (size_t i = 0; i < ARRAY_SIZE(sized); i++) {
		if (!path_number(path, sized[i].prefix, &n))
			continue;
		sized[i].respond(c, n);
		return true;
	}
	return false;
}

/* False: the connection is to be closed. */
static bool serve_other(struct tiny_connection *c, struct str path)
{
	if (str_is(path, "/gzip"))
		respond_gzip(c, "small but whole");
	else if (str_is(path, "/redirect"))
		tiny_respond(c, "302 Found\r\nLocation: /size/5", "moved", 5);
	else if (str_is(path, "/empty"))
		tiny_write(c, "HTTP/1.1 204 No Content\r\n\r\n", 27);
	else if (str_is(path, "/stall"))
		tiny_write(c, "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf", 43);
	else if (!str_is(path, "/hang"))
		tiny_respond(c, "200 OK\r\nX-Answer: 42\r\nx-list: a , b ", "hello", 5);
	return true;
}

static bool serve(struct tiny_connection *c, const char *request)
{
	struct str path = str_of(request);

	str_cut(&path, ' ');
	path = str_cut(&path, ' ');
	path = str_cut(&path, '?');
	for (size_t i = 0; i < ARRAY_SIZE(raw_routes); i++) {
		if (!str_is(path, raw_routes[i].path))
			continue;
		tiny_write(c, raw_routes[i].raw, strlen(raw_routes[i].raw));
		return false;
	}
	if (serve_sized(c, path))
		return true;
	if (str_is(path, "/ok-then-close")) {
		tiny_respond(c, "200 OK", "bye", 3);
		return false;
	}
	return serve_other(c, path);
}

/* ---- the client's side ---- */

struct world {
	struct loop *loop;
	struct http_client *client;
	struct tiny_server *server;
	struct timer *watchdog;
	int pending;
};

struct result {
	struct world *w;
	int called;
	int status;
	struct err err;
	char body[64];
	size_t body_n;
	char answer[32];
	char list[32];
	size_t nheaders;
	size_t budget_taken; /* of the world, when it was called */
};

static void out_of_time(void *user)
{
	(void)user;
	abort();
}

/* Of the servers that are started from now on; NULL: they speak plain HTTP. */
static struct tiny_identity *world_identity;

/* A group's setup: the same over TLS. */
static inline int world_over_tls(void **state)
{
	(void)state;
	world_identity = tiny_identity_new("127.0.0.1");
	return 0;
}

static inline int world_plain(void **state)
{
	(void)state;
	tiny_identity_free(TAKE(world_identity));
	return 0;
}

/* The world takes the server. */
static inline struct world world_start_with(const struct http_options *o, struct tiny_server *server)
{
	struct world w = {.loop = loop_new(), .server = server};
	struct err err = {0};

	w.client = http_client_new(w.loop, o, &err);
	assert_non_null(w.client);
	w.watchdog = timer_new(w.loop, out_of_time, NULL);
	timer_set(w.watchdog, WATCHDOG_MS, 0);
	return w;
}

static inline struct world world_start(const struct http_options *o, bool early)
{
	struct http_options options = *o;

	if (world_identity)
		options.ca_file = world_identity->file;
	return world_start_with(
	    &options, tiny_server_new(serve, early, world_identity ? world_identity->tls : NULL));
}

static inline void world_end(struct world *w)
{
	http_client_free(w->client);
	timer_free(w->watchdog);
	loop_free(w->loop);
	tiny_server_free(w->server);
}

static const struct http_options plain = {.allow_plain_loopback = true,
    .user_agent = "test/1",
    .body_max = BODY_MAX,
    .budget_bytes = 8u << 20,
    .max_connections = 400};

static void keep(char *to, size_t size, struct str s)
{
	snprintf(to, size, "%.*s", STR_ARG(s));
}

static inline void finished(void *user, const struct http_response *res, const struct err *err)
{
	struct result *r = user;

	r->called++;
	if (res) {
		r->status = res->status;
		r->body_n = res->body->n;
		r->nheaders = res->nheaders;
		keep(r->body, sizeof r->body, (struct str){buf_text(res->body), MIN(res->body->n, 60)});
		keep(r->answer, sizeof r->answer, http_response_header(res, "x-answer"));
		keep(r->list, sizeof r->list, http_response_header(res, "X-List"));
	} else {
		r->err = *err;
	}
	if (--r->w->pending == 0)
		loop_stop(r->w->loop);
}

#define URL_MAX 256

static inline void world_url(const struct world *w, const char *path, char ret[URL_MAX])
{
	snprintf(
	    ret, URL_MAX, "%s://127.0.0.1:%d%s", w->server->tls ? "https" : "http", w->server->port, path);
}

static inline struct http_call *send_to(
    struct world *w, const char *path, int64_t timeout_ms, struct result *r)
{
	char url[URL_MAX];

	world_url(w, path, url);
	*r = (struct result){.w = w};
	w->pending++;
	return http_send(w->client,
	    &(struct http_request){.method = "GET", .url = url, .timeout_ms = timeout_ms}, finished, r);
}

static inline struct result get(struct world *w, const char *path)
{
	struct result r;

	send_to(w, path, 20000, &r);
	assert_int_equal(r.called, 0);
	loop_run(w->loop);
	assert_int_equal(r.called, 1);
	assert_int_equal(http_in_flight(w->client), 0);
	return r;
}
