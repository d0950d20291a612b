// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "service_key.h"

#define PREFIX "sfk_"
#define RANDOM_BYTES 32

void service_key_make(char ret_text[SERVICE_KEY_LEN + 1], uint8_t ret_sha256[CRYPTO_SHA256_LEN])
{
	char random[RANDOM_BYTES];
	AUTO(crypto_wipe) struct buf text = BUF(SERVICE_KEY_LEN + 1);

	crypto_random(random, sizeof random);
	buf_add_text(&text, PREFIX);
	crypto_base64_encode(CRYPTO_BASE64URL, (struct str){random, sizeof random}, &text);
	explicit_bzero(random, sizeof random);
	assert(text.n == SERVICE_KEY_LEN);
	memcpy(ret_text, text.p, SERVICE_KEY_LEN + 1);
	crypto_sha256(buf_str(&text), ret_sha256);
}

bool service_key_looks_like(struct str text)
{
	return str_starts(text, STR(PREFIX)) && text.n == SERVICE_KEY_LEN;
}
