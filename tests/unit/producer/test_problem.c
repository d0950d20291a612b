// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "base/json.h"
#include "problem.h"

#include <setjmp.h>

#include <cmocka.h>

static json_object *document(const struct reply *r)
{
	json_object *o = NULL;

	assert_int_equal(json_parse((struct str){r->body, r->body_n}, 1u << 20, 8, &o, NULL), RC_OK);
	return o;
}

static const char *member(json_object *o, const char *name)
{
	json_object *value = NULL;

	assert_true(json_object_object_get_ex(o, name, &value));
	return json_object_get_string(value);
}

static void test_a_document_has_the_members_of_rfc_9457(void **state)
{
	struct reply r = problem_reply(404, "unknown_path", "a \"quoted\"\n detail");
	AUTO(json_put_ptr) json_object *o = document(&r);

	(void)state;
	assert_int_equal(r.status, 404);
	assert_string_equal(member(o, "type"), "https://sync-fleet.dev/problems/unknown_path");
	assert_string_equal(member(o, "title"), "unknown path");
	assert_string_equal(member(o, "status"), "404");
	assert_string_equal(member(o, "detail"), "a \"quoted\"\n detail");
	assert_string_equal(member(o, "code"), "unknown_path");
	assert_string_equal(member(o, "errors"), "[ ]");
	reply_done(&r);
}

static void test_faults_become_errors_and_the_first_one_the_detail(void **state)
{
	struct problem_faults f;

	(void)state;
	problem_faults_init(&f);
	problem_fault(&f, "wrong_type", "#/a", "%s must be %s", "a", "b");
	problem_fault(&f, "not_allowed", "?q", "no");
	struct reply r = problem_reply_faults(422, &f);
	AUTO(json_put_ptr) json_object *o = document(&r);
	assert_string_equal(member(o, "code"), "wrong_type");
	assert_string_equal(member(o, "detail"), "a must be b");
	assert_string_equal(member(o, "errors"), "[ { \"pointer\": \"#\\/a\", \"detail\": \"a must be b\" }, "
	                                         "{ \"pointer\": \"?q\", \"detail\": \"no\" } ]");
	reply_done(&r);
	problem_faults_done(&f);
}

static void test_many_long_faults_stay_a_document(void **state)
{
	struct problem_faults f;

	(void)state;
	problem_faults_init(&f);
	for (int i = 0; i < 1000; i++)
		problem_fault(&f, "wrong_type", "#/\x01\xff", "\x02%05000d", i);
	assert_int_equal(f.n, PROBLEM_FAULTS_MAX);
	struct reply r = problem_reply_faults(422, &f);
	AUTO(json_put_ptr) json_object *o = document(&r);
	assert_string_equal(member(o, "status"), "422");
	reply_done(&r);
	problem_faults_done(&f);
}

static void test_sqlstates(void **state)
{
	static const struct {
		const char *sqlstate;
		const char *code;
		enum rc rc;
		int status;
	} cases[] = {
	    {"", "outcome_unknown", RC_LOST, 503},
	    {"57P01", "outcome_unknown", RC_LOST, 503},
	    {"08001", "database_away", RC_IO, 503},
	    {"22P02", "value_refused", RC_IO, 422},
	    {"23505", "conflict", RC_IO, 409},
	    {"25006", "internal_error", RC_IO, 500},
	    {"40P01", "database_busy", RC_IO, 503},
	    {"40001", "database_busy", RC_IO, 503},
	    {"42P01", "internal_error", RC_IO, 500},
	    {"53300", "database_busy", RC_IO, 503},
	    {"55P03", "database_busy", RC_IO, 503},
	    {"55000", "internal_error", RC_IO, 500},
	    {"57014", "database_busy", RC_IO, 503},
	    {"57P03", "database_away", RC_IO, 503},
	    {"P0001", "internal_error", RC_IO, 500},
	    {"", "internal_error", RC_IO, 500},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct err err = {.rc = cases[i].rc};

		snprintf(err.sqlstate, sizeof err.sqlstate, "%s", cases[i].sqlstate);
		snprintf(err.text, sizeof err.text, "secret text of the database");
		struct reply r = problem_reply_sql(&err);
		AUTO(json_put_ptr) json_object *o = document(&r);
		assert_int_equal(r.status, cases[i].status);
		assert_string_equal(member(o, "code"), cases[i].code);
		assert_null(memmem(r.body, r.body_n, "secret", 6));
		reply_done(&r);
	}
}

static void test_a_rows_document_names_identifiers(void **state)
{
	static const char text[] =
	    "{\"a\":\"01a1fd59-0d64-717e-a7f5-49ee78102007\",\"b\":null,\"c\":\"x\",\"d\":[[]]}";
	struct reply r = {.status = 200, .body = (char *)(uintptr_t)text, .body_n = sizeof text - 1};
	struct reply none = {.status = 204};
	char shown[UUID_TEXT_LEN + 1];
	struct uuid id;

	(void)state;
	assert_true(reply_id(&r, 4, "a", &id));
	uuid_format(&id, shown);
	assert_string_equal(shown, "01a1fd59-0d64-717e-a7f5-49ee78102007");
	assert_false(reply_id(&r, 4, "b", &id));
	assert_false(reply_id(&r, 4, "c", &id));
	assert_false(reply_id(&r, 4, "e", &id));
	assert_false(reply_id(&r, 1, "a", &id)); /* deeper than the row may be */
	assert_false(reply_id(&none, 4, "a", &id));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_a_document_has_the_members_of_rfc_9457),
	    cmocka_unit_test(test_faults_become_errors_and_the_first_one_the_detail),
	    cmocka_unit_test(test_many_long_faults_stay_a_document),
	    cmocka_unit_test(test_sqlstates),
	    cmocka_unit_test(test_a_rows_document_names_identifiers),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
