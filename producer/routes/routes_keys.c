// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "call.h"
#include "route_rows.h"
#include "service_key.h"

#define KEY_NAME_MAX 200
#define EXPIRES_IN_MAX_S (INT64_C(10) * 366 * 86400)
#define DOCUMENT_MAX 8192

/* The only answer that ever holds the secret, and its repetitions. */
static void show_key(struct call *c, struct reply row)
{
	struct buf out = BUF(DOCUMENT_MAX);

	if (row.status == 201) {
		assert(row.body_n > 1 && row.body[0] == '{');
		buf_printf(&out, "{\"key\":\"%s\",%s", call_secret(c), row.body + 1);
		free(row.body);
		row.body = out.p;
		row.body_n = out.n;
	}
	call_answer(c, row);
}

/* Made here and not in SQL, so that the database never sees it. */
static void create_key(struct call *c)
{
	char *text = call_make_secret(c, SERVICE_KEY_LEN + 1);
	uint8_t sha256[CRYPTO_SHA256_LEN];

	service_key_make(text, sha256);
	pg_arg_bytea(call_args(c), (struct str){(const char *)sha256, sizeof sha256});
	call_write(c, &sql_keys_create, show_key);
}

static const struct route_param create_params[] = {
    NEW_ID("key_id"),
    TENANT,
    {.name = "name", .from = PARAM_BODY, .type = PARAM_TEXT, .required = true, .min = 1, .max = KEY_NAME_MAX},
    {.name = "rights", .from = PARAM_BODY, .type = PARAM_NAMES, .allowed = "read|sync|connect|admin|operate"},
    {.name = "expires_in_s", .from = PARAM_BODY, .type = PARAM_INT, .min = 1, .max = EXPIRES_IN_MAX_S},
    {.name = "granter", .from = PARAM_MADE, .type = PARAM_RIGHTS},
    IDEMPOTENCY_KEY,
};

static const struct route_param list_params[] = {TENANT, LIMIT, CURSOR, IF_NONE_MATCH};

static const struct route_param one_params[] = {PATH_ID("key_id"), TENANT};

static const struct route rows[] = {
    {"POST", "/v1/keys", RIGHT_ADMIN, ROUTE_HANDLER, &sql_keys_create, PARAMS(create_params), create_key},
    {"GET", "/v1/keys", RIGHT_ADMIN, ROUTE_READ, &sql_keys_list, PARAMS(list_params)},
    {"DELETE", "/v1/keys/{key_id}", RIGHT_ADMIN, ROUTE_WRITE, &sql_keys_revoke, PARAMS(one_params)},
};

const struct routes routes_keys = ROWS(rows);
