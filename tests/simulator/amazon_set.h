// SPDX-License-Identifier: Apache-2.0
#pragma once
/* An account's settings that are Amazon's alone. */
#include "base/base.h"
#include "account.h"

#include <json-c/json.h>

void amazon_defaults(struct account *account);
/* {"inventory_token_life": 1, "empty_every": 3, ...}; what is not named stays. */
enum rc amazon_set(struct account *account, struct json_object *json, struct err *err) MUST_USE;
