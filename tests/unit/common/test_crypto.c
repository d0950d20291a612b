// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"

#include <setjmp.h>
#include <cmocka.h>

#include "io/crypto.h"

#define KEY_A "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
#define KEY_B "//////////////////////////////////////////8="
#define RING_A "a:" KEY_A

static struct crypto_keys *ring(const char *text)
{
	struct err err;
	struct crypto_keys *keys = crypto_keys_new(str_of(text), &err);

	if (!keys)
		fail_msg("%s", err.text);
	return keys;
}

static void hashes(void **state)
{
	(void)state;
	uint8_t hash[CRYPTO_SHA256_LEN];
	struct buf hex = BUF(100);

	crypto_sha256(STR("abc"), hash); /* FIPS 180-4, example */
	buf_add_hex(&hex, hash, sizeof hash);
	assert_string_equal(
	    buf_text(&hex), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
	buf_clear(&hex);
	crypto_sha256(STR(""), hash);
	buf_add_hex(&hex, hash, sizeof hash);
	assert_string_equal(
	    buf_text(&hex), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
	buf_done(&hex);
}

static void authenticates(void **state)
{
	(void)state;
	/* RFC 4231, cases 2 (a short key) and 6 (one longer than a block); the third: no key and no data */
	char long_key[131];
	const struct {
		struct str key;
		struct str data;
		const char *hex;
	} cases[] = {
	    {STR("Jefe"), STR("what do ya want for nothing?"),
	        "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"},
	    {{long_key, sizeof long_key}, STR("Test Using Larger Than Block-Size Key - Hash Key First"),
	        "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"},
	    {{NULL, 0}, {NULL, 0}, "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad"},
	};

	memset(long_key, 0xaa, sizeof long_key);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		uint8_t code[CRYPTO_SHA256_LEN];
		struct buf hex = BUF(100);

		crypto_hmac_sha256(cases[i].key, cases[i].data, code);
		buf_add_hex(&hex, code, sizeof code);
		assert_string_equal(buf_text(&hex), cases[i].hex);
		buf_done(&hex);
	}
}

static void compares_and_draws(void **state)
{
	(void)state;
	uint8_t a[16] = {0};
	uint8_t b[16] = {0};

	assert_true(crypto_equal(a, b, sizeof a));
	crypto_random(a, sizeof a);
	crypto_random(b, sizeof b);
	assert_false(crypto_equal(a, b, sizeof a));
}

static void base64_both_ways(void **state)
{
	(void)state;
	static const struct {
		enum crypto_base64 form;
		struct str data;
		const char *text;
	} cases[] = {
	    /* RFC 4648, section 10 */
	    {CRYPTO_BASE64, {"", 0}, ""},
	    {CRYPTO_BASE64, {"f", 1}, "Zg=="},
	    {CRYPTO_BASE64, {"fo", 2}, "Zm8="},
	    {CRYPTO_BASE64, {"foo", 3}, "Zm9v"},
	    {CRYPTO_BASE64, {"foob", 4}, "Zm9vYg=="},
	    {CRYPTO_BASE64, {"fooba", 5}, "Zm9vYmE="},
	    {CRYPTO_BASE64, {"foobar", 6}, "Zm9vYmFy"},
	    {CRYPTO_BASE64, {"\xfb\xff\x00", 3}, "+/8A"},
	    {CRYPTO_BASE64URL, {"\xfb\xff\x00", 3}, "-_8A"},
	    {CRYPTO_BASE64URL, {"f", 1}, "Zg"},
	    {CRYPTO_BASE64URL, {"fo", 2}, "Zm8"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct buf out = BUF(100);

		crypto_base64_encode(cases[i].form, cases[i].data, &out);
		assert_string_equal(buf_text(&out), cases[i].text);
		buf_clear(&out);
		assert_true(crypto_base64_decode(cases[i].form, str_of(cases[i].text), &out));
		assert_true(str_eq(buf_str(&out), cases[i].data));
		buf_done(&out);
	}
}

static void base64_refuses_what_is_not_canonical(void **state)
{
	(void)state;
	static const struct {
		enum crypto_base64 form;
		const char *text;
	} cases[] = {
	    {CRYPTO_BASE64, "Zg"},
	    {CRYPTO_BASE64, "Zg="},
	    {CRYPTO_BASE64, "Zh=="},
	    {CRYPTO_BASE64, "Zm9="},
	    {CRYPTO_BASE64, "Z==="},
	    {CRYPTO_BASE64, "===="},
	    {CRYPTO_BASE64, "Zg==Zg=="},
	    {CRYPTO_BASE64, "Zm 9"},
	    {CRYPTO_BASE64, "Zm9\n"},
	    {CRYPTO_BASE64, "-_8A"},
	    {CRYPTO_BASE64URL, "+/8A"},
	    {CRYPTO_BASE64URL, "Zg=="},
	    {CRYPTO_BASE64URL, "Z"},
	    {CRYPTO_BASE64URL, "Zh"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct buf out = BUF(100);

		if (crypto_base64_decode(cases[i].form, str_of(cases[i].text), &out))
			fail_msg("accepted %s", cases[i].text);
		assert_int_equal(out.n, 0);
		buf_done(&out);
	}
	struct buf small = BUF(2);
	assert_false(crypto_base64_decode(CRYPTO_BASE64, STR("Zm9v"), &small));
	buf_done(&small);
}

static void rings_are_checked(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		const char *problem;
	} cases[] = {
	    {"", "key ring: it is empty"},
	    {KEY_A, "key ring: key 1: write id:base64"},
	    {":" KEY_A, "key ring: key 1: write id:base64"},
	    {"a b:" KEY_A, "key ring: key 1: write id:base64"},
	    {"a:AAEC", "key ring: key 1: not the base64 of 32 bytes"},
	    {"a:" KEY_A "x", "key ring: key 1: not the base64 of 32 bytes"},
	    {"a:" KEY_A ",a:" KEY_B, "key ring: key 2: its id is there already"},
	    {"a:" KEY_A ",,", "key ring: key 2: write id:base64"},
	    {"0123456789012345678901234567890123:" KEY_A, "key ring: key 1: write id:base64"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct err err;

		assert_null(crypto_keys_new(str_of(cases[i].text), &err));
		assert_non_null(strstr(err.text, cases[i].problem));
		assert_null(strstr(err.text, "AAEC"));
	}
	crypto_keys_free(ring(" a:" KEY_A ", b-2_:" KEY_B));
}

static void seals_and_opens(void **state)
{
	(void)state;
	static const struct str plains[] = {{"", 0}, {"x", 1}, {"{\"access_token\":\"t\0p\"}", 22}};
	struct crypto_keys *keys = ring(RING_A);
	struct err err;

	for (size_t i = 0; i < ARRAY_SIZE(plains); i++) {
		struct buf sealed = BUF(1000);
		struct buf again = BUF(1000);
		AUTO(crypto_wipe) struct buf plain = BUF(1000);

		assert_int_equal(crypto_seal(keys, plains[i], STR("t|c"), &sealed, &err), RC_OK);
		assert_int_equal(sealed.n, 3 + 12 + plains[i].n + 16);
		assert_memory_equal(sealed.p, "\1\1a", 3);
		assert_int_equal(crypto_seal(keys, plains[i], STR("t|c"), &again, &err), RC_OK);
		assert_false(str_eq(buf_str(&sealed), buf_str(&again))); /* a fresh nonce each time */
		buf_add_text(&plain, "before ");
		assert_int_equal(crypto_open(keys, buf_str(&sealed), STR("t|c"), &plain, &err), RC_OK);
		assert_true(str_eq((struct str){plain.p + 7, plain.n - 7}, plains[i]));
		buf_done(&sealed);
		buf_done(&again);
	}
	crypto_keys_free(keys);
}

/* Each byte of a sealed text is changed in turn, and each shorter text tried: nothing but an error comes out.
 */
static void changes_are_noticed(void **state)
{
	(void)state;
	struct crypto_keys *keys = ring(RING_A ",b:" KEY_B);
	struct buf sealed = BUF(1000);
	struct buf plain = BUF(1000);
	struct err err;

	assert_int_equal(crypto_seal(keys, STR("secret text"), STR("t|c"), &sealed, &err), RC_OK);
	for (size_t i = 0; i < sealed.n; i++) {
		sealed.p[i] ^= 3; /* the id a becomes b, which is in the ring */
		assert_int_not_equal(crypto_open(keys, buf_str(&sealed), STR("t|c"), &plain, &err), RC_OK);
		assert_null(strstr(err.text, "secret text"));
		sealed.p[i] ^= 3;
		assert_int_not_equal(
		    crypto_open(keys, (struct str){sealed.p, i}, STR("t|c"), &plain, &err), RC_OK);
	}
	assert_int_equal(crypto_open(keys, buf_str(&sealed), STR("t|d"), &plain, &err), RC_DENIED);
	assert_int_equal(crypto_open(keys, buf_str(&sealed), STR(""), &plain, &err), RC_DENIED);
	assert_int_equal(plain.n, 0);
	assert_int_equal(crypto_open(keys, buf_str(&sealed), STR("t|c"), &plain, &err), RC_OK);
	assert_string_equal(buf_text(&plain), "secret text");
	buf_done(&sealed);
	buf_done(&plain);
	crypto_keys_free(keys);
}

static void keys_rotate(void **state)
{
	(void)state;
	struct crypto_keys *old = ring(RING_A);
	struct crypto_keys *both = ring("b:" KEY_B "," RING_A);
	struct crypto_keys *new = ring("b:" KEY_B);
	struct buf sealed = BUF(1000);
	struct buf plain = BUF(1000);
	struct err err;

	assert_int_equal(crypto_seal(old, STR("s"), STR(""), &sealed, &err), RC_OK);
	assert_false(crypto_is_stale(old, buf_str(&sealed)));
	assert_true(crypto_is_stale(both, buf_str(&sealed)));
	assert_int_equal(crypto_open(both, buf_str(&sealed), STR(""), &plain, &err), RC_OK);
	assert_int_equal(crypto_open(new, buf_str(&sealed), STR(""), &plain, &err), RC_NOT_FOUND);
	buf_clear(&sealed);
	assert_int_equal(crypto_seal(both, buf_str(&plain), STR(""), &sealed, &err), RC_OK);
	assert_int_equal(crypto_open(new, buf_str(&sealed), STR(""), &plain, &err), RC_OK);
	buf_done(&sealed);
	buf_done(&plain);
	crypto_keys_free(old);
	crypto_keys_free(both);
	crypto_keys_free(new);
}

static void ceilings_hold(void **state)
{
	(void)state;
	struct crypto_keys *keys = ring(RING_A);
	struct buf sealed = BUF(31);
	struct buf plain = BUF(3);
	struct err err;

	assert_int_equal(crypto_seal(keys, STR("x"), STR(""), &sealed, &err), RC_LIMIT);
	buf_init(&sealed, 100);
	assert_int_equal(crypto_seal(keys, STR("four"), STR(""), &sealed, &err), RC_OK);
	assert_int_equal(crypto_open(keys, buf_str(&sealed), STR(""), &plain, &err), RC_LIMIT);
	buf_done(&sealed);
	buf_done(&plain);
	crypto_keys_free(keys);
	crypto_keys_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(hashes),
	    cmocka_unit_test(authenticates),
	    cmocka_unit_test(compares_and_draws),
	    cmocka_unit_test(base64_both_ways),
	    cmocka_unit_test(base64_refuses_what_is_not_canonical),
	    cmocka_unit_test(rings_are_checked),
	    cmocka_unit_test(seals_and_opens),
	    cmocka_unit_test(changes_are_noticed),
	    cmocka_unit_test(keys_rotate),
	    cmocka_unit_test(ceilings_hold),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
