// SPDX-License-Identifier: Apache-2.0
#pragma once
/* Secrets and signatures as Standard Webhooks 1.0.0 has them (https://www.standardwebhooks.com). Pure. */
#include "base/base.h"
#include "base/buf.h"

#define WEBHOOK_SECRET_BYTES 32
#define WEBHOOK_SECRET_TEXT_MAX 64

/* How a secret is shown to its receiver, once: "whsec_" and base64. Appends. */
void webhook_secret_show(struct str secret, struct buf *out);
/* Appends one signature, "v1,<base64>", behind a space when others stand there. */
void webhook_sign(struct str secret, struct str id, int64_t timestamp_s, struct str body, struct buf *out);
