// SPDX-License-Identifier: Apache-2.0
#pragma once
/* A task's secret, out of the database and into the task. */
#include "base/base.h"
#include "base/json.h"
#include "io/pg.h"
#include "sync/secret.h"

struct task;

struct secret_place secret_place_of(const struct task *t);
/* Opens the secret in that column (bytea). The caller puts *ret. Errors hold no secret. */
enum rc secret_read(const struct secret_place *place, const struct pg_result *r, int col, int row,
    json_object **ret, struct err *err) MUST_USE;
/* The expiry that a column tells as microseconds to go by the database's clock, as Unix time of ours; NULL:
 * 0, unknown. One clock for the fleet: a process whose own is wrong neither keeps dead tokens nor drops good
 * ones. */
int64_t secret_expires_us(const struct pg_result *r, int row, int col);
/* Puts the secret's access token, with its version and expiry, into the task. */
void secret_use(struct task *t, json_object *secret, int64_t version, int64_t expires_us);
