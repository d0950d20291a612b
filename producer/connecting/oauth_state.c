// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "oauth_state.h"

#include "io/crypto.h"

#define ID_BYTES sizeof(struct uuid)

/* Of one key, two that have nothing to do with each other. */
static void sign(const char *key, const char *purpose, const struct uuid *id, uint8_t ret[CRYPTO_SHA256_LEN])
{
	AUTO(buf_done) struct buf text = BUF(64);

	buf_add_text(&text, purpose);
	buf_add(&text, id->b, sizeof id->b);
	crypto_hmac_sha256(str_of(key), buf_str(&text), ret);
}

void oauth_state_write(const char *key, const struct uuid *id, struct buf *out)
{
	uint8_t bytes[ID_BYTES + CRYPTO_SHA256_LEN];

	memcpy(bytes, id->b, sizeof id->b);
	sign(key, "state:", id, bytes + ID_BYTES);
	crypto_base64_encode(CRYPTO_BASE64URL, (struct str){(const char *)bytes, sizeof bytes}, out);
}

void oauth_state_verifier(const char *key, const struct uuid *id, struct buf *out)
{
	uint8_t mac[CRYPTO_SHA256_LEN];

	sign(key, "verifier:", id, mac);
	crypto_base64_encode(CRYPTO_BASE64URL, (struct str){(const char *)mac, sizeof mac}, out);
}

bool oauth_state_read(const char *key, struct str state, struct uuid *ret)
{
	AUTO(buf_done) struct buf bytes = BUF(ID_BYTES + CRYPTO_SHA256_LEN + 3);
	uint8_t mac[CRYPTO_SHA256_LEN];
	struct uuid id;

	if (!key[0] || !state.p || !crypto_base64_decode(CRYPTO_BASE64URL, state, &bytes) ||
	    bytes.n != ID_BYTES + sizeof mac)
		return false;
	memcpy(id.b, bytes.p, ID_BYTES);
	sign(key, "state:", &id, mac);
	if (!crypto_equal(mac, bytes.p + ID_BYTES, sizeof mac))
		return false;
	*ret = id;
	return true;
}
