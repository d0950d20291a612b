// SPDX-License-Identifier: Apache-2.0
#pragma once
/* When a delivery that failed is tried again, and what an answer means. Pure. */
#include "base/base.h"
#include "io/http.h"

#define WEBHOOK_NO_RETRY (-1)

/* What came of one try. */
struct webhook_verdict {
	int status; /* 0: no answer */
	bool delivered;
	bool gone;       /* the receiver wants nothing any more */
	int64_t hold_ms; /* it asks to be left alone for so long; 0: it does not */
	char error[200]; /* when it was not delivered */
};

/*
 * The schedule of Standard Webhooks: 5 s, 5 min, 30 min, 2, 5, 10, 14, 20 and 24 h after the 1st, 2nd, ...
 * 9th try, give or take a tenth (`dice` from 0 to 1); the 10th is the last. `first_ms` stands for the 5 s,
 * and the others change in proportion.
 */
int64_t webhook_retry_ms(int tries, int64_t first_ms, double dice);
/* `res` is NULL when there was no answer, and `err` says why. */
struct webhook_verdict webhook_judge(const struct http_response *res, const struct err *err);
