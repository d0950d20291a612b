// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "once.h"

#include <setjmp.h>

#include <cmocka.h>

#include "../fake_pg.h"

#define LONGEST 255

static const struct pg_statement inner = {.name = "make", .sql = "select $1::int"};
static const struct pg_statement inner_of_a_set = {
    .name = "make_all", .sql = "select $1::int8[]", .set = true};
static const struct caller service = {.role = ROLE_SERVICE, .rights = 1, .tenant = {{1}}, .key = {{2}}};
static const struct caller user = {.role = ROLE_USER, .rights = 1, .tenant = {{1}}, .user = {{3}}};

static void test_keys(void **state)
{
	static const struct {
		const char *header;
		const char *key; /* NULL: malformed */
	} cases[] = {
	    {"\"8e03978e-40d5-43dd-bc93-6894a57f9324\"", "8e03978e-40d5-43dd-bc93-6894a57f9324"},
	    {"8e03978e-40d5-43dd-bc93-6894a57f9324", "8e03978e-40d5-43dd-bc93-6894a57f9324"},
	    {" \"a b\" ", "a b"},
	    {"\"a\\\"b\\\\c\"", "a\"b\\c"},
	    {"\"a\";q=1", "a"},
	    {"\"a\" ; q", "a"},
	    {"a\"b", "a\"b"},
	    {"~", "~"},
	    {"", NULL},
	    {"  ", NULL},
	    {"\"\"", NULL},
	    {"\"", NULL},
	    {"\"a", NULL},
	    {"\"a\"b", NULL},
	    {"\"a\", \"b\"", NULL},
	    {"\"a\\", NULL},
	    {"\"a\\\"", NULL},
	    {"\"a\\n\"", NULL},
	    {"\"a\tb\"", NULL},
	    {"a\tb", NULL},
	    {"a\x7f", NULL},
	    {"\xc3\xa9", NULL},
	    {"\"\xc3\xa9\"", NULL},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		char *key = once_read_key(str_of(cases[i].header));

		if (cases[i].key) {
			assert_non_null(key);
			assert_string_equal(key, cases[i].key);
		} else {
			assert_null(key);
		}
		free(key);
	}
}

static void test_the_longest_key(void **state)
{
	char text[LONGEST + 4];

	(void)state;
	memset(text, 'k', sizeof text);
	char *key = once_read_key((struct str){text, LONGEST});
	assert_int_equal(strlen(key), LONGEST);
	free(key);
	assert_null(once_read_key((struct str){text, LONGEST + 1}));
	text[0] = text[LONGEST + 1] = '"';
	key = once_read_key((struct str){text, LONGEST + 2});
	assert_int_equal(strlen(key), LONGEST);
	free(key);
	text[LONGEST + 1] = 'k';
	text[LONGEST + 2] = '"';
	assert_null(once_read_key((struct str){text, LONGEST + 3}));
}

static struct batch_item item;
static struct once once;
static struct crypto_keys *keys;

/* What the request is bound with: 4 further arguments. */
static struct str wrapped(
    const struct caller *caller, const char *method, const char *path, const char *body, int arg)
{
	struct httpd_request rq = {.method = str_of(method), .path = str_of(path), .body = str_of(body)};

	pg_args_done(&item.args);
	item = (struct batch_item){.statement = &inner, .args = PG_ARGS, .caller = caller};
	pg_arg_i64(&item.args, 7);
	once.key = mem_strdup("the key");
	once_wrap(&once, &item, &rq, keys);
	free(TAKE(once.key));
	assert_int_equal(item.args.n, 5);
	assert_true(item.once);
	return fake_pg_arg(&item.args, arg);
}

static void test_the_statement_is_made_once(void **state)
{
	(void)state;
	wrapped(&service, "POST", "/a", "{}", 1);
	const struct pg_statement *first = item.statement;
	assert_string_equal(first->name, "once_make");
	assert_non_null(strstr(first->sql, "recall_answer($2::uuid, $3::text, $4::bytea)"));
	assert_non_null(strstr(first->sql, "(\nselect $1::int\n)"));
	wrapped(&user, "POST", "/b", "{}", 1);
	assert_ptr_equal(item.statement, first);
	pg_args_done(&item.args);
}

