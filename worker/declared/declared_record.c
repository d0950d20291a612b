// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "base/clock.h"
#include "declared_page.h"

bool reading_time(const struct column *c, const struct slice *s, int64_t *ret)
{
	int64_t n;
	if (s->kind != SLICE_STRING && s->kind != SLICE_NUMBER)
		return false;
	if (c->time == TIME_RFC3339 || c->time == TIME_NAIVE_UTC)
		return clock_parse(slice_str(*s), c->time == TIME_NAIVE_UTC, ret);
	if (!str_to_i64(slice_str(*s), &n) || n < 0 || n > INT64_MAX / US_PER_S)
		return false;
	*ret = n * (c->time == TIME_EPOCH_S ? US_PER_S : 1000);
	return true;
}

static bool says_gone(const struct deletion *d, const struct slice *s)
{
	bool text = s->kind == SLICE_STRING || s->kind == SLICE_NUMBER || s->kind == SLICE_TRUE ||
	            s->kind == SLICE_FALSE;
	for (size_t i = 0; text && i < d->equals.n; i++)
		if (str_is(slice_str(*s), d->equals.at[i]))
			return true;
	return false;
}

enum record_kind record_kind_of(const struct resource *res, const struct slice *fields)
{
	const struct deletion *d = &res->deletion;
	if (d->strategy != DELETION_FIELD || !says_gone(d, &fields[res->id.n + res->columns.n]))
		return RECORD_LIVE;
	return RECORD_GONE;
}

void reading_watermark(struct reading *r, const struct slice *fields)
{
	const struct resource *res = r->resource;
	int64_t us;
	int at = res->watermark_column;
	if (at >= 0 && reading_time(&res->columns.at[at], &fields[res->id.n + (size_t)at], &us))
		r->max_us = MAX(r->max_us, us);
}
