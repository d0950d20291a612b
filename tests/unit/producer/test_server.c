// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"

#include "server_world.h"

#define MANY 200

static struct client many[MANY];

static void stop_when_asked(void *user)
{
	(void)user;
	if (fake.nops > 0)
		loop_stop(loop);
}

/* Runs until a statement is under way; it stays unanswered. */
static void await_statement(void)
{
	struct timer *tick = timer_new(loop, stop_when_asked, NULL);

	fake.automatic = false;
	timer_set(tick, 0, 1);
	loop_run(loop);
	timer_free(tick);
}

static void test_a_read_is_answered_by_its_statement(void **state)
{
	(void)state;
	ask("GET " SYNC, KEY "X-Request-Id: mine-1\r\n", NULL);
	assert_status(&one, 200);
	assert_string_equal(asked_statement, "syncs_get");
	assert_string_equal(body_of(&one), "{\"a\":1}");
	assert_head("Content-Type: application/json\r\n");
	assert_head("X-Request-Id: mine-1\r\n");
	assert_null(strstr(buf_text(&one.in), "Link:"));
}

static void test_the_next_page_is_a_link(void **state)
{
	(void)state;
	row[1] = "/v1/syncs?cursor=1";
	ask("GET /v1/syncs?limit=1", KEY, NULL);
	assert_string_equal(asked_statement, "syncs_list");
	assert_head("Link: </v1/syncs?cursor=1>; rel=\"next\"\r\n");
}

static void test_head_is_get_without_a_body(void **state)
{
	(void)state;
	ask("HEAD " SYNC, KEY "Connection: close\r\n", NULL);
	assert_status(&one, 200);
	assert_string_equal(asked_statement, "syncs_get");
}

static void test_a_write_is_answered_after_its_commit(void **state)
{
	(void)state;
	row[0] = "202";
	row[1] = SYNC;
	row[3] = "[{\"id\":1}]";
	ask("POST /v1/syncs", KEY JSON, "{\"provider\":\"bench\"," CONNECTION "}");
	assert_status(&one, 202);
	assert_string_equal(asked_statement, "syncs_accept");
	assert_head("Location: " SYNC "\r\n");
	assert_string_equal(buf_text(&dispatched), "[{\"id\":1}]");
	ask("POST " SYNC "/cancel", KEY, NULL);
	assert_status(&one, 202);
	assert_string_equal(asked_statement, "syncs_cancel");
}

static void test_a_statement_may_find_a_problem(void **state)
{
	(void)state;
	row[0] = "404";
	row[2] = "{\"code\":\"unknown_sync\"}";
	ask("GET " SYNC, KEY, NULL);
	assert_problem(404, "unknown_sync");
}

static void test_providers_are_answered_by_a_statement(void **state)
{
	(void)state;
	ask("GET /v1/providers", KEY, NULL);
	assert_status(&one, 200);
	assert_string_equal(asked_statement, "providers_list");
}

static void test_callers_without_a_known_key_are_refused(void **state)
{
	(void)state;
	ask("GET /v1/syncs", "", NULL);
	assert_problem(401, "missing_key");
	assert_head("WWW-Authenticate: Bearer realm=\"sync-fleet\"\r\n");
	ask("POST /v1/syncs", "Authorization: Bearer sfk_" UNKNOWN_SECRET "\r\n" JSON, "{");
	assert_problem(401, "unknown_key");
	assert_int_equal(statements, 0);
}

static void test_refusals(void **state)
{
	static const struct {
		const char *line;
		const char *headers;
		const char *body;
		int status;
		const char *code;
	} cases[] = {
	    {"GET /v1/nothing", KEY, NULL, 404, "unknown_path"},
	    {"DELETE /v1/syncs", KEY, NULL, 405, "method_not_allowed"},
	    {"POST /v1/syncs", KEY, "{}", 415, "unsupported_media_type"},
	    {"POST /v1/syncs", KEY "Content-Type: text/json\r\n", "{}", 415, "unsupported_media_type"},
	    {"POST " SYNC "/cancel", KEY, "x=1", 415, "unsupported_media_type"},
	    {"POST /v1/syncs", KEY JSON, NULL, 400, "malformed_json"},
	    {"POST /v1/syncs", KEY JSON, "{", 400, "malformed_json"},
	    {"POST /v1/syncs", KEY JSON, "{\"a\":[[[[[[[[[]]]]]]]]]}", 400, "too_deep"},
	    {"POST /v1/syncs", KEY "content-type: Application/JSON ; charset=utf-8\r\n", "{}", 422,
	        "missing_field"},
	    {"POST /v1/syncs", KEY JSON,
	        "{\"provider\":\"bench\"," CONNECTION ",\"tenant_id\":\"" SECRET "\"}", 422, "wrong_type"},
	    {"POST /v1/syncs", KEY JSON,
	        "{\"provider\":\"bench\"," CONNECTION
	        ",\"tenant_id\":\"0190aaaa-0000-7000-8000-000000000002\"}",
	        403, "foreign_tenant"},
	    {"GET /v1/syncs?state=odd", KEY, NULL, 422, "not_allowed"},
	    {"GET /v1/syncs/7", KEY, NULL, 422, "wrong_type"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		ask(cases[i].line, cases[i].headers, cases[i].body);
		assert_problem(cases[i].status, cases[i].code);
		assert_head("X-Request-Id: 0");
	}
	assert_int_equal(statements, 0);
	ask("DELETE /v1/syncs", KEY, NULL);
	assert_head("Allow: POST, GET, HEAD\r\n");
}

static void test_an_oversized_body_is_refused(void **state)
{
	(void)state;
	client_say(&one, "POST /v1/syncs HTTP/1.1\r\nHost: x\r\n" KEY JSON "Content-Length: 1001\r\n\r\n");
	await(&one, 1);
	assert_problem(413, "body_too_large");
}

static void test_a_harmful_request_id_is_replaced(void **state)
{
	static const char *const cases[] = {"", "a b", "a\"b", "a\\b", "\xc3\xa9"};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		char *headers = mem_printf(KEY "X-Request-Id: %s\r\n", cases[i]);

		ask("GET /v1/providers", headers, NULL);
		const char *echoed = strstr(buf_text(&one.in), "X-Request-Id: ");
		assert_non_null(echoed);
		assert_int_equal(strcspn(echoed, "\r"), strlen("X-Request-Id: ") + UUID_TEXT_LEN);
		free(headers);
	}
}

