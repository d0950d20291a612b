// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "base/utf8.h"
#include "sync/dead_letter.h"
#include "sync/messages.h"

#include <json_pointer.h>
#include <setjmp.h>

#include <cmocka.h>

/* ---- the corpus that the JSON Schemas are held against too (tests/system/test_messages.py) ---- */

typedef enum rc decoder(json_object *message, struct json_problem *problem);

static struct str text_of(json_object *o)
{
	return str_of(json_object_to_json_string_ext(o, JSON_C_TO_STRING_PLAIN));
}

static enum rc decode_request(json_object *message, struct json_problem *problem)
{
	struct sync_request rq = {0};
	enum rc rc = request_decode(text_of(message), &(struct request_headers){0}, &rq, problem);

	sync_request_done(&rq);
	return rc;
}

static enum rc decode_task(json_object *message, struct json_problem *problem)
{
	struct task_message m = {0};
	enum rc rc = task_message_decode(text_of(message), &m, problem);

	task_message_done(&m);
	return rc;
}

static enum rc decode_result(json_object *message, struct json_problem *problem)
{
	struct result_message m = {0};
	enum rc rc = result_decode(text_of(message), &m, problem);

	result_message_done(&m);
	return rc;
}

static enum rc decode_dead_letter(json_object *message, struct json_problem *problem)
{
	struct kafka_header headers[32];
	struct dead_letter letter;
	json_object *object = json_object_object_get(message, "headers");
	size_t n = 0;

	json_object_object_foreach(object, name, value)
	{
		assert_true(n < ARRAY_SIZE(headers));
		headers[n++] = (struct kafka_header){name, str_of(json_object_get_string(value))};
	}
	enum rc rc = dead_letter_decode(headers, n, &letter, problem);
	if (rc != RC_OK || !letter.of_task)
		return rc;
	rc = decode_task(json_object_object_get(message, "value"), problem);
	if (rc != RC_OK)
		json_problem_nest(problem, "/value");
	return rc;
}

static json_object *copy_of(json_object *o)
{
	json_object *copy = NULL;

	assert_int_equal(json_object_deep_copy(o, &copy, NULL), 0);
	return copy;
}

static void drop(json_object *message, const char *pointer)
{
	char parent[128];
	json_object *object = message;
	const char *name = strrchr(pointer, '/') + 1;

	snprintf(parent, sizeof parent, "%.*s", (int)(name - 1 - pointer), pointer);
	if (parent[0])
		assert_int_equal(json_pointer_get(message, parent, &object), 0);
	json_object_object_del(object, name);
}

static json_object *mutate(json_object *valid, json_object *mutation)
{
	json_object *set = json_object_object_get(mutation, "set");
	const char *dropped = json_object_get_string(json_object_object_get(mutation, "drop"));
	json_object *copy = copy_of(valid);

	if (dropped)
		drop(copy, dropped);
	if (!set)
		return copy;
	json_object_object_foreach(set, pointer, value)
	{
		json_object *own = value ? copy_of(value) : NULL;

		if (pointer[0] == '\0') {
			json_object_put(copy);
			copy = own;
		} else {
			assert_int_equal(json_pointer_set(&copy, pointer, own), 0);
		}
	}
	return copy;
}

static void check_mutation(json_object *valid, json_object *mutation, decoder *decode)
{
	const char *name = json_object_get_string(json_object_object_get(mutation, "name"));
	const char *pointer = json_object_get_string(json_object_object_get(mutation, "pointer"));
	json_object *from = json_object_object_get(mutation, "from");
	json_object *message = mutate(
	    json_object_array_get_idx(valid, json_object_get_uint64(from)), mutation);
	struct json_problem problem = {0};
	enum rc rc = decode(message, &problem);

	if (!pointer && rc != RC_OK)
		fail_msg("%s: refused: %s", name, problem.err.text);
	if (pointer && rc != RC_INVALID)
		fail_msg("%s: not refused", name);
	if (pointer && strcmp(problem.pointer, pointer) != 0)
		fail_msg(
		    "%s: pointer %s instead of %s (%s)", name, problem.pointer, pointer, problem.err.text);
	if (pointer && strncmp(problem.err.text, pointer, strlen(pointer)) != 0)
		fail_msg("%s: the text does not begin with the pointer: %s", name, problem.err.text);
	json_object_put(message);
}

