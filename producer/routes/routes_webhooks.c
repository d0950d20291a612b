// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "call.h"
#include "io/crypto.h"
#include "problem.h"
#include "route_rows.h"
#include "webhook_sign.h"
#include "webhook_url.h"

#define URL_MAX 2000
#define DESCRIPTION_MAX 200
#define SEALED_MAX 256
#define AAD_LEN (2 * UUID_TEXT_LEN + 1)
#define DOCUMENT_MAX 16384
#define EVENT_TYPES "task.completed|task.failed|task.cancelled|sync.completed|sync.failed|sync.cancelled"

enum { ARG_WEBHOOK, ARG_TENANT, ARG_URL };

/* The only answer that ever holds the secret, and its repetitions. */
static void show_secret(struct call *c, struct reply row)
{
	AUTO(crypto_wipe) struct buf text = BUF(WEBHOOK_SECRET_TEXT_MAX);
	struct buf out = BUF(DOCUMENT_MAX);

	if (row.status == 200 || row.status == 201) {
		assert(row.body_n > 1 && row.body[0] == '{');
		webhook_secret_show((struct str){call_secret(c), WEBHOOK_SECRET_BYTES}, &text);
		buf_printf(&out, "{\"secret\":\"%s\",%s", buf_text(&text), row.body + 1);
		free(row.body);
		row.body = out.p;
		row.body_n = out.n;
	}
	call_answer(c, row);
}

static bool url_is_fine(struct call *c)
{
	struct str url = pg_arg_value(call_args(c), ARG_URL);
	const char *fault = url.p ? webhook_url_fault(url, call_calls(c)->o->plain_loopback) : NULL;
	struct problem_faults faults;

	if (!fault)
		return true;
	problem_faults_init(&faults);
	problem_fault(&faults, "url_not_allowed", "#/url", "%s", fault);
	call_answer(c, problem_reply_faults(422, &faults));
	problem_faults_done(&faults);
	return false;
}

/* Binds a new secret as the last argument, sealed for its webhook; the statement never sees it plain. */
static bool bind_secret(struct call *c)
{
	AUTO(buf_done) struct buf sealed = BUF(SEALED_MAX);
	char *secret = call_make_secret(c, WEBHOOK_SECRET_BYTES);
	char aad[AAD_LEN + 1];
	struct uuid id;
	struct err err;

	crypto_random(secret, WEBHOOK_SECRET_BYTES);
	uuid_format(&call_caller(c)->tenant, aad);
	aad[UUID_TEXT_LEN] = '|';
	memcpy(&id, pg_arg_value(call_args(c), ARG_WEBHOOK).p, sizeof id);
	uuid_format(&id, aad + UUID_TEXT_LEN + 1);
	if (crypto_seal(call_calls(c)->o->keys, (struct str){secret, WEBHOOK_SECRET_BYTES},
	        (struct str){aad, AAD_LEN}, &sealed, &err) != RC_OK) {
		call_refuse(c, 500, "internal_error", "the secret cannot be sealed");
		return false;
	}
	pg_arg_bytea(call_args(c), buf_str(&sealed));
	return true;
}

static void create(struct call *c)
{
	if (url_is_fine(c) && bind_secret(c))
		call_write(c, &sql_webhooks_create, show_secret);
}

static void change(struct call *c)
{
	if (url_is_fine(c))
		call_write(c, &sql_webhooks_change, call_answer);
}

static void rotate(struct call *c)
{
	if (bind_secret(c))
		call_write(c, &sql_webhooks_rotate, show_secret);
}

/* clang-format off */
#define URL(must) {.name = "url", .from = PARAM_BODY, .type = PARAM_TEXT, .required = (must), .min = 1, .max = URL_MAX}
#define TYPES {.name = "event_types", .from = PARAM_BODY, .type = PARAM_NAMES, .allowed = EVENT_TYPES}
#define DESCRIPTION {.name = "description", .from = PARAM_BODY, .type = PARAM_TEXT, .min = 0, .max = DESCRIPTION_MAX}
/* clang-format on */

static const struct route_param create_params[] = {
    NEW_ID("webhook_id"), TENANT, URL(true), TYPES, DESCRIPTION, IDEMPOTENCY_KEY};
static const struct route_param change_params[] = {PATH_ID("webhook_id"), TENANT, URL(false), TYPES,
    DESCRIPTION, {.name = "active", .from = PARAM_BODY, .type = PARAM_BOOL}};
static const struct route_param list_params[] = {TENANT, LIMIT, CURSOR, IF_NONE_MATCH};
static const struct route_param one_params[] = {PATH_ID("webhook_id"), TENANT};
static const struct route_param deliveries_params[] = {PATH_ID("webhook_id"), TENANT, LIMIT, CURSOR,
    {.name = "state", .from = PARAM_QUERY, .type = PARAM_ENUM, .allowed = "pending|delivered|failed"}};
static const struct route_param redeliver_params[] = {
    PATH_ID("webhook_id"), PATH_ID("delivery_id"), TENANT, IDEMPOTENCY_KEY};
static const struct route_param make_params[] = {PATH_ID("webhook_id"), TENANT, IDEMPOTENCY_KEY};

#define ONE "/v1/webhooks/{webhook_id}"

static const struct route rows[] = {
    {"POST", "/v1/webhooks", RIGHT_ADMIN, ROUTE_HANDLER, &sql_webhooks_create, PARAMS(create_params), create},
    {"GET", "/v1/webhooks", RIGHT_ADMIN, ROUTE_READ, &sql_webhooks_list, PARAMS(list_params)},
    {"GET", ONE, RIGHT_ADMIN, ROUTE_READ, &sql_webhooks_get, PARAMS(one_params)},
    {"PATCH", ONE, RIGHT_ADMIN, ROUTE_HANDLER, &sql_webhooks_change, PARAMS(change_params), change},
    {"DELETE", ONE, RIGHT_ADMIN, ROUTE_WRITE, &sql_webhooks_delete, PARAMS(one_params)},
    {"POST", ONE "/rotate", RIGHT_ADMIN, ROUTE_HANDLER, &sql_webhooks_rotate, PARAMS(make_params), rotate},
    {"POST", ONE "/test", RIGHT_ADMIN, ROUTE_WRITE, &sql_webhooks_test, PARAMS(make_params)},
    {"GET", ONE "/deliveries", RIGHT_ADMIN, ROUTE_READ, &sql_webhooks_deliveries, PARAMS(deliveries_params)},
    {"POST", ONE "/deliveries/{delivery_id}/redeliver", RIGHT_ADMIN, ROUTE_WRITE, &sql_webhooks_redeliver,
        PARAMS(redeliver_params)},
};

const struct routes routes_webhooks = ROWS(rows);
