// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"

#include "server_world.h"

#define SYNC_BODY "{\"provider\":\"bench\"," CONNECTION "}"

static void test_a_write_with_a_key_takes_effect_once(void **state)
{
	(void)state;
	row[0] = "202";
	row[1] = SYNC;
	row[4] = "f";
	ask("POST /v1/syncs", KEY JSON "Idempotency-Key: \"k 1\"\r\n", SYNC_BODY);
	assert_status(&one, 202);
	assert_string_equal(asked_statement, "once_syncs_accept");
	assert_null(strstr(buf_text(&one.in), "Idempotency-Replayed"));
	row[4] = "t";
	ask("POST /v1/syncs", KEY JSON "idempotency-key: k 1\r\n", SYNC_BODY);
	assert_status(&one, 202);
	assert_head("Idempotency-Replayed: true\r\n");
	assert_head("Location: " SYNC "\r\n");
	ask("POST " SYNC "/retry", KEY "Idempotency-Key: k2\r\n", NULL);
	assert_string_equal(asked_statement, "once_syncs_retry");
	ask("POST " SYNC "/cancel", KEY "Idempotency-Key: k3\r\n", NULL);
	assert_string_equal(asked_statement, "syncs_cancel");
	ask("POST /v1/syncs", KEY JSON "Idempotency-Key: \"\r\n", SYNC_BODY);
	assert_problem(422, "invalid_idempotency_key");
}

static void test_a_client_that_has_the_body_gets_none(void **state)
{
	char headers[256];

	(void)state;
	ask("GET " SYNC, KEY, NULL);
	assert_head("Cache-Control: private, no-cache\r\n");
	const char *etag = strstr(buf_text(&one.in), "ETag: ");
	assert_non_null(etag);
	snprintf(headers, sizeof headers, KEY "If-None-Match: \"x\", W/%.34s\r\nConnection: close\r\n",
	    etag + strlen("ETag: "));
	ask("GET " SYNC, headers, NULL);
	assert_status(&one, 304);
	assert_head("ETag: ");
	assert_head("Content-Length: 7\r\n");
	assert_null(strstr(buf_text(&one.in), "Content-Type"));
	assert_string_equal(body_of(&one), "");
}

static void test_a_client_that_has_another_body_gets_this_one(void **state)
{
	(void)state;
	ask("GET " SYNC, KEY "If-None-Match: \"0123456789abcdef0123456789abcdef\"\r\n", NULL);
	assert_status(&one, 200);
	assert_string_equal(body_of(&one), "{\"a\":1}");
	row[0] = "404";
	ask("GET " SYNC, KEY "If-None-Match: *\r\n", NULL);
	assert_status(&one, 404);
	assert_null(strstr(buf_text(&one.in), "ETag"));
}

static void test_who_prefers_to_wait_gets_the_end(void **state)
{
	(void)state;
	row[0] = "202";
	row[1] = SYNC;
	ask("POST /v1/syncs", KEY JSON "Prefer: respond-async\r\n", SYNC_BODY);
	assert_status(&one, 202);
	assert_null(strstr(buf_text(&one.in), "Preference-Applied"));
	sync_ended = true;
	ask("POST /v1/syncs", KEY JSON "Prefer: respond-async, wait=600\r\n", SYNC_BODY);
	assert_status(&one, 200);
	assert_string_equal(asked_statement, "syncs_get");
	assert_head("Location: " SYNC "\r\n");
	assert_head("Preference-Applied: wait=10\r\n");
	assert_null(strstr(buf_text(&one.in), "Link:"));
}

static void test_who_waits_in_vain_is_told_where_to_look(void **state)
{
	(void)state;
	row[0] = "202";
	row[1] = SYNC;
	ask("POST /v1/syncs", KEY JSON "Prefer: wait=1\r\n", SYNC_BODY);
	assert_status(&one, 202);
	assert_string_equal(body_of(&one), "{\"a\":1}");
	assert_head("Location: " SYNC "\r\n");
	assert_head("Preference-Applied: wait=1\r\n");
	row[0] = "409";
	ask("POST /v1/syncs", KEY JSON "Prefer: wait=1\r\n", SYNC_BODY);
	assert_status(&one, 409);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
	    TEST(test_a_write_with_a_key_takes_effect_once),
	    TEST(test_a_client_that_has_the_body_gets_none),
	    TEST(test_a_client_that_has_another_body_gets_this_one),
	    TEST(test_who_prefers_to_wait_gets_the_end),
	    TEST(test_who_waits_in_vain_is_told_where_to_look),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