static void check_corpus(const char *file, decoder *decode)
{
	json_object *corpus = json_object_from_file(file);

	assert_non_null(corpus);
	json_object *valid = json_object_object_get(corpus, "valid");
	json_object *mutations = json_object_object_get(corpus, "mutations");
	assert_true(json_object_array_length(valid) > 0 && json_object_array_length(mutations) > 0);
	for (size_t i = 0; i < json_object_array_length(valid); i++) {
		struct json_problem problem = {0};

		if (decode(json_object_array_get_idx(valid, i), &problem) != RC_OK)
			fail_msg("%s, valid %zu: %s", file, i, problem.err.text);
	}
	for (size_t i = 0; i < json_object_array_length(mutations); i++)
		check_mutation(valid, json_object_array_get_idx(mutations, i), decode);
	json_object_put(corpus);
}

static void test_corpus(void **state)
{
	(void)state;
	check_corpus("tests/fixtures/messages/request.json", decode_request);
	check_corpus("tests/fixtures/messages/task.json", decode_task);
	check_corpus("tests/fixtures/messages/result.json", decode_result);
	check_corpus("tests/fixtures/messages/dead-letter.json", decode_dead_letter);
}

/* ---- requests ---- */

#define CONNECTION "019aa0f2-7c1e-7a44-9d5b-0f6a4c1b2e30"
#define TENANT "019aa0f2-7c00-7d00-b1c2-d3e4f5a6b7c8"
#define BODY "{\"provider\":\"bench\",\"connection_id\":\"" CONNECTION "\"}"
#define TRACE "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"

static void assert_str(struct str s, const char *want)
{
	if (!want)
		assert_null(s.p);
	else if (!str_is(s, want))
		fail_msg("\"%.*s\" instead of \"%s\"", STR_ARG(s), want);
}

static void assert_uuid(const struct uuid *id, const char *want)
{
	char text[UUID_TEXT_LEN + 1];

	uuid_format(id, text);
	assert_string_equal(text, want);
}

static void test_request_fields(void **state)
{
	struct sync_request rq;
	struct json_problem problem;
	const struct request_headers none = {0};

	(void)state;
	assert_int_equal(
	    request_decode(STR("{\"provider\":\"bench\",\"connection_id\":\"" CONNECTION
	                       "\",\"resources\":[\"a\",\"b\"],\"mode\":\"full\",\"priority\":\"backfill\","
	                       "\"on_conflict\":\"reject\",\"tenant_id\":\"" TENANT "\"}"),
	        &none, &rq, &problem),
	    RC_OK);
	assert_str(rq.provider, "bench");
	assert_uuid(&rq.connection_id, CONNECTION);
	assert_int_equal(rq.resources.n, 2);
	assert_str(rq.resources.item[1], "b");
	assert_int_equal(rq.mode, SYNC_FULL);
	assert_int_equal(rq.priority, SYNC_BACKFILL);
	assert_int_equal(rq.on_conflict, SYNC_REJECT);
	assert_true(rq.has_tenant);
	assert_uuid(&rq.tenant_id, TENANT);
	assert_str(rq.event_id, NULL);
	assert_str(rq.traceparent, NULL);
	sync_request_done(&rq);
	assert_int_equal(request_decode(STR(BODY), &none, &rq, &problem), RC_OK);
	assert_int_equal(rq.mode, SYNC_INCREMENTAL);
	assert_int_equal(rq.priority, SYNC_INTERACTIVE);
	assert_int_equal(rq.on_conflict, SYNC_ATTACH);
	assert_int_equal(rq.resources.n, 0);
	assert_false(rq.has_tenant);
	sync_request_done(&rq);
}

