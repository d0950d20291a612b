// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "httpd_world.h"

#define ASK "GET /stream HTTP/1.1\r\nHost: x\r\n\r\n"
#define PIECE 50000

static const char *awaited;
static struct buf body;

static bool has_stream(void)
{
	return t.stream != NULL;
}

static bool is_gone(void)
{
	return t.gone == 1;
}

/* The chunks' contents so far go to `body`; true when the last, empty one has come. */
static bool read_chunks(struct client *c)
{
	client_read(c);
	struct str rest = buf_str(&c->in);
	const char *head_end = strstr(buf_text(&c->in), "\r\n\r\n");

	buf_clear(&body);
	if (!head_end)
		return false;
	rest.n -= (size_t)(head_end + 4 - rest.p);
	rest.p = head_end + 4;
	while (memchr(rest.p, '\n', rest.n)) {
		struct str line = str_cut(&rest, '\n');
		size_t n = strtoul(line.p, NULL, 16);

		if (n == 0)
			return true;
		if (rest.n < n + 2)
			break;
		buf_add(&body, rest.p, n);
		rest.p += n + 2;
		rest.n -= n + 2;
	}
	return false;
}

static bool body_is_there(void)
{
	read_chunks(&one);
	return strcmp(buf_text(&body), awaited) == 0;
}

static bool body_ended(void)
{
	return read_chunks(&one);
}

static void await_body(const char *text)
{
	awaited = text;
	run_until(body_is_there);
}

static void open_one(const char *request)
{
	body = BUF(8u << 20);
	client_open(&one, httpd_address(t.httpd));
	client_say(&one, request);
	run_until(has_stream);
}

static void close_one(void)
{
	client_done(&one);
	buf_done(&body);
}

static void test_what_is_written_arrives(void **state)
{
	(void)state;
	open_one(ASK);
	run_until(one_answered); /* the head comes before any byte of the body */
	assert_status(&one, 200);
	assert_non_null(strstr(buf_text(&one.in), "text/event-stream"));
	assert_true(httpd_stream_write(t.stream, STR("one ")));
	assert_true(httpd_stream_write(t.stream, STR("two ")));
	assert_int_equal(httpd_stream_waiting(t.stream), 8);
	await_body("one two ");
	assert_int_equal(httpd_stream_waiting(t.stream), 0);
	assert_true(httpd_stream_write(t.stream, STR("three")));
	await_body("one two three");
	assert_int_equal(t.gone, 0);
	assert_int_equal(httpd_pending(t.httpd), 1);
	assert_true(httpd_stream_write(t.stream, STR(", end")));
	httpd_stream_end(t.stream);
	assert_false(httpd_stream_write(t.stream, STR("too late")));
	run_until(is_gone);
	assert_int_equal(t.why, HTTPD_GONE_ENDED);
	run_until(body_ended);
	assert_string_equal(buf_text(&body), "one two three, end");
	assert_int_equal(httpd_pending(t.httpd), 0);
	close_one();
}

static void test_the_connection_serves_on_after_the_end(void **state)
{
	(void)state;
	open_one(ASK);
	httpd_stream_end(t.stream);
	run_until(is_gone);
	run_until(body_ended);
	buf_clear(&one.in);
	client_say(&one, "GET /after HTTP/1.1\r\nHost: x\r\n\r\n");
	run_until(one_answered);
	assert_string_equal(body_of(&one), "GET /after <>");
	close_one();
}

static void test_a_head_has_no_body(void **state)
{
	(void)state;
	body = BUF(1000);
	client_open(&one, httpd_address(t.httpd));
	client_say(&one, "HEAD /stream HTTP/1.1\r\nHost: x\r\n\r\n");
	run_until(is_gone);
	assert_int_equal(t.why, HTTPD_GONE_ENDED);
	run_until(one_answered);
	assert_status(&one, 200);
	assert_string_equal(body_of(&one), "");
	close_one();
}

static void test_a_client_without_chunks(void **state)
{
	(void)state;
	open_one("GET /stream HTTP/1.0\r\n\r\n");
	assert_true(httpd_stream_write(t.stream, STR("plain")));
	httpd_stream_end(t.stream);
	run_until(is_gone);
	run_until(one_closed);
	assert_string_equal(body_of(&one), "plain");
	close_one();
}

