// SPDX-License-Identifier: Apache-2.0
#pragma once
/*
 * A provider's own limits, of an account or of all accounts: calls over them are refused, and what was seen
 * is counted: the most calls in any window of the period, and the most at once. A limit with "enforce": false
 * only counts.
 */
#include "base/base.h"
#include "base/buf.h"

#include <json-c/json.h>

struct exchange;
struct limit;
struct simulator;

/* Replaces the limits of a list by those of a JSON array (README.md). */
enum rc limits_set(struct limit **list, struct json_object *json, struct err *err) MUST_USE;
void limits_clear(struct limit **list);
/* A request begins: it is counted, and refused if it is one too many. */
void limits_before(struct simulator *sim, struct exchange *ex);
/* It ended, or was abandoned. */
void limits_after(struct simulator *sim, struct exchange *ex);
/* A JSON array of the limits and of what they saw. */
void limits_write(const struct limit *list, struct buf *ret);
