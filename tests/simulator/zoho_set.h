// SPDX-License-Identifier: Apache-2.0
#pragma once
/* An account's settings that are Zoho's alone. */
#include "base/base.h"
#include "account.h"

#include <json-c/json.h>

void zoho_defaults(struct account *account);
/* {"token_cap": 600, "tokens_max": 3, ...}; what is not named stays. */
enum rc zoho_set(struct account *account, struct json_object *json, struct err *err) MUST_USE;
