// SPDX-License-Identifier: Apache-2.0
#pragma once
/*
 * A connection's secret: the JSON object {"access_token", "refresh_token", "client_id", "client_secret"},
 * sealed for its tenant and connection; it opens nowhere else.
 */
#include <json.h>

#include "base/base.h"
#include "base/buf.h"
#include "base/uuid.h"

#define SECRET_PLAIN_MAX ((size_t)60 << 10) /* bytes of the document, so that sealed it stays below */
#define SECRET_MAX ((size_t)64 << 10)

struct crypto_keys;

struct secret_place {
	const struct crypto_keys *keys;
	struct uuid tenant_id;
	struct uuid connection_id;
};

/* Opens a sealed secret. The caller puts *ret. Errors hold no secret. */
enum rc secret_open(
    const struct secret_place *place, struct str sealed, json_object **ret, struct err *err) MUST_USE;
/* Seals a document, appending to `out`. */
enum rc secret_seal(
    const struct secret_place *place, json_object *secret, struct buf *out, struct err *err) MUST_USE;
/* Seals again with the ring's first key what any of them sealed, whatever is in it. */
enum rc secret_seal_again(
    const struct secret_place *place, struct str sealed, struct buf *out, struct err *err) MUST_USE;
/* A new secret from what is known of it: empty texts are left out. */
json_object *secret_new(
    struct str access_token, struct str refresh_token, struct str client_id, struct str client_secret);
