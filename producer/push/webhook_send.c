// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "webhooks_private.h"

#include "base/clock.h"
#include "io/crypto.h"
#include "webhook_sign.h"

#define SEALED_MAX 1024
#define AAD_LEN (2 * UUID_TEXT_LEN + 1)
#define SIGNATURE_MAX 256
#define HEADER_MAX (SIGNATURE_MAX + 32)

enum column { DELIVERY, WEBHOOK, TENANT, EVENT, PAYLOAD, TRIES, URL, SECRET, OLD_SECRET };

static void on_answer(void *user, const struct http_response *res, const struct err *err)
{
	struct delivery *d = user;

	d->call = NULL;
	d->verdict = webhook_judge(res, err);
	webhooks_judged(d);
}

/* Signs by the secret in that column, when there is one. */
static enum rc sign(const struct delivery *d, const struct pg_result *res, int row, enum column secret,
    int64_t now_s, struct buf *signature, struct err *err)
{
	AUTO(buf_done) struct buf sealed = BUF(SEALED_MAX);
	AUTO(crypto_wipe) struct buf plain = BUF(SEALED_MAX);
	char aad[AAD_LEN + 1];

	if (pg_is_null(res, row, secret))
		return RC_OK;
	snprintf(aad, sizeof aad, "%.*s|%.*s", STR_ARG(pg_str(res, row, TENANT)),
	    STR_ARG(pg_str(res, row, WEBHOOK)));
	if (!pg_bytea(res, row, secret, &sealed) || crypto_open(d->webhooks->o.keys, buf_str(&sealed),
	                                                (struct str){aad, AAD_LEN}, &plain, err) != RC_OK)
		return err_set(
		    err, RC_INVALID, "its secret cannot be opened: is a key missing in crypto.keys?");
	webhook_sign(buf_str(&plain), pg_str(res, row, EVENT), now_s, pg_str(res, row, PAYLOAD), signature);
	return RC_OK;
}

static void send(
    struct delivery *d, const struct pg_result *res, int row, int64_t now_s, struct str signature)
{
	char id[HEADER_MAX];
	char timestamp[HEADER_MAX];
	char signatures[HEADER_MAX];
	const char *const headers[] = {"Content-Type: application/json", id, timestamp, signatures};

	snprintf(id, sizeof id, "webhook-id: %.*s", STR_ARG(pg_str(res, row, EVENT)));
	snprintf(timestamp, sizeof timestamp, "webhook-timestamp: %" PRId64, now_s);
	snprintf(signatures, sizeof signatures, "webhook-signature: %.*s", STR_ARG(signature));
	d->call = http_send(d->webhooks->o.http,
	    &(struct http_request){.method = "POST",
	        .url = pg_str(res, row, URL).p,
	        .headers = headers,
	        .nheaders = ARRAY_SIZE(headers),
	        .body = pg_str(res, row, PAYLOAD),
	        .timeout_ms = d->webhooks->o.timeout_ms},
	    on_answer, d);
}

bool webhook_send(struct delivery *d, const struct pg_result *res, int row)
{
	AUTO(buf_done) struct buf signature = BUF(SIGNATURE_MAX);
	int64_t now_s = clock_unix_us() / 1000000;
	struct err err = {0};

	if (!pg_uuid(res, row, DELIVERY, &d->id) || !pg_uuid(res, row, WEBHOOK, &d->webhook))
		abort(); /* the columns are uuid */
	d->tries = pg_i64(res, row, TRIES);
	if (sign(d, res, row, SECRET, now_s, &signature, &err) != RC_OK ||
	    sign(d, res, row, OLD_SECRET, now_s, &signature, &err) != RC_OK) {
		d->verdict = webhook_judge(NULL, &err);
		return false;
	}
	send(d, res, row, now_s, buf_str(&signature));
	return true;
}
