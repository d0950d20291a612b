// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "secret.h"

#include "io/crypto.h"
#include "task.h"
#include "worker.h"

#define SECRET_MAX 65536
#define SECRET_DEPTH 4
#define AAD_LEN (2 * UUID_TEXT_LEN + 1)

/* "<tenant>|<connection>": a secret opens only where it belongs. */
static struct str aad_of(const struct task *t, char text[AAD_LEN + 1])
{
	uuid_format(&t->tenant_id, text);
	text[UUID_TEXT_LEN] = '|';
	uuid_format(&t->connection_id, text + UUID_TEXT_LEN + 1);
	return (struct str){text, AAD_LEN};
}

enum rc secret_open(const struct task *t, const struct pg_result *r, int row, int col, json_object **ret, struct err *err)
{
	char aad[AAD_LEN + 1];
	AUTO(buf_done) struct buf sealed = BUF(SECRET_MAX);
	AUTO(crypto_wipe) struct buf plain = BUF(SECRET_MAX);

	if (!pg_bytea(r, row, col, &sealed))
		return err_set(err, RC_INVALID, "the connection's secret cannot be read");
	enum rc rc = crypto_open(t->worker->keys, buf_str(&sealed), aad_of(t, aad), &plain, err);
	if (rc != RC_OK)
		return err_prefix(err, "the connection's secret");
	rc = json_parse(buf_str(&plain), SECRET_MAX, SECRET_DEPTH, ret, err);
	if (rc != RC_OK || !json_object_is_type(*ret, json_type_object))
		return err_set(err, RC_INVALID, "the connection's secret is no JSON object");
	return RC_OK;
}

enum rc secret_seal(const struct task *t, struct str plain, struct buf *out, struct err *err)
{
	char aad[AAD_LEN + 1];

	return crypto_seal(t->worker->keys, plain, aad_of(t, aad), out, err);
}

void secret_use(struct task *t, json_object *secret, int64_t version, int64_t expires_us)
{
	json_object *token;

	buf_clear(&t->token);
	if (json_object_object_get_ex(secret, "access_token", &token) && token)
		buf_add_text(&t->token, json_object_get_string(token));
	t->account.access_token = buf_str(&t->token);
	t->token_version = version;
	t->token_expires_us = expires_us;
}