static void test_request_encode(void **state)
{
	struct sync_request rq;
	struct json_problem problem;
	struct buf out = BUF(1024);
	const struct str full = STR(
	    "{\"provider\":\"bench\",\"connection_id\":\"" CONNECTION
	    "\",\"resources\":[\"a\"],\"mode\":\"full\",\"priority\":\"backfill\",\"on_conflict\":\"reject\","
	    "\"tenant_id\":\"" TENANT "\"}");

	(void)state;
	assert_int_equal(request_decode(full, &(struct request_headers){0}, &rq, &problem), RC_OK);
	request_encode(&rq, &out);
	assert_str(buf_str(&out), full.p);
	sync_request_done(&rq);
	buf_done(&out);
}

#define EVENT(members) "{\"specversion\":\"1.0\"," members "}"
#define IDENTITY "\"id\":\"e1\",\"source\":\"/crm\",\"type\":\"t\""

/* A pointer names what somebody else chose: it is cut, and stays text. */
static void test_pointers_of_long_names(void **state)
{
	static const char *const names[] = {"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\\ud83d\\ude00",
	    "\xe2\x82\xac\xe2\x82\xac",
	    "a\xcc\x88 "
	    "\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac"
	    "\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac"};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		AUTO(mem_free_ptr)
		char *event = mem_printf(EVENT(IDENTITY ",\"%s\":7,\"data\":" BODY), names[i]);
		const struct request_headers h = {.content_type = STR("application/cloudevents+json")};
		struct sync_request rq;
		struct json_problem problem;

		assert_int_equal(request_decode(str_of(event), &h, &rq, &problem), RC_INVALID);
		assert_true(utf8_valid(str_of(problem.pointer)));
		assert_true(str_starts(str_of(problem.err.text), str_of(problem.pointer)));
	}
}

static void test_structured_events(void **state)
{
	static const struct {
		const char *value;
		const char *pointer; /* NULL: good */
	} cases[] = {
	    {EVENT(IDENTITY ",\"data\":" BODY), NULL},
	    {EVENT(IDENTITY
	         ",\"time\":\"2026-11-20T00:00:00Z\",\"subject\":\"s\",\"myext1\":7,\"datacontenttype\":"
	         "\"application/json; charset=utf-8\",\"data\":" BODY),
	        NULL},
	    {EVENT("\"id\":\"e1\",\"source\":\"/crm\",\"data\":" BODY), "/type"},
	    {EVENT("\"source\":\"/crm\",\"type\":\"t\",\"data\":" BODY), "/id"},
	    {EVENT("\"id\":\"\",\"source\":\"/crm\",\"type\":\"t\",\"data\":" BODY), "/id"},
	    {EVENT("\"id\":7,\"source\":\"/crm\",\"type\":\"t\",\"data\":" BODY), "/id"},
	    {EVENT("\"id\":\"e1\",\"type\":\"t\",\"data\":" BODY), "/source"},
	    {"{\"specversion\":\"0.3\"," IDENTITY ",\"data\":" BODY "}", "/specversion"},
	    {"{" IDENTITY ",\"data\":" BODY "}", "/specversion"},
	    {EVENT(IDENTITY), "/data"},
	    {EVENT(IDENTITY ",\"data_base64\":\"e30=\""), "/data_base64"},
	    {EVENT(IDENTITY ",\"datacontenttype\":\"text/xml\",\"data\":" BODY), "/datacontenttype"},
	    {EVENT(IDENTITY ",\"MyExt\":7,\"data\":" BODY), "/MyExt"},
	    {EVENT(IDENTITY ",\"myext\":{},\"data\":" BODY), "/myext"},
	    {EVENT(IDENTITY ",\"data\":[]"), "/data"},
	    {EVENT(IDENTITY ",\"data\":{\"provider\":\"bench\"}"), "/data/connection_id"},
	    {EVENT(IDENTITY ",\"data\":{\"provider\":\"bench\",\"connection_id\":\"" CONNECTION
	                    "\",\"resources\":[\"B\"]}"),
	        "/data/resources/0"},
	    {"[]", ""},
	    {BODY, "/specversion"},
	};
	const struct request_headers h = {
	    .content_type = STR("Application/CloudEvents+JSON; charset=UTF-8"), .traceparent = STR(TRACE)};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct sync_request rq;
		struct json_problem problem;
		enum rc rc = request_decode(str_of(cases[i].value), &h, &rq, &problem);

		if (cases[i].pointer) {
			assert_int_equal(rc, RC_INVALID);
			assert_string_equal(problem.pointer, cases[i].pointer);
			continue;
		}
		assert_int_equal(rc, RC_OK);
		assert_str(rq.event_id, "e1");
		assert_str(rq.event_source, "/crm");
		assert_str(rq.provider, "bench");
		assert_str(rq.traceparent, TRACE);
		sync_request_done(&rq);
	}
}

