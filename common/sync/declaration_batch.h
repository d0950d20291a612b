// SPDX-License-Identifier: Apache-2.0
#pragma once
/* Whether the groups "batch" and "history" of a resource fit the rest of it. Private to declaration_*.c. */
#include "sync/declaration.h"
#include "sync/declaration_read.h"

enum rc check_batch(const struct reader *r, const config_setting_t *at, const struct resource *res) MUST_USE;
enum rc check_history(
    const struct reader *r, const config_setting_t *at, const struct resource *res) MUST_USE;
