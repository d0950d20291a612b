// SPDX-License-Identifier: Apache-2.0
#pragma once
/*
 * Tells a bad record from a provider that changed: when most records cannot be stored, the task fails instead
 * of emptying the account into the quarantine.
 */
#include "base/base.h"

#define JUDGE_RECORDS_MIN 20 /* of fewer nothing is said: short pages are judged together with the next */

struct rows;

/* What was not judged yet; zero-initialise. */
struct judge {
	size_t records;
	size_t bad;
};

/* Takes a page. True, with the reason, when more than `max_percent` of the records cannot be stored (100:
 * never too many). */
bool judge_page(struct judge *j, const struct rows *page, int64_t max_percent, char *ret_reason, size_t size);