static void test_binary_events(void **state)
{
	const struct request_headers good = {.content_type = STR("application/json"),
	    .ce_specversion = STR("1.0"),
	    .ce_id = STR("e1"),
	    .ce_source = STR("/crm"),
	    .ce_type = STR("t")};
	struct request_headers bad[] = {good, good, good, good, good, good, good, good};
	static const char *const pointers[] = {"/headers/ce_specversion", "/headers/ce_specversion",
	    "/headers/ce_id", "/headers/ce_id", "/headers/ce_source", "/headers/ce_type",
	    "/headers/content-type", "/headers/content-type"};
	struct sync_request rq;
	struct json_problem problem;

	(void)state;
	bad[0].ce_specversion = STR("1.1");
	bad[1].ce_specversion = (struct str){0};
	bad[2].ce_id = (struct str){0};
	bad[3].ce_id = STR("\xff");
	bad[4].ce_source = STR("");
	bad[5].ce_type = (struct str){0};
	bad[6].content_type = STR("text/plain");
	bad[7].content_type = STR("application/cloudevents-batch+json");
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		assert_int_equal(request_decode(STR(BODY), &bad[i], &rq, &problem), RC_INVALID);
		assert_string_equal(problem.pointer, pointers[i]);
	}
	assert_int_equal(request_decode(STR(BODY), &good, &rq, &problem), RC_OK);
	assert_str(rq.event_id, "e1");
	assert_str(rq.event_source, "/crm");
	sync_request_done(&rq);
}

static void test_traceparent(void **state)
{
	static const struct {
		const char *text;
		bool good;
	} cases[] = {
	    {TRACE, true},
	    {"01-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", false},
	    {"00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01", false},
	    {"00-00000000000000000000000000000000-b7ad6b7169203331-01", false},
	    {"00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01", false},
	    {"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331", false},
	    {"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-", false},
	    {"", false},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct sync_request rq;
		struct json_problem problem;

		assert_int_equal(
		    request_decode(STR(BODY), &(struct request_headers){.traceparent = str_of(cases[i].text)},
		        &rq, &problem),
		    RC_OK);
		assert_str(rq.traceparent, cases[i].good ? cases[i].text : NULL);
		sync_request_done(&rq);
	}
}

