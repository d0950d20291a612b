// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"

#include "params_world.h"

static void test_a_small_sync_request_gets_its_defaults(void **state)
{
	(void)state;
	bind("POST", "/v1/syncs", "{\"provider\":\"practicepanther\"," CONNECTION "}");
	assert_int_equal(faults.n, 0);
	assert_int_equal(args.n, 10);
	assert_int_equal(arg(0).p[6] >> 4, 7); /* a new UUIDv7 */
	assert_memory_equal(arg(1).p, caller.tenant.b, 16);
	assert_int_equal((unsigned char)arg(2).p[15], 1);
	assert_true(str_is(arg(3), "practicepanther"));
	assert_true(holds(arg(4), "contacts") && holds(arg(4), "matters") && holds(arg(4), "tasks"));
	assert_true(str_is(arg(5), "incremental"));
	assert_true(is_null(6));
	assert_int_equal(arg(7).p[0], 1);
	assert_int_equal(asked_tasks, 3);
	assert_true(str_is(arg(8), "interactive"));
	assert_true(str_is(arg(9), "attach"));
	assert_null(idempotency_key);
}

static void test_a_full_sync_request(void **state)
{
	(void)state;
	request.header_name = "traceparent";
	request.header_value = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
	dispatch_now = false;
	bind("POST", "/v1/syncs",
	    "{\"provider\":\"practicepanther\"," CONNECTION
	    ",\"resources\":[\"tasks\",\"contacts\"],\"mode\":\"full\","
	    "\"priority\":\"backfill\",\"on_conflict\":\"reject\","
	    "\"tenant_id\":\"AA000000-0000-0000-0000-000000000000\"}");
	assert_int_equal(faults.n, 0);
	assert_int_equal(args.n, 10);
	assert_true(str_is(arg(4), "tasks,contacts"));
	assert_true(str_is(arg(5), "full"));
	assert_true(str_is(arg(6), request.header_value));
	assert_int_equal(arg(7).p[0], 0);
	assert_int_equal(asked_tasks, 2);
	assert_true(str_is(arg(8), "backfill"));
	assert_true(str_is(arg(9), "reject"));
}

