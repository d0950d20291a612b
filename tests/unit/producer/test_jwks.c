// SPDX-License-Identifier: Apache-2.0
/* Key sets: which keys are taken, how one is found, and where they come from. */
#include "base/base.h"
#include "base/log.h"
#include "base/metrics.h"
#include "io/http.h"
#include "io/httpd.h"
#include "jwks_source.h"

#include <setjmp.h>
#include <unistd.h>

#include <cmocka.h>

/* RFC 7517, appendix A.1, and RFC 7515, appendix A.2 */
#define X "MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4"
#define Y "4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM"
#define N                                                                                                    \
	"0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_"            \
	"BJECPebWKRXjBZCi"                                                                                   \
	"FV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_"                           \
	"FDW2QvzqY368QQMicAtaSqzs8KJZgnYb"                                                                   \
	"9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_"      \
	"xBniIqbw0Ls"                                                                                        \
	"1jF44-csFCur-kEgU8awapJzKnqDKgw"
#define EC(more) "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"" X "\",\"y\":\"" Y "\"" more "}"
#define RSA(more) "{\"kty\":\"RSA\",\"n\":\"" N "\",\"e\":\"AQAB\"" more "}"
#define SET(keys) "{\"keys\":[" keys "]}"

static struct loop *loop;
static struct jwks_source *source;
static struct http_client *client;
static struct httpd *httpd;
static const char *published; /* by the server; NULL: it fails */
static int served;
static int waited;

static void test_keys_are_found_by_kind_and_id(void **state)
{
	struct err err;
	struct jwks *set = jwks_parse(STR(SET(EC(",\"kid\":\"a\"") "," RSA(",\"kid\":\"a\"") "," RSA(
	                                  ",\"kid\":\"b\",\"use\":\"sig\",\"alg\":\"RS256\",\"key_ops\":["
	                                  "\"verify\"]"))),
	    &err);

	(void)state;
	assert_non_null(set);
	assert_int_equal(jwks_count(set), 3);
	assert_non_null(jwks_find(set, JWT_ES256, STR("a")));
	assert_non_null(jwks_find(set, JWT_RS256, STR("a")));
	assert_ptr_not_equal(jwks_find(set, JWT_ES256, STR("a")), jwks_find(set, JWT_RS256, STR("a")));
	assert_non_null(jwks_find(set, JWT_RS256, STR("b")));
	assert_null(jwks_find(set, JWT_ES256, STR("b")));
	assert_null(jwks_find(set, JWT_RS256, STR("c")));
	assert_non_null(jwks_find(set, JWT_ES256, STR("")));
	assert_null(jwks_find(set, JWT_RS256, STR("")));
	assert_null(jwks_find(set, JWT_HS256, STR("a")));
	jwks_free(set);
}

/* Beside a good key the others are passed over; alone they make no set. */
static void test_keys_that_are_passed_over(void **state)
{
	static const char *const others[] = {
	    EC(",\"use\":\"enc\""),
	    EC(",\"alg\":\"ES384\""),
	    EC(",\"alg\":1"),
	    EC(",\"key_ops\":[\"sign\"]"),
	    EC(",\"key_ops\":\"verify\""),
	    RSA(",\"alg\":\"PS256\""),
	    RSA(",\"alg\":\"HS256\""),
	    "{\"kty\":\"oct\",\"k\":\"AAAA\"}",
	    "{\"kty\":\"oct\",\"k\":\"AAAA\",\"alg\":\"HS256\"}",
	    "{\"kty\":\"EC\",\"crv\":\"P-384\",\"x\":\"" X "\",\"y\":\"" Y "\"}",
	    "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"" X "\",\"y\":\"" X "\"}",
	    "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"" X "\"}",
	    "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"AA\",\"y\":\"AA\"}",
	    "{\"kty\":\"RSA\",\"n\":\"AQAB\",\"e\":\"AQAB\"}",
	    "{\"kty\":\"RSA\",\"n\":\"" N "\",\"e\":\"AQ\"}",
	    "{\"kty\":\"RSA\",\"n\":\"" N "\",\"e\":\"AAAA\"}",
	    "{\"kty\":\"RSA\",\"n\":\"" N "\",\"e\":\"AQABAQABAQABAQAB\"}",
	    "{\"kty\":\"RSA\",\"n\":\"" N "=\",\"e\":\"AQAB\"}",
	    "{\"kty\":\"RSA\",\"n\":1,\"e\":\"AQAB\"}",
	    "{}",
	    "null",
	    "7",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(others); i++) {
		struct err err = {0};
		char *alone = mem_printf("{\"keys\":[%s]}", others[i]);
		char *beside = mem_printf("{\"keys\":[%s," EC("") "]}", others[i]);
		struct jwks *set = jwks_parse(str_of(beside), &err);

		if (!set || jwks_count(set) != 1)
			fail_msg("%s", others[i]);
		jwks_free(set);
		set = jwks_parse(str_of(alone), &err);
		if (set)
			fail_msg("%s makes a set", others[i]);
		assert_true(strlen(err.text) > 0);
		free(alone);
		free(beside);
	}
}

