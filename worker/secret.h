// SPDX-License-Identifier: Apache-2.0
#pragma once
/* A connection's sealed secret: {"access_token", "refresh_token", "client_id", "client_secret"}. */
#include "base/base.h"
#include "base/json.h"
#include "io/pg.h"

struct task;

/* Opens the secret in that column (bytea) for the task's connection. The caller puts *ret. Texts hold no secret. */
enum rc secret_open(const struct task *t, const struct pg_result *r, int row, int col, json_object **ret, struct err *err)
    MUST_USE;
/* Seals `plain` for the task's connection, appending to `out`. */
enum rc secret_seal(const struct task *t, struct str plain, struct buf *out, struct err *err) MUST_USE;
/* Puts the secret's access token, with its version and expiry, into the task. */
void secret_use(struct task *t, json_object *secret, int64_t version, int64_t expires_us);
