// SPDX-License-Identifier: Apache-2.0
#pragma once
/* What an answer's headers say of a declared limit. Pure. */
#include "base/base.h"
#include "io/http.h"
#include "sync/declaration.h"

struct limit_word {
	int64_t remaining; /* units left; -1: not said */
	int64_t reset_us;  /* from now on until it is renewed; 0: not said */
	double scale;      /* the declared rate or allowance divided by the told one; 0: not said */
};

void limit_word_of(
    const struct limit *l, const struct http_response *res, int64_t now_us, struct limit_word *ret);
/* Microseconds until the time that a header of that limit's format says; negative when it is past. */
double limit_reset_us(const struct limit *l, double value, int64_t now_us);
