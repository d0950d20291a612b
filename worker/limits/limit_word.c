// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "limit_word.h"
#include "base/clock.h"

#define RESET_MAX_US (366.0 * 86400 * US_PER_S)
#define UNITS_MAX 1e15

static bool header_number(const struct http_response *res, const char *name, double *ret)
{
	struct str value = name ? str_trim(http_response_header(res, name)) : (struct str){NULL, 0};

	return value.n && str_to_double(value, ret);
}

double limit_reset_us(const struct limit *l, double value, int64_t now_us)
{
	switch (l->reset_format) {
	case RESET_DELTA_S:
		return value * US_PER_S;
	case RESET_DELTA_MS:
		return value * US_PER_MS;
	case RESET_EPOCH_S:
		return value * US_PER_S - (double)now_us;
	case RESET_EPOCH_MS:
		return value * US_PER_MS - (double)now_us;
	}
	return 0;
}

void limit_word_of(
    const struct limit *l, const struct http_response *res, int64_t now_us, struct limit_word *ret)
{
	double value;

	*ret = (struct limit_word){.remaining = -1};
	if (header_number(res, l->header_remaining, &value))
		ret->remaining = (int64_t)MIN(MAX(value, 0), UNITS_MAX);
	if (header_number(res, l->header_reset, &value))
		ret->reset_us = (int64_t)MIN(MAX(limit_reset_us(l, value, now_us), 0), RESET_MAX_US);
	if (header_number(res, l->header_limit, &value) && value > 0)
		ret->scale = l->count / value;
	if (header_number(res, l->header_rate, &value) && value > 0)
		ret->scale = l->count / l->period_s / value;
}
