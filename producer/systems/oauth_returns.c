// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "oauth_plan.h"
#include "statements.h"

/* clang-format off */
static const struct oauth_return rows[] = {
    {.provider = "amazon", .code = "spapi_oauth_code", .account = "selling_partner_id"},
    {.provider = "practicepanther", .connected = &sql_practicepanther_connect},
};
/* clang-format on */

const struct oauth_returns oauth_returns = {rows, ARRAY_SIZE(rows)};
