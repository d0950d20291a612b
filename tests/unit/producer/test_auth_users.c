// SPDX-License-Identifier: Apache-2.0
/* Users: what becomes of a good token, who is asked for him, and how long it is believed. */
#include "base/base.h"
#include "auth.h"
#include "base/clock.h"
#include "batch.h"
#include "credentials.h"
#include "io/crypto.h"

#include <setjmp.h>

#include <cmocka.h>

#include "../fake_pg.h"

#define SECRET "0123456789abcdef0123456789abcdef"
#define TENANT "aa000000-0000-7000-8000-000000000001"
#define USER "aa000000-0000-7000-8000-000000000002"

static struct loop *loop;
static struct pg session;
static struct batch *batch;
static struct auth *auth;
static struct auth_options options;
static const char *tenant; /* what the database says; NULL: no such tenant */
static const char *user;   /* NULL: not seen yet */
static size_t asked;
static size_t made;
static bool running; /* the loop */

struct asking {
	struct auth_ask ask;
	int calls;
	enum auth_verdict verdict;
};

static void find(const struct fake_op *op, struct pg_result *row)
{
	asked++;
	assert_true(str_is(fake_pg_arg(&op->args, 2), "anna"));
	row->rows = tenant ? 1 : 0;
	row->column[0] = tenant;
	row->column[1] = user;
}

static void make(const struct fake_op *op, struct pg_result *row)
{
	made++;
	assert_true(str_is(fake_pg_arg(&op->args, 1), "anna"));
	row->column[0] = "200";
	row->column[2] = USER;
}

static void answer(const struct fake_op *op, struct pg_result *row, struct err *err)
{
	(void)err;
	if (strcmp(op->statement->name, "user_find") == 0)
		find(op, row);
	else if (strcmp(op->statement->name, "user_make") == 0)
		make(op, row);
	else
		fail_msg("%s", op->statement->name);
}

static int setup(void **state)
{
	(void)state;
	memset(&fake, 0, sizeof fake);
	fake.answer = answer;
	tenant = TENANT;
	user = USER;
	asked = 0;
	made = 0;
	options = (struct auth_options){.remember_ms = 60000,
	    .tokens = {.secret = SECRET,
	        .algorithms = "",
	        .jwks = "",
	        .issuer = "",
	        .audience = "",
	        .leeway_s = 0,
	        .max_bytes = 4096,
	        .tenant_claim = "tenant_id",
	        .tenant = "",
	        .role_claim = "role",
	        .admin_role = "admin"}};
	loop = loop_new();
	fake.later = timer_new(loop, fake_pg_later, NULL);
	session = (struct pg){.loop = loop, .up = true};
	batch = batch_new(loop, &session, NULL, NULL);
	auth = auth_new(loop, &session, batch, NULL, &options);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	fake_pg_drop();
	auth_free(auth);
	batch_free(batch);
	timer_free(fake.later);
	loop_free(loop);
	return 0;
}

/* HS256 with the claims after sub, tenant and exp. The caller frees it. */
static char *token_of(int64_t life_s, const char *more)
{
	struct buf token = BUF(4096);
	char *claims = mem_printf("{\"sub\":\"anna\",\"tenant_id\":\"first\",\"exp\":%" PRId64 "%s}",
	    clock_unix_us() / 1000000 + life_s, more);
	uint8_t code[CRYPTO_SHA256_LEN];

	crypto_base64_encode(CRYPTO_BASE64URL, STR("{\"alg\":\"HS256\"}"), &token);
	buf_add_char(&token, '.');
	crypto_base64_encode(CRYPTO_BASE64URL, str_of(claims), &token);
	crypto_hmac_sha256(STR(SECRET), buf_str(&token), code);
	buf_add_char(&token, '.');
	crypto_base64_encode(CRYPTO_BASE64URL, (struct str){(const char *)code, sizeof code}, &token);
	free(claims);
	return token.p;
}

static void done(struct auth_ask *ask, enum auth_verdict verdict)
{
	struct asking *a = CONTAINER_OF(ask, struct asking, ask);

	a->calls++;
	a->verdict = verdict;
	if (running)
		loop_stop(loop);
}

/* Both formats have one %s for the token, or none. */
static struct asking check(const char *authorization, const char *cookie, const char *token)
{
	struct asking a = {.ask.done = done};
	AUTO(buf_done) struct buf bearer = BUF(5000);
	AUTO(buf_done) struct buf cookies = BUF(5000);

	if (authorization)
		buf_printf(&bearer, "%s%s", authorization, token);
	if (cookie)
		buf_printf(&cookies, "%s%s", cookie, token);
	fake.automatic = true;
	auth_check(auth, authorization ? buf_str(&bearer) : (struct str){NULL, 0},
	    cookie ? buf_str(&cookies) : (struct str){NULL, 0}, &a.ask);
	running = true;
	if (!a.calls)
		loop_run(loop);
	running = false;
	assert_int_equal(a.calls, 1);
	return a;
}