static void test_documents_that_are_no_sets(void **state)
{
	static const char *const cases[] = {"", "{}", "[]", "{\"keys\":{}}", "{\"keys\":[]}",
	    "{\"keys\":null}", "null", "{\"keys\":[],\"keys\":[" EC("") "]}", SET(EC("")) "x"};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct err err = {0};

		assert_null(jwks_parse(str_of(cases[i]), &err));
		assert_int_equal(err.rc, RC_INVALID);
	}
}

/* ---- sources ---- */

static void serve(void *user, struct httpd_request *rq)
{
	(void)user;
	served++;
	httpd_answer(rq, published ? 200 : 500, NULL, 0, str_of(published ? published : "{}"));
}

static int setup(void **state)
{
	struct err err;

	(void)state;
	log_threshold = LOG_LEVEL_ERROR + 1;
	metrics_init("test");
	loop = loop_new();
	client = http_client_new(loop,
	    &(struct http_options){.allow_plain_loopback = true, .body_max = 1 << 20, .max_connections = 10},
	    &err);
	httpd = httpd_new(loop,
	    &(struct httpd_options){.listen = "127.0.0.1:0",
	        .max_connections = 10,
	        .head_max = 16384,
	        .idle_ms = 10000,
	        .handler = serve},
	    &err);
	assert_true(client && httpd);
	source = NULL;
	published = SET(EC(",\"kid\":\"a\""));
	served = 0;
	waited = 0;
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	jwks_source_free(source);
	http_client_free(client);
	httpd_free(httpd);
	loop_free(loop);
	metrics_done();
	return 0;
}

static void on_keys(struct jwks_wait *wait)
{
	(void)wait;
	waited++;
	loop_stop(loop);
}

static void open_source(const char *location, int64_t refetch_ms)
{
	source = jwks_source_new(
	    loop, &(struct jwks_source_options){
	              .location = location, .refetch_ms = refetch_ms, .refresh_ms = 3600000, .http = client});
}

static bool has(const char *kid)
{
	const struct jwks *set = jwks_source_keys(source);

	return set && jwks_find(set, JWT_ES256, str_of(kid));
}

/* Waits for the look that is under way, or begins one; false when it is too soon for another. */
static bool look_again(void)
{
	struct jwks_wait wait = {.done = on_keys};
	int before = waited;

	if (!jwks_source_refetch(source, &wait))
		return false;
	loop_run(loop);
	assert_int_equal(waited, before + 1);
	return true;
}

static void test_a_url_is_asked_again_for_a_missing_key(void **state)
{
	char *url = mem_printf("http://%s/keys", httpd_address(httpd));

	(void)state;
	open_source(url, 0);
	assert_null(jwks_source_keys(source));
	assert_true(look_again());
	assert_true(has("a") && !has("b"));
	published = SET(EC(",\"kid\":\"b\""));
	assert_true(look_again());
	assert_true(!has("a") && has("b"));
	published = NULL;
	assert_true(look_again());
	assert_true(has("b"));
	published = "{\"keys\":[]}";
	assert_true(look_again());
	assert_true(has("b"));
	assert_int_equal(served, 4);
	free(url);
}

static void test_a_url_is_not_asked_too_often(void **state)
{
	char *url = mem_printf("http://%s/keys", httpd_address(httpd));
	struct jwks_wait waits[3] = {{.done = on_keys}, {.done = on_keys}, {.done = on_keys}};

	(void)state;
	open_source(url, 3600000);
	for (size_t i = 0; i < ARRAY_SIZE(waits); i++)
		assert_true(jwks_source_refetch(source, &waits[i]));
	loop_run(loop);
	assert_int_equal(waited, 3);
	assert_true(has("a"));
	assert_false(look_again());
	assert_int_equal(served, 1);
	free(url);
}

static void write_text(const char *path, const char *text)
{
	FILE *f = fopen(path, "we");

	assert_true(f && fputs(text, f) >= 0);
	assert_int_equal(fclose(f), 0);
}

static void test_a_file_is_read_again(void **state)
{
	char path[] = "/tmp/test_jwks.XXXXXX";
	int fd = mkstemp(path);

	(void)state;
	assert_true(fd >= 0);
	close(fd);
	write_text(path, SET(EC(",\"kid\":\"a\"")));
	open_source(path, 0);
	assert_true(has("a"));
	assert_true(look_again()); /* what the start had to tell */
	write_text(path, SET(EC(",\"kid\":\"b\"")));
	assert_true(look_again());
	assert_true(!has("a") && has("b"));
	write_text(path, "{");
	assert_true(look_again());
	assert_true(has("b"));
	unlink(path);
	assert_true(look_again());
	assert_true(has("b"));
}

static void test_free_while_asking(void **state)
{
	char *url = mem_printf("http://%s/keys", httpd_address(httpd));
	struct jwks_wait wait = {.done = on_keys};

	(void)state;
	open_source(url, 0);
	assert_true(jwks_source_refetch(source, &wait));
	jwks_source_free(source);
	source = NULL;
	assert_int_equal(waited, 0);
	free(url);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_keys_are_found_by_kind_and_id),
	    cmocka_unit_test(test_keys_that_are_passed_over),
	    cmocka_unit_test(test_documents_that_are_no_sets),
	    TEST(test_a_url_is_asked_again_for_a_missing_key),
	    TEST(test_a_url_is_not_asked_too_often),
	    TEST(test_a_file_is_read_again),
	    TEST(test_free_while_asking),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