static void test_refused_bodies(void **state)
{
	static const struct {
		const char *body;
		const char *code;
		const char *pointer;
		const char *detail;
	} cases[] = {
	    {"", "malformed_json", "#", "empty"},
	    {"{", "malformed_json", "#", "byte"},
	    {"[]", "malformed_json", "#", "object"},
	    {"null", "malformed_json", "#", "object"},
	    {"\"x\"", "malformed_json", "#", "object"},
	    {"{} {}", "malformed_json", "#", "byte"},
	    {"{\"mode\":\"full\",\"mode\":\"full\"}", "malformed_json", "#", ""},
	    {"{\"a\":[[[[[[[[[[1]]]]]]]]]]}", "too_deep", "#", "8"},
	    {"{}", "missing_field", "#/connection_id", "required"},
	    {"{" CONNECTION "}", "missing_field", "#/provider", "required"},
	    {"{\"provider\":\"bench\"}", "missing_field", "#/connection_id", "required"},
	    {"{\"provider\":\"zoho\"," CONNECTION "}", "unknown_provider", "#/provider",
	        "practicepanther, bench"},
	    {"{\"provider\":\"\"," CONNECTION "}", "unknown_provider", "#/provider",
	        "practicepanther, bench"},
	    {"{\"provider\":7," CONNECTION "}", "wrong_type", "#/provider", "string"},
	    {"{\"provider\":null," CONNECTION "}", "wrong_type", "#/provider", "string"},
	    {"{\"provider\":\"bench\",\"connection_id\":\"1\"}", "wrong_type", "#/connection_id", "UUID"},
	    {"{\"provider\":\"bench\",\"connection_id\":{}}", "wrong_type", "#/connection_id", "UUID"},
	    {"{\"provider\":\"bench\"," CONNECTION ",\"mode\":\"fast\"}", "not_allowed", "#/mode",
	        "full, incremental"},
	    {"{\"provider\":\"bench\"," CONNECTION ",\"mode\":null}", "wrong_type", "#/mode", "string"},
	    {"{\"provider\":\"bench\"," CONNECTION ",\"resources\":[]}", "wrong_type", "#/resources",
	        "array"},
	    {"{\"provider\":\"bench\"," CONNECTION ",\"resources\":null}", "wrong_type", "#/resources",
	        "array"},
	    {"{\"provider\":\"bench\"," CONNECTION ",\"resources\":\"contacts\"}", "wrong_type",
	        "#/resources", "array"},
	    {"{\"provider\":\"bench\"," CONNECTION ",\"resources\":[\"matters\"]}", "unknown_resource",
	        "#/resources/0", "it has: contacts"},
	    {"{\"provider\":\"bench\"," CONNECTION ",\"resources\":[\"contacts\",1]}", "wrong_type",
	        "#/resources/1", "string"},
	    {"{\"provider\":\"bench\"," CONNECTION ",\"resources\":[\"contacts\",null]}", "wrong_type",
	        "#/resources/1", "string"},
	    {"{\"provider\":\"bench\"," CONNECTION ",\"resources\":[\"contacts\",\"contacts\"]}", "repeated",
	        "#/resources/1", "twice"},
	    {"{\"provider\":\"bench\"," CONNECTION ",\"Mode\":\"full\"}", "unknown_field", "#/Mode",
	        "tenant_id, connection_id, provider, resources, mode"},
	    {"{\"provider\":\"bench\"," CONNECTION ",\"tenant_id\":\"bb000000-0000-0000-0000-000000000000\"}",
	        PARAMS_FOREIGN_TENANT, "#/tenant_id", "tenant"},
	    {"{\"provider\":\"bench\"," CONNECTION ",\"tenant_id\":\"me\"}", "wrong_type", "#/tenant_id",
	        "UUID"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		char pointer[128];

		bind("POST", "/v1/syncs", cases[i].body);
		snprintf(pointer, sizeof pointer, "\"pointer\":\"%s\"", cases[i].pointer);
		assert_int_not_equal(faults.n, 0);
		assert_string_equal(faults.code, cases[i].code);
		assert_non_null(strstr(buf_text(&faults.json), pointer));
		assert_non_null(strstr(buf_text(&faults.detail), cases[i].detail));
	}
	assert_int_equal(asked_tasks, 0);
}

#define REPLAY "{" CONNECTION ",\"resource\":\"contacts\""
#define AN_ID "\"0190aaaa-0000-7000-8000-00000000000a\""

static void test_a_replay(void **state)
{
	(void)state;
	bind("POST", "/v1/dead-records/replay", REPLAY "}");
	assert_int_equal(faults.n, 0);
	assert_int_equal(args.n, 6);
	assert_true(str_is(arg(3), "contacts"));
	assert_true(is_null(4) && is_null(5));
	bind("POST", "/v1/dead-records/replay", REPLAY ",\"ids\":[" AN_ID "," AN_ID "]}");
	assert_int_equal(faults.n, 0);
	assert_false(is_null(4));
}

static void test_refused_replays(void **state)
{
	static const struct {
		const char *body;
		const char *code;
		const char *pointer;
	} cases[] = {
	    {"{" CONNECTION "}", "missing_field", "#/resource"},
	    {"{\"resource\":\"contacts\"}", "missing_field", "#/connection_id"},
	    {"{" CONNECTION ",\"resource\":\"\"}", "out_of_range", "#/resource"},
	    {"{" CONNECTION ",\"resource\":7}", "wrong_type", "#/resource"},
	    {"{" CONNECTION ",\"resource\":\"a\\u0000b\"}", "malformed_json", "#"},
	    {"{" CONNECTION
	     ",\"resource\":\"0123456789012345678901234567890123456789012345678901234567890123\"}",
	        "out_of_range", "#/resource"},
	    {REPLAY ",\"ids\":[]}", "wrong_type", "#/ids"},
	    {REPLAY ",\"ids\":null}", "wrong_type", "#/ids"},
	    {REPLAY ",\"ids\":" AN_ID "}", "wrong_type", "#/ids"},
	    {REPLAY ",\"ids\":[" AN_ID ",\"7\"]}", "wrong_type", "#/ids"},
	    {REPLAY ",\"ids\":[" AN_ID ",7]}", "wrong_type", "#/ids"},
	    {REPLAY ",\"mode\":\"full\"}", "unknown_field", "#/mode"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		char pointer[128];

		bind("POST", "/v1/dead-records/replay", cases[i].body);
		snprintf(pointer, sizeof pointer, "\"pointer\":\"%s\"", cases[i].pointer);
		if (faults.n == 0)
			fail_msg("%s was accepted", cases[i].body);
		assert_string_equal(faults.code, cases[i].code);
		assert_non_null(strstr(buf_text(&faults.json), pointer));
	}
}

#define DAILY "{\"provider\":\"bench\"," CONNECTION ",\"cron\":\"@daily\""

static void test_a_schedule(void **state)
{
	(void)state;
	bind("POST", "/v1/schedules", DAILY "}");
	assert_int_equal(faults.n, 0);
	assert_int_equal(args.n, 11);
	assert_true(is_null(4) && is_null(6) && is_null(7)); /* no resources: all, also later ones */
	assert_true(str_is(arg(5), "@daily"));
	assert_true(str_is(arg(8), "incremental") && str_is(arg(9), "once"));
	assert_int_equal(arg(10).p[0], 1);
	bind("POST", "/v1/schedules", DAILY ",\"enabled\":false,\"resources\":[\"contacts\"]}");
	assert_int_equal(faults.n, 0);
	assert_int_equal(arg(10).p[0], 0);
	assert_true(str_is(arg(7), "contacts"));
	bind("POST", "/v1/schedules", DAILY ",\"enabled\":\"false\"}");
	assert_string_equal(faults.code, "wrong_type");
	bind("POST", "/v1/schedules", DAILY ",\"enabled\":null}");
	assert_string_equal(faults.code, "wrong_type");
	bind("POST", "/v1/schedules", DAILY ",\"resources\":[\"matters\"]}");
	assert_string_equal(faults.code, "unknown_resource");
	request.query[0] = "enabled";
	request.query[1] = "false";
	bind("GET", "/v1/schedules", NULL);
	assert_int_equal(faults.n, 0);
	assert_int_equal(arg(5).p[0], 0);
	request.query[1] = "no";
	bind("GET", "/v1/schedules", NULL);
	assert_string_equal(faults.code, "wrong_type");
}

static void test_every_fault_is_told(void **state)
{
	(void)state;
	bind("POST", "/v1/syncs",
	    "{\"provider\":\"x\",\"connection_id\":1,\"mode\":2,\"resources\":3,\"other\":4}");
	assert_int_equal(faults.n, 5);
	assert_string_equal(faults.code, "unknown_field");
}

static void test_a_body_of_a_route_that_takes_nothing(void **state)
{
	(void)state;
	bind("POST", "/v1/syncs/0190aaaa-0000-7000-8000-000000000001/cancel", "{}");
	assert_int_equal(faults.n, 0);
	assert_int_equal(args.n, 2);
	bind("POST", "/v1/syncs/0190aaaa-0000-7000-8000-000000000001/cancel", "{\"why\":1}");
	assert_string_equal(faults.code, "unknown_field");
	bind("POST", "/v1/syncs/7/cancel", NULL);
	assert_string_equal(faults.code, "wrong_type");
	assert_non_null(strstr(buf_text(&faults.json), "\"{sync_id}\""));
}

static void test_a_page_of_syncs(void **state)
{
	(void)state;
	bind("GET", "/v1/syncs", NULL);
	assert_int_equal(faults.n, 0);
	assert_int_equal(args.n, 11);
	assert_memory_equal(arg(1).p, "\0\0\0\0\0\0\0\x32", 8);
	for (int i = 2; i < 11; i++)
		assert_true(is_null(i));
	const char *query[8] = {
	    "limit", "200", "cursor", "0190aaaa000070008000000000000001", "state", "queued", NULL};
	memcpy(request.query, query, sizeof query);
	bind("GET", "/v1/syncs", NULL);
	assert_int_equal(faults.n, 0);
	assert_true(str_is(arg(2), query[3]));
	assert_true(str_is(arg(3), "queued"));
}

static void test_refused_queries(void **state)
{
	static const struct {
		const char *name;
		const char *value;
		const char *code;
	} cases[] = {
	    {"limit", "0", "out_of_range"},
	    {"limit", "201", "out_of_range"},
	    {"limit", "-1", "out_of_range"},
	    {"limit", "ten", "wrong_type"},
	    {"limit", "", "wrong_type"},
	    {"limit", "99999999999999999999", "wrong_type"},
	    {"cursor", "", "wrong_type"},
	    {"cursor", "0190aaaa00007000800000000000000g", "wrong_type"},
	    {"cursor", "0190aaaa-0000-7000-8000-000000000001", "wrong_type"},
	    {"state", "done", "not_allowed"},
	    {"state", "", "not_allowed"},
	    {"state", "queued|running", "not_allowed"},
	    {"provider", "zoho", "unknown_provider"},
	    {"connection_id", "x", "wrong_type"},
	    {"resource", "", "out_of_range"},
	    {"mode", "ask", "not_allowed"},
	    {"priority", "high", "not_allowed"},
	    {"created_after", "", "wrong_type"},
	    {"created_after", "yesterday", "wrong_type"},
	    {"created_after", "2026-11-20", "wrong_type"},
	    {"created_after", "2026-11-20T09:30:00", "wrong_type"},
	    {"created_after", "2026-11-20T09:30:00 02:00", "wrong_type"},
	    {"created_after", "2026-11-20T09:30:00+0200", "wrong_type"},
	    {"created_before", "2026-11-20T09:30:00.1234567890Z", "wrong_type"},
	    {"created_before", "2026-11-20T09:30:00Zz", "wrong_type"},
	    {"created_before", "2026-11-20T09:30:00+02:00 ", "wrong_type"},
	    {"offset", "3", "unknown_parameter"},
	    {"", "", "unknown_parameter"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		char pointer[64];

		request.query[0] = cases[i].name;
		request.query[1] = cases[i].value;
		bind("GET", "/v1/syncs", NULL);
		snprintf(pointer, sizeof pointer, "\"pointer\":\"?%s\"", cases[i].name);
		assert_int_equal(faults.n, 1);
		assert_string_equal(faults.code, cases[i].code);
		assert_non_null(strstr(buf_text(&faults.json), pointer));
	}
}

static void test_a_repeated_query_parameter_is_refused(void **state)
{
	const char *query[8] = {"limit", "1", "limit", "2", NULL};

	(void)state;
	memcpy(request.query, query, sizeof query);
	bind("GET", "/v1/syncs", NULL);
	assert_string_equal(faults.code, "repeated");
}

static void test_a_malformed_traceparent_is_none(void **state)
{
	static const char *const cases[] = {"", "00",
	    "01-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
	    "00-0AF7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
	    "00-00000000000000000000000000000000-b7ad6b7169203331-01",
	    "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01",
	    "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-0x",
	    "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-",
	    "00-0af7651916cd43dd8448eb211c80319cb7ad6b7169203331---01"};

	(void)state;
	request.header_name = "traceparent";
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		request.header_value = cases[i];
		bind("POST", "/v1/syncs", "{\"provider\":\"bench\"," CONNECTION "}");
		assert_int_equal(faults.n, 0);
		assert_true(is_null(6));
	}
}

static void test_long_refused_values_are_cut(void **state)
{
	struct buf body = BUF(1u << 20);

	(void)state;
	buf_add_text(&body, "{\"provider\":\"");
	for (int i = 0; i < 5000; i++)
		buf_add_text(&body, "\xc3\xa9");
	buf_printf(&body, "\",\"%05000d\":1," CONNECTION "}", 7);
	bind("POST", "/v1/syncs", buf_text(&body));
	assert_int_equal(faults.n, 2);
	assert_true(faults.json.n < 1500);
	buf_done(&body);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
	    TEST(test_a_small_sync_request_gets_its_defaults),
	    TEST(test_a_full_sync_request),
	    TEST(test_refused_bodies),
	    TEST(test_a_replay),
	    TEST(test_refused_replays),
	    TEST(test_a_schedule),
	    TEST(test_every_fault_is_told),
	    TEST(test_a_body_of_a_route_that_takes_nothing),
	    TEST(test_a_page_of_syncs),
	    TEST(test_refused_queries),
	    TEST(test_a_repeated_query_parameter_is_refused),
	    TEST(test_a_malformed_traceparent_is_none),
	    TEST(test_long_refused_values_are_cut),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
