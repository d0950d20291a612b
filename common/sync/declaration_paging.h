// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "sync/declaration.h"
#include "sync/declaration_read.h"

/* Whether what is declared of a list's paging fits together. */
enum rc check_paging(const struct reader *r, const config_setting_t *at, const struct listing *list) MUST_USE;
/* Whether the variable is in the path or a parameter. */
bool list_uses(const struct listing *list, enum template_variable v);