static void test_a_statement_of_a_set_is_asked_for_one(void **state)
{
	struct httpd_request rq = {.method = STR("POST"), .path = STR("/a")};

	(void)state;
	item = (struct batch_item){.statement = &inner_of_a_set, .args = PG_ARGS, .caller = &service};
	pg_arg_i64(&item.args, 7);
	pg_arg_null(&item.args);
	once.key = mem_strdup("the key");
	once_wrap(&once, &item, &rq, keys);
	free(TAKE(once.key));
	assert_string_equal(item.statement->name, "once_make_all");
	assert_false(item.statement->set);
	assert_int_equal(item.args.n, 6);
	assert_int_equal(item.args.arg[0].type, 1016); /* int8[] */
	assert_null(pg_arg_value(&item.args, 1).p);
	assert_true(str_is(fake_pg_arg(&item.args, 3), "the key"));
	pg_args_done(&item.args);
}

static void test_the_request_is_told_from_others(void **state)
{
	static const char *const others[][3] = {{"PUT", "/a", "{}"}, {"POST", "/b", "{}"},
	    {"POST", "/a", "{} "}, {"POST", "/a{", "}"}, {"POST", "", "/a{}"}, {"POST", "{}/a", ""}};
	char same[32];

	(void)state;
	assert_int_equal(wrapped(&service, "POST", "/a", "{}", 3).n, sizeof same);
	memcpy(same, wrapped(&service, "POST", "/a", "{}", 3).p, sizeof same);
	assert_memory_equal(wrapped(&user, "POST", "/a", "{}", 3).p, same, sizeof same);
	for (size_t i = 0; i < ARRAY_SIZE(others); i++)
		assert_memory_not_equal(
		    wrapped(&service, others[i][0], others[i][1], others[i][2], 3).p, same, sizeof same);
	assert_true(str_is(wrapped(&service, "POST", "/a", "{}", 2), "the key"));
	pg_args_done(&item.args);
}

static void test_callers_do_not_share_keys(void **state)
{
	struct uuid of_service;

	(void)state;
	memcpy(of_service.b, wrapped(&service, "POST", "/a", "{}", 1).p, sizeof of_service.b);
	assert_memory_equal(wrapped(&user, "POST", "/a", "{}", 1).p, user.user.b, 16);
	assert_memory_not_equal(of_service.b, user.user.b, 16);
	pg_args_done(&item.args);
}

static void test_a_secret_is_kept_for_its_caller_and_key(void **state)
{
	struct err err;
	struct buf sealed = BUF(1024);

	(void)state;
	keys = crypto_keys_new(STR("k:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="), &err);
	assert_non_null(keys);
	memcpy(once_make_secret(&once, 8), "sesame!", 8);
	buf_add_str(&sealed, wrapped(&service, "POST", "/a", "{}", 4));
	assert_null(memmem(sealed.p, sealed.n, "sesame!", 7));
	memset(once.secret, 'x', 8);
	once.key = mem_strdup("the key");
	assert_false(once_recall(&once, &user, keys, buf_str(&sealed)));
	assert_int_equal(once.secret[0], 'x');
	assert_true(once_recall(&once, &service, keys, buf_str(&sealed)));
	assert_string_equal(once.secret, "sesame!");
	once.key[0] = 'T';
	assert_false(once_recall(&once, &service, keys, buf_str(&sealed)));
	once_done(&once);
	once.key = mem_strdup("the key");
	assert_false(once_recall(&once, &service, keys, buf_str(&sealed)));
	once_done(&once);
	pg_args_done(&item.args);
	buf_done(&sealed);
	crypto_keys_free(TAKE(keys));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_keys),
	    cmocka_unit_test(test_the_longest_key),
	    cmocka_unit_test(test_the_statement_is_made_once),
	    cmocka_unit_test(test_a_statement_of_a_set_is_asked_for_one),
	    cmocka_unit_test(test_the_request_is_told_from_others),
	    cmocka_unit_test(test_callers_do_not_share_keys),
	    cmocka_unit_test(test_a_secret_is_kept_for_its_caller_and_key),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
