// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "secret.h"

#include "base/clock.h"
#include "base/hash.h"
#include "io/crypto.h"
#include "task.h"
#include "worker.h"

#define SECRET_MAX 65536
#define SECRET_DEPTH 4
#define AAD_LEN (2 * UUID_TEXT_LEN + 1)

struct secret_place secret_place_of(const struct task *t)
{
	return (struct secret_place){t->worker->keys, t->tenant_id, t->connection_id};
}

/* "<tenant>|<connection>" */
static struct str aad_of(const struct secret_place *place, char text[AAD_LEN + 1])
{
	uuid_format(&place->tenant_id, text);
	text[UUID_TEXT_LEN] = '|';
	uuid_format(&place->connection_id, text + UUID_TEXT_LEN + 1);
	return (struct str){text, AAD_LEN};
}

enum rc secret_open(const struct secret_place *place, const struct pg_result *r, int col, int row,
    json_object **ret, struct err *err)
{
	char aad[AAD_LEN + 1];
	AUTO(buf_done) struct buf sealed = BUF(SECRET_MAX);
	AUTO(crypto_wipe) struct buf plain = BUF(SECRET_MAX);

	if (!pg_bytea(r, row, col, &sealed))
		return err_set(err, RC_INVALID, "the connection's secret cannot be read");
	if (crypto_open(place->keys, buf_str(&sealed), aad_of(place, aad), &plain, err) != RC_OK)
		return err_prefix(err, "the connection's secret");
	if (json_parse(buf_str(&plain), SECRET_MAX, SECRET_DEPTH, ret, err) != RC_OK ||
	    !json_object_is_type(*ret, json_type_object))
		return err_set(err, RC_INVALID, "the connection's secret is no JSON object");
	return RC_OK;
}

enum rc secret_seal(const struct secret_place *place, json_object *secret, struct buf *out, struct err *err)
{
	char aad[AAD_LEN + 1];

	return crypto_seal(place->keys,
	    str_of(json_object_to_json_string_ext(secret, JSON_C_TO_STRING_PLAIN)), aad_of(place, aad), out,
	    err);
}

int64_t secret_expires_us(const struct pg_result *r, int row, int col)
{
	return pg_is_null(r, row, col) ? 0 : MAX(clock_unix_us() + pg_i64(r, row, col), 1);
}

void secret_use(struct task *t, json_object *secret, int64_t version, int64_t expires_us)
{
	json_object *token, *client;

	buf_clear(&t->token);
	if (json_object_object_get_ex(secret, "access_token", &token) && token)
		buf_add_text(&t->token, json_object_get_string(token));
	t->account.access_token = buf_str(&t->token);
	t->app = json_object_object_get_ex(secret, "client_id", &client) && client
	             ? XXH3_64bits(json_object_get_string(client), (size_t)json_object_get_string_len(client))
	             : 0;
	t->token_version = version;
	t->token_expires_us = expires_us;
}
