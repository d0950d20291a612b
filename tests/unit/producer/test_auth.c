// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "auth.h"
#include "credentials.h"
#include "io/crypto.h"

#include <setjmp.h>

#include <cmocka.h>

#include "../fake_pg.h"

#define SECRET "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"
#define TENANT "aa000000-0000-7000-8000-000000000001"
#define KEY_ID "aa000000-0000-7000-8000-000000000002"

static struct loop *loop;
static struct pg session;
static struct auth *auth;
static const struct auth_options options = {
    .remember_ms = 5000, .tokens = {.secret = "", .jwks = "", .algorithms = ""}};
static const char *tenant; /* what the database says; NULL: no such key */
static const char *rights;
static const char *expires_in_ms; /* NULL: never */
static size_t asked;

struct asking {
	struct auth_ask ask;
	int calls;
	enum auth_verdict verdict;
};

static void answer(const struct fake_op *op, struct pg_result *row, struct err *err)
{
	(void)err;
	asked++;
	assert_string_equal(op->statement->name, "key_find");
	assert_int_equal(fake_pg_arg(&op->args, 0).n, CRYPTO_SHA256_LEN);
	row->rows = tenant ? 1 : 0;
	row->column[0] = tenant;
	row->column[1] = KEY_ID;
	row->column[2] = rights;
	row->column[3] = expires_in_ms;
}

static void done(struct auth_ask *ask, enum auth_verdict verdict)
{
	struct asking *a = CONTAINER_OF(ask, struct asking, ask);

	a->calls++;
	a->verdict = verdict;
}

static struct asking check(const char *header)
{
	struct asking a = {.ask.done = done};

	auth_check(auth, str_of(header), (struct str){NULL, 0}, &a.ask);
	fake_pg_deliver();
	assert_int_equal(a.calls, 1);
	return a;
}

static int setup(void **state)
{
	(void)state;
	memset(&fake, 0, sizeof fake);
	fake.answer = answer;
	tenant = TENANT;
	rights = "read";
	expires_in_ms = NULL;
	asked = 0;
	loop = loop_new();
	session = (struct pg){.loop = loop, .up = true};
	auth = auth_new(loop, &session, NULL, NULL, &options);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	fake_pg_drop();
	auth_free(auth);
	loop_free(loop);
	return 0;
}

static void test_a_key_names_its_tenant(void **state)
{
	struct uuid want;

	(void)state;
	assert_true(uuid_parse(STR(TENANT), &want));
	struct asking a = check("Bearer sfk_" SECRET);
	assert_int_equal(a.verdict, AUTH_KNOWN);
	assert_true(uuid_eq(&a.ask.caller.tenant, &want));
	a = check("bearer   sfk_" SECRET " ");
	assert_int_equal(a.verdict, AUTH_KNOWN);
	assert_true(uuid_eq(&a.ask.caller.tenant, &want));
	assert_int_equal(asked, 1);
}

static void test_a_key_has_its_rights(void **state)
{
	static const struct {
		const char *names;
		unsigned rights;
	} cases[] = {
	    {"read,sync", RIGHT_READ | RIGHT_SYNC}, {"operate", RIGHT_OPERATE}, {"read,fly", 0}, {"", 0}};
	char header[64];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		snprintf(header, sizeof header, "Bearer sfk_%043zu", i);
		rights = cases[i].names;
		struct asking a = check(header);
		assert_int_equal(a.verdict, AUTH_KNOWN);
		assert_int_equal(a.ask.caller.rights, cases[i].rights);
		assert_int_equal(a.ask.caller.role, ROLE_SERVICE);
	}
}

static void test_a_key_ends(void **state)
{
	(void)state;
	expires_in_ms = "0";
	assert_string_equal(check("Bearer sfk_" SECRET).ask.code, "expired_key");
	expires_in_ms = "60000";
	assert_int_equal(check("Bearer sfk_ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopq").verdict, AUTH_KNOWN);
}

static void test_an_unknown_key_is_remembered_too(void **state)
{
	(void)state;
	tenant = NULL;
	assert_string_equal(check("Bearer sfk_" SECRET).ask.code, "unknown_key");
	tenant = TENANT;
	assert_string_equal(check("Bearer sfk_" SECRET).ask.code, "unknown_key");
	assert_int_equal(asked, 1);
}

static void test_what_cannot_be_a_key_is_not_asked_for(void **state)
{
	static const char *const cases[] = {NULL, "", "Bearer", "Bearer ", "sfk_" SECRET, "Basic sfk_" SECRET,
	    "Bearer sfk_" SECRET "x", "Bearer sfk_", "Bearer pk_" SECRET, "Bearersfk_" SECRET};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		assert_string_equal(check(cases[i]).ask.code, "missing_key");
	assert_int_equal(asked, 0);
}

static void test_asks_for_one_key_share_a_question(void **state)
{
	struct asking a[3] = {{.ask.done = done}, {.ask.done = done}, {.ask.done = done}};

	(void)state;
	for (size_t i = 0; i < 3; i++)
		auth_check(auth, STR("Bearer sfk_" SECRET), (struct str){NULL, 0}, &a[i].ask);
	assert_int_equal(a[0].calls, 0);
	fake_pg_deliver();
	assert_int_equal(asked, 1);
	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(a[i].calls, 1);
		assert_int_equal(a[i].verdict, AUTH_KNOWN);
	}
}

static void test_a_failed_question_is_asked_again(void **state)
{
	(void)state;
	err_set(&fake.lost, RC_LOST, "gone");
	assert_int_equal(check("Bearer sfk_" SECRET).verdict, AUTH_AWAY);
	fake.lost.rc = RC_OK;
	assert_int_equal(check("Bearer sfk_" SECRET).verdict, AUTH_KNOWN);
	assert_int_equal(asked, 1);
}

/* More keys than are remembered: the oldest is asked for again, the newest is not. */
static void test_memory_is_bounded(void **state)
{
	char header[64];

	(void)state;
	for (int i = 0; i <= CREDENTIALS_MAX; i++) {
		snprintf(header, sizeof header, "Bearer sfk_%043d", i);
		check(header);
	}
	assert_int_equal(asked, CREDENTIALS_MAX + 1);
	check(header);
	assert_int_equal(asked, CREDENTIALS_MAX + 1);
	snprintf(header, sizeof header, "Bearer sfk_%043d", 0);
	check(header);
	assert_int_equal(asked, CREDENTIALS_MAX + 2);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
	    TEST(test_a_key_names_its_tenant),
	    TEST(test_a_key_has_its_rights),
	    TEST(test_a_key_ends),
	    TEST(test_an_unknown_key_is_remembered_too),
	    TEST(test_what_cannot_be_a_key_is_not_asked_for),
	    TEST(test_asks_for_one_key_share_a_question),
	    TEST(test_a_failed_question_is_asked_again),
	    TEST(test_memory_is_bounded),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
