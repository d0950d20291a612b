// SPDX-License-Identifier: Apache-2.0
/* Signatures of others, by the examples of RFC 7515, appendix A. */
#include "base/base.h"
#include "io/crypto.h"
#include "io/crypto_public_key.h"

#include <setjmp.h>

#include <cmocka.h>

#define PAYLOAD                                                                                              \
	"eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ"

static const struct example {
	const char *a; /* n and e, or x and y */
	const char *b;
	const char *data;
	const char *signature;
} rs256 = {
    "ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-"
    "SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-"
    "KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_"
    "h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ",
    "AQAB", "eyJhbGciOiJSUzI1NiJ9." PAYLOAD,
    "cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_"
    "O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_"
    "nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-"
    "eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_"
    "IoypGlUPQGe77Rw"};
static const struct example es256 = {"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
    "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0", "eyJhbGciOiJFUzI1NiJ9." PAYLOAD,
    "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q"};

static struct buf bytes_of(const char *text)
{
	struct buf b = BUF(4096);

	assert_true(crypto_base64_decode(CRYPTO_BASE64URL, str_of(text), &b));
	return b;
}

typedef struct crypto_public_key *make_fn(struct str a, struct str b, struct err *err);

static struct crypto_public_key *key_of(const struct example *e, make_fn *make)
{
	struct buf a = bytes_of(e->a);
	struct buf b = bytes_of(e->b);
	struct err err = {0};
	struct crypto_public_key *key = make(buf_str(&a), buf_str(&b), &err);

	buf_done(&a);
	buf_done(&b);
	return key;
}

static void check_example(const struct example *e, make_fn *make, const struct example *other)
{
	struct crypto_public_key *key = key_of(e, make);
	struct buf signature = bytes_of(e->signature);
	struct buf foreign = bytes_of(other->signature);

	assert_non_null(key);
	assert_true(crypto_verify(key, str_of(e->data), buf_str(&signature)));
	assert_false(crypto_verify(key, str_of(other->data), buf_str(&signature)));
	assert_false(crypto_verify(key, str_of(e->data), buf_str(&foreign)));
	assert_false(crypto_verify(key, str_of(""), buf_str(&signature)));
	assert_false(crypto_verify(key, str_of(e->data), str_of("")));
	for (size_t i = 0; i < signature.n; i += 7) {
		signature.p[i] ^= 1;
		assert_false(crypto_verify(key, str_of(e->data), buf_str(&signature)));
		signature.p[i] ^= 1;
	}
	buf_done(&signature);
	buf_done(&foreign);
	crypto_public_key_free(key);
}

static void rs256_verifies(void **state)
{
	(void)state;
	check_example(&rs256, crypto_public_key_rsa, &es256);
}

static void es256_verifies(void **state)
{
	(void)state;
	check_example(&es256, crypto_public_key_p256, &rs256);
}

static void numbers_that_are_no_key(void **state)
{
	static const struct {
		make_fn *make;
		struct example e;
	} cases[] = {
	    {crypto_public_key_rsa, {.a = "", .b = "AQAB"}},
	    {crypto_public_key_rsa, {.a = "AQAB", .b = "AQAB"}},
	    {crypto_public_key_p256, {.a = "", .b = ""}},
	    {crypto_public_key_p256, {.a = "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
	                                 .b = "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU"}},
	    {crypto_public_key_p256, {.a = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
	                                 .b = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"}},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		assert_null(key_of(&cases[i].e, cases[i].make));
	for (const char *const *e = (const char *const[]){"AQ", "AA", "Ag", "AQABAQABAQAB", NULL}; *e; e++) {
		struct example odd = {.a = rs256.a, .b = *e};

		assert_null(key_of(&odd, crypto_public_key_rsa));
	}
	crypto_public_key_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(rs256_verifies),
	    cmocka_unit_test(es256_verifies),
	    cmocka_unit_test(numbers_that_are_no_key),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
