// SPDX-License-Identifier: Apache-2.0
#pragma once
/* Misbehaviour, set per account while it runs. The kinds are one table, in dial_kinds.c. */
#include "base/base.h"
#include "base/buf.h"
#include "account.h"

#include <json-c/json.h>

struct exchange;
struct simulator;

/* Dials of `json` (an array of objects) are added to the account's; nothing is added when one of them is
 * wrong. */
enum rc dials_add(struct account *account, struct json_object *json, struct err *err) MUST_USE;
void dials_clear(struct account *account);

/* Before the wait: every dial of this resource counts the request, and those that hit change the answer or
 * the window. */
void dials_before(struct exchange *ex);
/* With the body made: those that hit change the body. */
void dials_after(struct simulator *sim, struct exchange *ex);

/* The account's dials as a JSON array, with what they did so far. */
void dials_write(const struct account *account, struct buf *ret);
/* The table: [{"dial", "does", "takes"}]. */
void dials_write_kinds(struct buf *ret);
/* "name","name" of the bits in `hits`. */
void dials_write_names(uint64_t hits, struct buf *ret);
