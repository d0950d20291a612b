// SPDX-License-Identifier: Apache-2.0
#pragma once
/* A connection's sealed secret: {"access_token", "refresh_token", "client_id", "client_secret"}. */
#include "base/base.h"
#include "base/json.h"
#include "base/uuid.h"
#include "io/pg.h"

struct crypto_keys;
struct task;

/* Where a secret belongs: it opens nowhere else. */
struct secret_place {
	const struct crypto_keys *keys;
	struct uuid tenant_id;
	struct uuid connection_id;
};

struct secret_place secret_place_of(const struct task *t);
/* Opens the secret in that column (bytea). The caller puts *ret. Errors hold no secret. */
enum rc secret_open(const struct secret_place *place, const struct pg_result *r, int col, int row,
    json_object **ret, struct err *err) MUST_USE;
/* Seals a document, appending to `out`. */
enum rc secret_seal(
    const struct secret_place *place, json_object *secret, struct buf *out, struct err *err) MUST_USE;
/* The expiry that a column tells as microseconds to go by the database's clock, as Unix time of ours; NULL:
 * 0, unknown. One clock for the fleet: a process whose own is wrong neither keeps dead tokens nor drops good
 * ones. */
int64_t secret_expires_us(const struct pg_result *r, int row, int col);
/* Puts the secret's access token, with its version and expiry, into the task. */
void secret_use(struct task *t, json_object *secret, int64_t version, int64_t expires_us);