static void test_failed_statements(void **state)
{
	static const struct {
		const char *sqlstate;
		int status;
		const char *code;
	} cases[] = {{"22003", 422, "value_refused"}, {"42P01", 500, "internal_error"},
	    {"40P01", 503, "database_busy"}};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		failing_state = cases[i].sqlstate;
		ask("GET " SYNC, KEY, NULL);
		assert_problem(cases[i].status, cases[i].code);
		ask("POST " SYNC "/cancel", KEY, NULL);
		assert_problem(cases[i].status, cases[i].code);
	}
	assert_head("Retry-After: 1\r\n");
}

static void test_a_statement_without_a_row_is_our_fault(void **state)
{
	(void)state;
	row[0] = NULL;
	ask("GET " SYNC, KEY, NULL);
	assert_problem(500, "internal_error");
}

static void test_a_lost_connection(void **state)
{
	(void)state;
	ask("GET " SYNC, KEY, NULL);
	err_set(&fake.lost, RC_LOST, "gone");
	ask("GET " SYNC, KEY, NULL);
	assert_problem(503, "database_away");
	ask("POST " SYNC "/cancel", KEY, NULL);
	assert_problem(503, "outcome_unknown");
	assert_head("Retry-After: 1\r\n");
	assert_int_equal(dispatched.n, 0);
}

static void test_a_database_that_is_away(void **state)
{
	(void)state;
	teardown(NULL);
	metrics_init("test");
	dispatched = BUF(4096);
	fake.refuse_new = true;
	err_set(&fake.lost, RC_LOST, "not there");
	serve();
	assert_false(server_database_up(server));
	ask("GET /v1/syncs", KEY, NULL);
	assert_problem(503, "database_away");
	assert_head("Retry-After: 1\r\n");
}

static void test_many_writes_share_few_commits(void **state)
{
	(void)state;
	row[0] = "202";
	row[3] = "[]";
	ask("GET /v1/providers", KEY, NULL);
	statements = 0;
	size_t before = fake.nsyncs;
	for (size_t i = 0; i < MANY; i++) {
		client_open(&many[i], server_address(server));
		client_say(
		    &many[i], "POST " SYNC "/cancel HTTP/1.1\r\nHost: x\r\n" KEY "Content-Length: 0\r\n\r\n");
	}
	await(many, MANY);
	for (size_t i = 0; i < MANY; i++) {
		assert_status(&many[i], 202);
		client_done(&many[i]);
	}
	assert_int_equal(statements, MANY);
	assert_true(fake.nsyncs - before < MANY / 4);
	assert_int_equal(dispatched.n, 2 * MANY);
}

static void stopped(void *user)
{
	*(bool *)user = true;
	loop_stop(loop);
}

static void test_stop_answers_what_is_running(void **state)
{
	bool is_stopped = false;

	(void)state;
	ask("GET /v1/providers", KEY, NULL);
	client_next(&one);
	client_say(&one, "GET " SYNC " HTTP/1.1\r\nHost: x\r\n" KEY "\r\n");
	await_statement();
	server_stop(server, 60000, stopped, &is_stopped);
	timer_set(fake.later, 0, 0);
	loop_run(loop);
	assert_true(is_stopped);
	assert_int_not_equal(response_bytes(&one), 0);
	assert_status(&one, 200);
	assert_head("Connection: close");
}

static void test_free_with_calls_in_flight(void **state)
{
	(void)state;
	client_say(&one, "GET " SYNC " HTTP/1.1\r\nHost: x\r\n" KEY "\r\n");
	await_statement();
	/* teardown frees the server: the sanitizers see what is left */
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
	    TEST(test_a_read_is_answered_by_its_statement),
	    TEST(test_the_next_page_is_a_link),
	    TEST(test_head_is_get_without_a_body),
	    TEST(test_a_write_is_answered_after_its_commit),
	    TEST(test_a_statement_may_find_a_problem),
	    TEST(test_providers_are_answered_by_a_statement),
	    TEST(test_callers_without_a_known_key_are_refused),
	    TEST(test_refusals),
	    TEST(test_an_oversized_body_is_refused),
	    TEST(test_a_harmful_request_id_is_replaced),
	    TEST(test_failed_statements),
	    TEST(test_a_statement_without_a_row_is_our_fault),
	    TEST(test_a_lost_connection),
	    TEST(test_a_database_that_is_away),
	    TEST(test_many_writes_share_few_commits),
	    TEST(test_stop_answers_what_is_running),
	    TEST(test_free_with_calls_in_flight),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