static void test_a_token_names_its_user(void **state)
{
	char *token = token_of(600, "");
	struct uuid want;

	(void)state;
	assert_true(uuid_parse(STR(USER), &want));
	struct asking a = check("Bearer ", NULL, token);
	assert_int_equal(a.verdict, AUTH_KNOWN);
	assert_int_equal(a.ask.caller.role, ROLE_USER);
	assert_int_equal(a.ask.caller.rights, RIGHTS_OF_USER);
	assert_true(uuid_eq(&a.ask.caller.user, &want));
	assert_false(a.ask.by_cookie);
	a = check("bearer  ", NULL, token);
	assert_int_equal(a.verdict, AUTH_KNOWN);
	assert_int_equal(asked, 1);
	assert_int_equal(made, 0);
	free(token);
}

static void test_an_admin(void **state)
{
	char *token = token_of(600, ",\"role\":\"admin\"");

	(void)state;
	struct asking a = check("Bearer ", NULL, token);
	assert_int_equal(a.ask.caller.role, ROLE_ADMIN);
	assert_int_equal(a.ask.caller.rights, RIGHTS_OF_ADMIN);
	free(token);
}

static void test_a_new_user_is_made(void **state)
{
	char *token = token_of(600, "");
	struct uuid want;

	(void)state;
	user = NULL;
	assert_true(uuid_parse(STR(USER), &want));
	struct asking a = check("Bearer ", NULL, token);
	assert_int_equal(a.verdict, AUTH_KNOWN);
	assert_true(uuid_eq(&a.ask.caller.user, &want));
	assert_int_equal(check("Bearer ", NULL, token).verdict, AUTH_KNOWN);
	assert_int_equal(asked, 1);
	assert_int_equal(made, 1);
	free(token);
}

static void test_an_unknown_tenant(void **state)
{
	char *token = token_of(600, "");

	(void)state;
	tenant = NULL;
	struct asking a = check("Bearer ", NULL, token);
	assert_int_equal(a.verdict, AUTH_REFUSED);
	assert_string_equal(a.ask.code, "token_tenant");
	free(token);
}

static void test_cookies(void **state)
{
	static const struct {
		const char *before; /* of the token */
		bool good;
	} cases[] = {
	    {"session_token=", true},
	    {"a=b; session_token=", true},
	    {"a=b;session_token=", true},
	    {"session_token=; session_token=", true},
	    {"Session_token=", false},
	    {"xsession_token=", false},
	    {"a=session_token=", false},
	    {"session_token", false},
	    {"session_token=x; session_token=", false},
	    {"", false},
	};
	char *token = token_of(600, "");

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct asking a = check(NULL, cases[i].before, token);

		assert_int_equal(a.verdict, cases[i].good ? AUTH_KNOWN : AUTH_REFUSED);
		assert_true(a.ask.by_cookie);
	}
	/* a header that is there speaks for itself, even where it is no good */
	assert_string_equal(check("Basic ", "session_token=", token).ask.code, "missing_key");
	assert_string_equal(check("Bearer x", "session_token=", token).ask.code, "malformed_token");
	assert_string_equal(check(NULL, NULL, "").ask.code, "missing_key");
	/* a service's key is no cookie */
	assert_string_equal(
	    check(NULL, "session_token=sfk_abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG", "").ask.code,
	    "missing_key");
	free(token);
}

/* A finding is believed to the token's end at most; and refusals are found out anew. */
static void test_belief_ends_with_the_token(void **state)
{
	char *ended = token_of(0, "");
	char *soon = token_of(5, "");

	(void)state;
	assert_string_equal(check("Bearer ", NULL, ended).ask.code, "expired_token");
	assert_int_equal(asked, 0);
	auth_free(auth);
	options.tokens.leeway_s = 300;
	auth = auth_new(loop, &session, batch, NULL, &options);
	assert_int_equal(check("Bearer ", NULL, ended).verdict, AUTH_KNOWN);
	assert_int_equal(check("Bearer ", NULL, ended).verdict, AUTH_KNOWN);
	assert_int_equal(asked, 2);
	assert_int_equal(check("Bearer ", NULL, soon).verdict, AUTH_KNOWN);
	assert_int_equal(check("Bearer ", NULL, soon).verdict, AUTH_KNOWN);
	assert_int_equal(asked, 3);
	free(ended);
	free(soon);
}

static void test_a_database_that_is_away(void **state)
{
	char *token = token_of(600, "");

	(void)state;
	err_set(&fake.lost, RC_LOST, "gone");
	struct asking a = check("Bearer ", NULL, token);
	assert_int_equal(a.verdict, AUTH_AWAY);
	assert_string_equal(a.ask.code, "database_away");
	fake.lost.rc = RC_OK;
	assert_int_equal(check("Bearer ", NULL, token).verdict, AUTH_KNOWN);
	free(token);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
	    TEST(test_a_token_names_its_user),
	    TEST(test_an_admin),
	    TEST(test_a_new_user_is_made),
	    TEST(test_an_unknown_tenant),
	    TEST(test_cookies),
	    TEST(test_belief_ends_with_the_token),
	    TEST(test_a_database_that_is_away),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
