// SPDX-License-Identifier: Apache-2.0
#pragma once
/* What the tables of keys cannot say: whether the parts of a declaration fit together. */
#include "sync/declaration.h"
#include "sync/declaration_read.h"

/* Checks a provider that was read from `root`. */
enum rc declaration_check(
    const struct reader *r, const config_setting_t *root, const struct provider *p) MUST_USE;
