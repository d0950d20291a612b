// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "webhook_retry.h"

#include "base/clock.h"
#include "sync/retry_after.h"

#define MINUTE_S INT64_C(60)
#define HOUR_S INT64_C(3600)

static const int64_t schedule_s[] = {5, 5 * MINUTE_S, 30 * MINUTE_S, 2 * HOUR_S, 5 * HOUR_S, 10 * HOUR_S,
    14 * HOUR_S, 20 * HOUR_S, 24 * HOUR_S};

int64_t webhook_retry_ms(int tries, int64_t first_ms, double dice)
{
	if (tries < 1 || (size_t)tries > ARRAY_SIZE(schedule_s))
		return WEBHOOK_NO_RETRY;
	double ms = (double)first_ms * (double)schedule_s[tries - 1] / (double)schedule_s[0];

	return (int64_t)(ms * (0.9 + 0.2 * dice));
}

struct webhook_verdict webhook_judge(const struct http_response *res, const struct err *err)
{
	struct webhook_verdict v = {.status = res ? res->status : 0};

	if (!res) {
		str_copy(v.error, sizeof v.error, err->text);
		return v;
	}
	v.delivered = res->status >= 200 && res->status < 300;
	v.gone = res->status == 410;
	if (res->status == 429 || res->status == 503)
		v.hold_ms = retry_after_ms(res, clock_unix_us());
	if (!v.delivered)
		snprintf(v.error, sizeof v.error, "HTTP %d%s", res->status,
		    res->status >= 300 && res->status < 400 ? ", and redirects are not followed" : "");
	return v;
}
