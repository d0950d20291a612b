// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "io/crypto.h"
#include "webhook_retry.h"
#include "webhook_sign.h"
#include "webhook_url.h"

#include <setjmp.h>

#include <cmocka.h>

/* ---- signatures ---- */

/* The example of the reference libraries (github.com/standard-webhooks/standard-webhooks). */
static void signs_as_the_reference_does(void **state)
{
	struct buf secret = BUF(64);
	struct buf out = BUF(256);

	(void)state;
	assert_true(crypto_base64_decode(CRYPTO_BASE64, STR("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"), &secret));
	webhook_sign(buf_str(&secret), STR("msg_p5jXN8AQM9LWM0D4loKWxJek"), 1614265330,
	    STR("{\"test\": 2432232314}"), &out);
	assert_string_equal(buf_text(&out), "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
	webhook_sign(STR("another"), STR("msg"), 1, STR(""), &out);
	assert_memory_equal(buf_text(&out), "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE= v1,", 51);
	buf_clear(&out);
	webhook_secret_show(buf_str(&secret), &out);
	assert_string_equal(buf_text(&out), "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
	buf_done(&secret);
	buf_done(&out);
}

/* ---- retries ---- */

static void retries_follow_the_schedule(void **state)
{
	static const int64_t schedule_s[] = {5, 300, 1800, 7200, 18000, 36000, 50400, 72000, 86400};

	(void)state;
	for (int i = 0; i < (int)ARRAY_SIZE(schedule_s); i++) {
		int64_t ms = schedule_s[i] * 1000;

		assert_int_equal(webhook_retry_ms(i + 1, 5000, 0.5), ms);
		assert_int_equal(webhook_retry_ms(i + 1, 5000, 0), ms / 10 * 9);
		assert_int_equal(webhook_retry_ms(i + 1, 5000, 1), ms / 10 * 11);
	}
	assert_int_equal(webhook_retry_ms(10, 5000, 0.5), WEBHOOK_NO_RETRY);
	assert_int_equal(webhook_retry_ms(0, 5000, 0.5), WEBHOOK_NO_RETRY);
	assert_int_equal(webhook_retry_ms(2, 50, 0.5), 3000);
}

static void answers_are_judged(void **state)
{
	static const struct {
		int status;
		bool delivered;
		bool gone;
		const char *retry_after;
		int64_t hold_ms;
		const char *error;
	} cases[] = {
	    {200, true, false, NULL, 0, ""},
	    {204, true, false, "30", 0, ""},
	    {299, true, false, NULL, 0, ""},
	    {302, false, false, NULL, 0, "HTTP 302, and redirects are not followed"},
	    {400, false, false, NULL, 0, "HTTP 400"},
	    {410, false, true, NULL, 0, "HTTP 410"},
	    {429, false, false, "30", 30000, "HTTP 429"},
	    {429, false, false, NULL, 0, "HTTP 429"},
	    {503, false, false, "2", 2000, "HTTP 503"},
	    {502, false, false, "30", 0, "HTTP 502"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct http_header header = {STR("Retry-After"), str_of(cases[i].retry_after)};
		struct http_response res = {
		    .status = cases[i].status, .headers = &header, .nheaders = cases[i].retry_after != NULL};
		struct webhook_verdict v = webhook_judge(&res, NULL);

		assert_int_equal(v.status, cases[i].status);
		assert_int_equal(v.delivered, cases[i].delivered);
		assert_int_equal(v.gone, cases[i].gone);
		assert_int_equal(v.hold_ms, cases[i].hold_ms);
		assert_string_equal(v.error, cases[i].error);
	}
	struct err err;
	err_set(&err, RC_TIMEOUT, "POST example.com: timed out");
	struct webhook_verdict v = webhook_judge(NULL, &err);
	assert_int_equal(v.status, 0);
	assert_false(v.delivered);
	assert_string_equal(v.error, "POST example.com: timed out");
}

/* ---- URLs ---- */

static void urls_that_may_be_called(void **state)
{
	static const char *const fine[] = {"https://example.com/hook", "https://example.com",
	    "https://example.com:8443/a?b=c&d=%20", "https://xn--bcher-kva.example/",
	    "https://93.184.216.34/x", "https://[2606:2800:220:1::1]:443/x",
	    "https://hooks.example.co.uk./x"};
	static const char *const loopback[] = {
	    "http://127.0.0.1:8080/hook", "https://localhost/", "http://[::1]:1/"};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(fine); i++)
		assert_null(webhook_url_fault(str_of(fine[i]), false));
	for (size_t i = 0; i < ARRAY_SIZE(loopback); i++) {
		assert_non_null(webhook_url_fault(str_of(loopback[i]), false));
		assert_null(webhook_url_fault(str_of(loopback[i]), true));
	}
}

static void urls_that_may_not(void **state)
{
	static const char *const bad[] = {"", "example.com", "ftp://example.com/", "http://example.com/",
	    "HTTPS://example.com/", "https://", "https:///path", "https://user@example.com/",
	    "https://user:secret@example.com/", "https://example.com/#there", "https://example.com/a b",
	    "https://example.com/\xc3\xa4", "https://exa\nmple.com/", "https://10.0.0.1/",
	    "https://192.168.1.1:443/", "https://169.254.169.254/latest/meta-data", "https://100.64.0.1/",
	    "https://[::1]/", "https://[fe80::1]/", "https://[fd00::1]/", "https://[::ffff:10.0.0.1]/",
	    "https://0x7f.1/", "https://127.1/", "https://2130706433/", "https://127.0.0.1/",
	    "https://localhost/", "https://LocalHost/", "https://0/", "https://exa%6dple.com/"};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_non_null(webhook_url_fault(str_of(bad[i]), false));
	assert_non_null(webhook_url_fault(str_of("http://10.0.0.1/"), true));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(signs_as_the_reference_does),
	    cmocka_unit_test(retries_follow_the_schedule),
	    cmocka_unit_test(answers_are_judged),
	    cmocka_unit_test(urls_that_may_be_called),
	    cmocka_unit_test(urls_that_may_not),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