static void test_requests_that_are_no_json(void **state)
{
	struct sync_request rq;
	struct json_problem problem;
	const struct request_headers none = {0};
	AUTO(buf_done) struct buf big = BUF(MESSAGE_REQUEST_BYTES_MAX + 10);

	(void)state;
	assert_int_equal(request_decode((struct str){0}, &none, &rq, &problem), RC_INVALID);
	assert_int_equal(request_decode(STR(""), &none, &rq, &problem), RC_INVALID);
	assert_int_equal(request_decode(STR("{"), &none, &rq, &problem), RC_INVALID);
	assert_int_equal(request_decode(STR(BODY "x"), &none, &rq, &problem), RC_INVALID);
	assert_int_equal(request_decode(STR("[[[[[[1]]]]]]"), &none, &rq, &problem), RC_LIMIT);
	assert_string_equal(problem.pointer, "");
	while (big.n <= MESSAGE_REQUEST_BYTES_MAX)
		buf_add_char(&big, ' ');
	assert_int_equal(request_decode(buf_str(&big), &none, &rq, &problem), RC_LIMIT);
}

/* ---- the others ---- */

static void test_task_both_ways(void **state)
{
	const struct str text = STR(
	    "{\"task_id\":\"019aa0f2-7c20-7b11-8a2e-5c3d9e8f7a61\",\"dispatch\":3,\"provider\":\"bench\","
	    "\"resource\":\"contacts\",\"connection_id\":\"" CONNECTION "\",\"tenant_id\":\"" TENANT
	    "\",\"mode\":\"incremental\"}");
	struct task_message m;
	struct json_problem problem;
	struct buf out = BUF(1024);

	(void)state;
	assert_int_equal(task_message_decode(text, &m, &problem), RC_OK);
	assert_uuid(&m.task_id, "019aa0f2-7c20-7b11-8a2e-5c3d9e8f7a61");
	assert_int_equal(m.dispatch, 3);
	assert_str(m.resource, "contacts");
	assert_int_equal(m.mode, SYNC_INCREMENTAL);
	task_message_encode(&m, &out);
	assert_str(buf_str(&out), text.p);
	task_message_done(&m);
	buf_done(&out);
}

static void test_result_fields(void **state)
{
	json_object *corpus = json_object_from_file("tests/fixtures/messages/result.json");
	json_object *valid = json_object_object_get(corpus, "valid");
	struct result_message m;
	struct json_problem problem;

	(void)state;
	assert_int_equal(result_decode(text_of(json_object_array_get_idx(valid, 0)), &m, &problem), RC_OK);
	assert_int_equal(m.event_type, RESULT_TASK_COMPLETED);
	assert_int_equal(m.nsync_ids, 2);
	assert_uuid(&m.sync_ids[1], "019aa0f2-7c1f-7e01-8f00-000000000002");
	assert_int_equal(m.records_unchanged, 4877);
	assert_str(m.started_at, "2026-11-20T12:34:50.250000Z");
	assert_false(m.has_sync_id);
	assert_null(m.error_class.p);
	result_message_done(&m);
	assert_int_equal(result_decode(text_of(json_object_array_get_idx(valid, 1)), &m, &problem), RC_OK);
	assert_str(m.error_class, "auth");
	assert_true(m.has_sync_id);
	result_message_done(&m);
	/* More syncs than a field table's list may have. */
	json_object *many = copy_of(json_object_array_get_idx(valid, 0));
	for (int i = 0; i < 500; i++)
		json_object_array_add(
		    json_object_object_get(many, "sync_ids"), json_object_new_string(CONNECTION));
	assert_int_equal(result_decode(text_of(many), &m, &problem), RC_OK);
	assert_int_equal(m.nsync_ids, 502);
	result_message_done(&m);
	json_object_put(many);
	json_object_put(corpus);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_corpus),
	    cmocka_unit_test(test_request_fields),
	    cmocka_unit_test(test_request_encode),
	    cmocka_unit_test(test_pointers_of_long_names),
	    cmocka_unit_test(test_structured_events),
	    cmocka_unit_test(test_binary_events),
	    cmocka_unit_test(test_traceparent),
	    cmocka_unit_test(test_requests_that_are_no_json),
	    cmocka_unit_test(test_task_both_ways),
	    cmocka_unit_test(test_result_fields),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
