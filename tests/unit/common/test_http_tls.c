// SPDX-License-Identifier: Apache-2.0
/* What is TLS's own; test_http and test_http_flow run over it as well. */
#include "base/base.h"
#include "http_world.h"

#include <setjmp.h>

#include <cmocka.h>

#define DAY_S 86400L

static bool answer_and_say_more_of_tls(struct tiny_connection *c, const char *request)
{
	(void)request;
	tiny_respond(c, "200 OK", "hello", 5);
	SSL_new_session_ticket(c->tls);
	SSL_do_handshake(c->tls);
	return true;
}

static struct world start(tiny_handler *handler, struct tiny_identity *identity, const char *ca_file)
{
	struct http_options o = plain;

	o.ca_file = ca_file;
	return world_start_with(&o, tiny_server_new(handler, false, identity->tls));
}

static void test_versions(void **state)
{
	static const struct {
		int version;
		int status;
	} cases[] = {{TLS1_3_VERSION, 200}, {TLS1_2_VERSION, 200}, {TLS1_1_VERSION, 0}};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct tiny_identity *identity = tiny_identity_new("127.0.0.1");

		SSL_CTX_set_security_level(identity->tls, 0);
		SSL_CTX_set_min_proto_version(identity->tls, cases[i].version);
		SSL_CTX_set_max_proto_version(identity->tls, cases[i].version);
		struct world w = start(serve, identity, identity->file);
		struct result r = get(&w, "/");
		assert_int_equal(r.status, cases[i].status);
		if (r.status == 0)
			assert_int_equal(r.err.rc, RC_IO);
		world_end(&w);
		tiny_identity_free(identity);
	}
}

static void test_who_cannot_prove_its_name_gets_no_request(void **state)
{
	struct tiny_identity *stranger = tiny_identity_new("127.0.0.1");
	const struct {
		const char *address;
		long from_s, until_s;
		const char *ca_file; /* NULL: its own certificate is trusted */
		const char *text;
	} cases[] = {
	    {"127.0.0.1", -DAY_S, DAY_S, stranger->file, "certificate"},
	    {"127.0.0.1", -DAY_S, DAY_S, "", "certificate"},
	    {"127.0.0.2", -DAY_S, DAY_S, NULL, "subject name"},
	    {"127.0.0.1", -2 * DAY_S, -DAY_S, NULL, "expired"},
	    {"127.0.0.1", DAY_S, 2 * DAY_S, NULL, "not yet valid"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const char *ca_file = cases[i].ca_file;
		struct tiny_identity *identity = tiny_identity_for(
		    cases[i].address, cases[i].from_s, cases[i].until_s);
		if (!ca_file)
			ca_file = identity->file;
		struct world w = start(serve, identity, *ca_file ? ca_file : NULL);
		struct result r = get(&w, "/");

		assert_int_equal(r.err.rc, RC_IO);
		assert_non_null(strstr(r.err.text, cases[i].text));
		assert_int_equal(atomic_load(&w.server->requests), 0);
		world_end(&w);
		tiny_identity_free(identity);
	}
	tiny_identity_free(stranger);
}

static void test_what_tls_says_between_answers_is_no_answer(void **state)
{
	struct tiny_identity *identity = tiny_identity_new("127.0.0.1");
	struct world w = start(answer_and_say_more_of_tls, identity, identity->file);

	(void)state;
	for (int i = 0; i < 50; i++)
		assert_string_equal(get(&w, "/").body, "hello");
	world_end(&w);
	tiny_identity_free(identity);
}

/* The system's policy refuses old versions as well: without it the client's own rule shows. */
static void allow_old_versions(void)
{
	setenv("OPENSSL_CONF", "tests/fixtures/openssl_old_versions.cnf", 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_versions),
	    cmocka_unit_test(test_who_cannot_prove_its_name_gets_no_request),
	    cmocka_unit_test(test_what_tls_says_between_answers_is_no_answer),
	};

	allow_old_versions();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
