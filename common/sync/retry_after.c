// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "base/clock.h"
#include "sync/retry_after.h"

#define MS_PER_S 1000
#define WAIT_MAX_S (RETRY_AFTER_MAX_MS / MS_PER_S)

int64_t retry_after_clamp(int64_t ms)
{
	return MAX(MIN(ms, RETRY_AFTER_MAX_MS), MS_PER_S);
}

bool http_date_s(struct str s, int64_t *ret)
{
	char text[40];
	struct tm tm = {0};

	s = str_trim(s);
	if (!s.n || s.n >= sizeof text)
		return false;
	memcpy(text, s.p, s.n);
	text[s.n] = '\0';
	const char *end = strptime(text, "%a, %d %b %Y %H:%M:%S GMT", &tm);
	if (!end || *end)
		return false;
	*ret = timegm(&tm);
	return true;
}

int64_t retry_after_ms(const struct http_response *res, int64_t now_us)
{
	struct str value = str_trim(http_response_header(res, "Retry-After"));
	int64_t at, now = now_us / US_PER_S;
	double seconds;

	if (!value.n)
		return 0;
	if (str_to_double(value, &seconds))
		return seconds < 0
		           ? 0
		           : retry_after_clamp((int64_t)(MIN(seconds, (double)WAIT_MAX_S) * MS_PER_S));
	if (!http_date_s(value, &at))
		return 0;
	(void)http_date_s(http_response_header(res, "Date"), &now);
	return retry_after_clamp(MIN(MAX(at - now, 0), WAIT_MAX_S) * MS_PER_S);
}
