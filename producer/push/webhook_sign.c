// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "webhook_sign.h"

#include "io/crypto.h"

#define SIGNED_MAX ((size_t)4 << 20)

void webhook_secret_show(struct str secret, struct buf *out)
{
	buf_add_text(out, "whsec_");
	crypto_base64_encode(CRYPTO_BASE64, secret, out);
}

void webhook_sign(struct str secret, struct str id, int64_t timestamp_s, struct str body, struct buf *out)
{
	AUTO(buf_done) struct buf content = BUF(SIGNED_MAX);
	uint8_t mac[CRYPTO_SHA256_LEN];

	buf_printf(&content, "%.*s.%" PRId64 ".", STR_ARG(id), timestamp_s);
	buf_add_str(&content, body);
	assert(buf_ok(&content));
	crypto_hmac_sha256(secret, buf_str(&content), mac);
	buf_add_text(out, out->n ? " v1," : "v1,");
	crypto_base64_encode(CRYPTO_BASE64, (struct str){(const char *)mac, sizeof mac}, out);
}
