// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "sync/secret.h"

#include "base/json.h"
#include "io/crypto.h"

#define SECRET_DEPTH 4
#define AAD_LEN (2 * UUID_TEXT_LEN + 1)

/* "<tenant>|<connection>" */
static struct str aad_of(const struct secret_place *place, char text[AAD_LEN + 1])
{
	uuid_format(&place->tenant_id, text);
	text[UUID_TEXT_LEN] = '|';
	uuid_format(&place->connection_id, text + UUID_TEXT_LEN + 1);
	return (struct str){text, AAD_LEN};
}

enum rc secret_open(const struct secret_place *place, struct str sealed, json_object **ret, struct err *err)
{
	char aad[AAD_LEN + 1];
	AUTO(crypto_wipe) struct buf plain = BUF(SECRET_MAX);

	if (crypto_open(place->keys, sealed, aad_of(place, aad), &plain, err) != RC_OK)
		return err_prefix(err, "the connection's secret");
	if (json_parse(buf_str(&plain), SECRET_MAX, SECRET_DEPTH, ret, err) != RC_OK ||
	    !json_object_is_type(*ret, json_type_object))
		return err_set(err, RC_INVALID, "the connection's secret is no JSON object");
	return RC_OK;
}

enum rc secret_seal(const struct secret_place *place, json_object *secret, struct buf *out, struct err *err)
{
	char aad[AAD_LEN + 1];
	struct str plain = str_of(json_object_to_json_string_ext(secret, JSON_C_TO_STRING_PLAIN));

	if (plain.n > SECRET_PLAIN_MAX)
		return err_set(err, RC_LIMIT, "the secrets are too long");
	return crypto_seal(place->keys, plain, aad_of(place, aad), out, err);
}

enum rc secret_seal_again(
    const struct secret_place *place, struct str sealed, struct buf *out, struct err *err)
{
	char aad[AAD_LEN + 1];
	AUTO(crypto_wipe) struct buf plain = BUF(SECRET_MAX);

	if (crypto_open(place->keys, sealed, aad_of(place, aad), &plain, err) != RC_OK)
		return err->rc;
	return crypto_seal(place->keys, buf_str(&plain), aad_of(place, aad), out, err);
}

static void add(json_object *secret, const char *name, struct str value)
{
	if (value.n)
		json_object_object_add(secret, name, json_object_new_string_len(value.p, (int)value.n));
}

json_object *secret_new(
    struct str access_token, struct str refresh_token, struct str client_id, struct str client_secret)
{
	json_object *secret = json_object_new_object();

	add(secret, "access_token", access_token);
	add(secret, "refresh_token", refresh_token);
	add(secret, "client_id", client_id);
	add(secret, "client_secret", client_secret);
	return secret;
}
