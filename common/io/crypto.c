// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "io/crypto.h"

#include <limits.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>

#define KEYS_MAX 16
#define KEY_BYTES 32
#define ID_MAX 32
#define VERSION 1
#define NONCE_BYTES 12
#define TAG_BYTES 16

struct key {
	char id[ID_MAX + 1];
	uint8_t bytes[KEY_BYTES];
};

struct crypto_keys {
	size_t n;
	struct key key[KEYS_MAX];
};

void crypto_sha256(struct str data, uint8_t ret[CRYPTO_SHA256_LEN])
{
	static EVP_MD *sha256; /* fetching costs more than hashing a key */

	if (!sha256)
		sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
	if (!EVP_Digest(data.p, data.n, ret, NULL, sha256, NULL))
		abort();
}

void crypto_random(void *ret, size_t n)
{
	if (n > INT_MAX || RAND_bytes(ret, (int)n) != 1)
		abort();
}

bool crypto_equal(const void *a, const void *b, size_t n)
{
	return CRYPTO_memcmp(a, b, n) == 0;
}

void crypto_wipe(struct buf *b)
{
	if (b->p)
		OPENSSL_cleanse(b->p, b->cap);
	buf_done(b);
}

/* ---- the ring ---- */

static bool is_id(struct str id)
{
	static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-";

	for (size_t i = 0; i < id.n; i++) {
		if (!id.p[i] || !strchr(allowed, id.p[i]))
			return false;
	}
	return id.n > 0 && id.n <= ID_MAX;
}

static const struct key *find_key(const struct crypto_keys *keys, struct str id)
{
	for (size_t i = 0; i < keys->n; i++) {
		if (str_is(id, keys->key[i].id))
			return &keys->key[i];
	}
	return NULL;
}

static enum rc add_key(struct crypto_keys *keys, struct str text, struct err *err)
{
	struct str id = str_cut(&text, ':');
	AUTO(crypto_wipe) struct buf bytes = BUF(KEY_BYTES + 3);
	size_t position = keys->n + 1;

	if (!is_id(id))
		return err_set(err, RC_INVALID,
		    "key ring: key %zu: write id:base64, the id of 1 to 32 characters A-Z "
		    "a-z 0-9 _ -",
		    position);
	if (find_key(keys, id))
		return err_set(err, RC_INVALID, "key ring: key %zu: its id is there already", position);
	if (keys->n == KEYS_MAX)
		return err_set(err, RC_LIMIT, "key ring: more than %d keys", KEYS_MAX);
	if (!crypto_base64_decode(CRYPTO_BASE64, text, &bytes) || bytes.n != KEY_BYTES)
		return err_set(
		    err, RC_INVALID, "key ring: key %zu: not the base64 of %d bytes", position, KEY_BYTES);
	struct key *key = &keys->key[keys->n++];
	memcpy(key->id, id.p, id.n);
	memcpy(key->bytes, bytes.p, KEY_BYTES);
	return RC_OK;
}

struct crypto_keys *crypto_keys_new(struct str text, struct err *err)
{
	struct crypto_keys *keys = mem_zalloc(sizeof *keys);
	struct str rest = text;

	if (!text.n) {
		err_set(err, RC_INVALID, "key ring: it is empty");
		crypto_keys_free(keys);
		return NULL;
	}
	while (rest.n) {
		if (add_key(keys, str_trim(str_cut(&rest, ',')), err) != RC_OK) {
			crypto_keys_free(keys);
			return NULL;
		}
	}
	return keys;
}

void crypto_keys_free(struct crypto_keys *keys)
{
	if (!keys)
		return;
	OPENSSL_cleanse(keys, sizeof *keys);
	free(keys);
}

/* ---- sealing ---- */

/* One secret on its way in or out; the header is authenticated as well as the caller's words. */
struct work {
	EVP_CIPHER_CTX *ctx;
	const struct key *key;
	struct str header; /* version, length of the id, id */
	struct str aad;
	const uint8_t *nonce;
};

static bool work_begin(struct work *w, bool seal)
{
	int n;

	w->ctx = EVP_CIPHER_CTX_new();
	return w->ctx &&
	       EVP_CipherInit_ex2(w->ctx, EVP_aes_256_gcm(), w->key->bytes, w->nonce, seal ? 1 : 0, NULL) ==
	           1 &&
	       EVP_CipherUpdate(w->ctx, NULL, &n, (const uint8_t *)w->header.p, (int)w->header.n) == 1 &&
	       (w->aad.n == 0 ||
	           EVP_CipherUpdate(w->ctx, NULL, &n, (const uint8_t *)w->aad.p, (int)w->aad.n) == 1);
}