/* Much more than the kernel's buffers take, for a client that reads late, but in time. */
static void test_what_waits_comes_in_order(void **state)
{
	char piece[PIECE];
	size_t written = 0;

	(void)state;
	open_one(ASK);
	for (int i = 0; i < 12; i++) {
		memset(piece, 'a' + i, sizeof piece);
		assert_true(httpd_stream_write(t.stream, (struct str){piece, sizeof piece}));
		written += sizeof piece;
	}
	httpd_stream_end(t.stream);
	run_until(body_ended);
	assert_int_equal(body.n, written);
	for (size_t i = 0; i < written; i++)
		assert_int_equal(body.p[i], 'a' + (int)(i / PIECE));
	close_one();
}

static size_t waited; /* bytes, when a piece was refused */

static bool fill_until_refused(void)
{
	char piece[PIECE];

	memset(piece, 'x', sizeof piece);
	if (!t.stream || httpd_stream_write(t.stream, (struct str){piece, sizeof piece}))
		return !t.stream;
	waited = httpd_stream_waiting(t.stream);
	return true;
}

static void test_a_slow_reader_is_dropped(void **state)
{
	(void)state;
	open_one(ASK);
	run_until(fill_until_refused);
	assert_true(waited <= STREAM_MAX);
	assert_true(waited > STREAM_MAX - PIECE);
	run_until(is_gone);
	assert_int_equal(t.why, HTTPD_GONE_SLOW);
	run_until(one_closed);
	assert_false(body_ended()); /* cut: what is missing must not look like the end */
	close_one();
}

/* One piece larger than the buffer while nothing waits: the connection sleeps and must be woken to be closed.
 */
static void test_a_piece_beyond_the_buffer(void **state)
{
	char *piece = mem_zalloc(STREAM_MAX + 1);

	(void)state;
	open_one(ASK);
	run_until(one_answered);
	assert_false(httpd_stream_write(t.stream, (struct str){piece, STREAM_MAX + 1}));
	free(piece);
	run_until(is_gone);
	assert_int_equal(t.why, HTTPD_GONE_SLOW);
	close_one();
}

static bool write_until_gone(void)
{
	return !t.stream || (httpd_stream_write(t.stream, STR(": \n\n")), false);
}

static void test_a_write_notices_who_went_away(void **state)
{
	(void)state;
	open_one(ASK);
	run_until(one_answered);
	client_done(&one);
	run_until(write_until_gone);
	assert_int_equal(t.why, HTTPD_GONE_AWAY);
	assert_int_equal(httpd_pending(t.httpd), 0);
	buf_done(&body);
}

static void on_stopped(void *user)
{
	assert_ptr_equal(user, &t);
	t.stopped = true;
}

static void test_stop_ends_streams(void **state)
{
	(void)state;
	open_one(ASK);
	assert_true(httpd_stream_write(t.stream, STR("last words")));
	httpd_stop(t.httpd, GUARD_MS * 2, on_stopped, &t);
	run_until(is_stopped);
	assert_int_equal(t.gone, 1);
	assert_int_equal(t.why, HTTPD_GONE_ENDED);
	run_until(body_ended);
	assert_string_equal(buf_text(&body), "last words");
	close_one();
}

static void test_free_closes_streams(void **state)
{
	(void)state;
	open_one(ASK);
	run_until(one_answered);
	httpd_free(t.httpd);
	t.httpd = NULL;
	assert_int_equal(t.gone, 1);
	close_one();
}

/* Full batches of epoll events, as in the other bursts. */
static void test_many_streams(void **state)
{
	static struct httpd_stream *streams[257];

	(void)state;
	nmany = ARRAY_SIZE(streams);
	for (size_t i = 0; i < nmany; i++) {
		client_open(&many[i], httpd_address(t.httpd));
		client_say(&many[i], ASK);
		t.stream = NULL;
		run_until(has_stream);
		streams[i] = t.stream;
	}
	body = BUF(1000);
	for (int round = 0; round < 3; round++) {
		for (size_t i = 0; i < nmany; i++)
			assert_true(httpd_stream_write(streams[i], STR("tick ")));
		for (size_t i = 0; i < nmany; i++)
			while (read_chunks(&many[i]), body.n != 5 * (size_t)(round + 1))
				run_until(all_answered);
	}
	for (size_t i = 0; i < nmany; i++)
		client_done(&many[i]);
	buf_done(&body);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(test_what_is_written_arrives),
	    TEST(test_the_connection_serves_on_after_the_end),
	    TEST(test_a_head_has_no_body),
	    TEST(test_a_client_without_chunks),
	    TEST(test_what_waits_comes_in_order),
	    TEST(test_a_slow_reader_is_dropped),
	    TEST(test_a_piece_beyond_the_buffer),
	    TEST(test_a_write_notices_who_went_away),
	    TEST(test_stop_ends_streams),
	    TEST(test_free_closes_streams),
	    TEST(test_many_streams),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
