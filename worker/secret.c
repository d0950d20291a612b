// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "secret.h"

#include "base/clock.h"
#include "base/hash.h"
#include "task.h"
#include "worker.h"

struct secret_place secret_place_of(const struct task *t)
{
	return (struct secret_place){t->worker->keys, t->tenant_id, t->connection_id};
}

enum rc secret_read(const struct secret_place *place, const struct pg_result *r, int col, int row,
    json_object **ret, struct err *err)
{
	AUTO(buf_done) struct buf sealed = BUF(SECRET_MAX);

	if (!pg_bytea(r, row, col, &sealed))
		return err_set(err, RC_INVALID, "the connection's secret cannot be read");
	return secret_open(place, buf_str(&sealed), ret, err);
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