static bool too_long(struct str a, struct str b)
{
	return a.n > INT_MAX / 2 || b.n > INT_MAX / 2;
}

enum rc crypto_seal(
    const struct crypto_keys *keys, struct str plain, struct str aad, struct buf *out, struct err *err)
{
	const struct key *key = &keys->key[0];
	size_t id_len = strlen(key->id);
	size_t total = 2 + id_len + NONCE_BYTES + plain.n + TAG_BYTES;
	char *at = too_long(plain, aad) ? NULL : buf_reserve(out, total);
	int n = 0;

	if (!at)
		return err_set(err, RC_LIMIT, "seal: the secret is too long");
	at[0] = VERSION;
	at[1] = (char)id_len;
	memcpy(at + 2, key->id, id_len);
	uint8_t *nonce = (uint8_t *)at + 2 + id_len;
	uint8_t *text = nonce + NONCE_BYTES;
	crypto_random(nonce, NONCE_BYTES);
	struct work w = {.key = key, .header = {at, 2 + id_len}, .aad = aad, .nonce = nonce};
	bool good = work_begin(&w, true) &&
	            (plain.n == 0 ||
	                EVP_CipherUpdate(w.ctx, text, &n, (const uint8_t *)plain.p, (int)plain.n) == 1) &&
	            EVP_CipherFinal_ex(w.ctx, text + n, &n) == 1 &&
	            EVP_CIPHER_CTX_ctrl(w.ctx, EVP_CTRL_AEAD_GET_TAG, TAG_BYTES, text + plain.n) == 1;
	EVP_CIPHER_CTX_free(w.ctx);
	if (!good)
		return err_set(err, RC_IO, "seal: OpenSSL failed");
	at[total] = '\0';
	out->n += total;
	return RC_OK;
}

/* The header of a sealed text; false when it is none. */
static bool split(struct str sealed, struct str *ret_id)
{
	if (sealed.n < 2 || sealed.p[0] != VERSION)
		return false;
	*ret_id = (struct str){sealed.p + 2, (uint8_t)sealed.p[1]};
	return ret_id->n > 0 && ret_id->n <= ID_MAX && sealed.n >= 2 + ret_id->n + NONCE_BYTES + TAG_BYTES;
}

static bool decrypt(struct work *w, struct str text, char *ret)
{
	uint8_t tag[TAG_BYTES];
	int n = 0;

	memcpy(tag, text.p + text.n, TAG_BYTES);
	return work_begin(w, false) &&
	       (text.n == 0 ||
	           EVP_CipherUpdate(w->ctx, (uint8_t *)ret, &n, (const uint8_t *)text.p, (int)text.n) == 1) &&
	       EVP_CIPHER_CTX_ctrl(w->ctx, EVP_CTRL_AEAD_SET_TAG, TAG_BYTES, tag) == 1 &&
	       EVP_CipherFinal_ex(w->ctx, (uint8_t *)ret + n, &n) == 1;
}

enum rc crypto_open(
    const struct crypto_keys *keys, struct str sealed, struct str aad, struct buf *out, struct err *err)
{
	struct str id;

	if (too_long(sealed, aad) || !split(sealed, &id))
		return err_set(err, RC_INVALID, "open: not a sealed text");
	const struct key *key = find_key(keys, id);
	if (!key)
		return err_set(err, RC_NOT_FOUND,
		    "open: the key \"%.*s\" that it was sealed with is not in crypto.keys", STR_ARG(id));
	size_t head = 2 + id.n + NONCE_BYTES;
	struct str text = {sealed.p + head, sealed.n - head - TAG_BYTES};
	char *at = buf_reserve(out, text.n);
	if (!at)
		return err_set(err, RC_LIMIT, "open: the secret is too long");
	struct work w = {.key = key,
	    .header = {sealed.p, 2 + id.n},
	    .aad = aad,
	    .nonce = (const uint8_t *)sealed.p + 2 + id.n};
	bool good = decrypt(&w, text, at);
	EVP_CIPHER_CTX_free(w.ctx);
	if (!good) {
		OPENSSL_cleanse(at, text.n);
		*at = '\0';
		return err_set(
		    err, RC_DENIED, "open: it was changed, or sealed for another place or by another key");
	}
	at[text.n] = '\0';
	out->n += text.n;
	return RC_OK;
}

bool crypto_is_stale(const struct crypto_keys *keys, struct str sealed)
{
	struct str id;

	return !split(sealed, &id) || !str_is(id, keys->key[0].id);
}
