// SPDX-License-Identifier: Apache-2.0
#pragma once
/* URLs that the settings put in the place of a declaration's. */
#include "sync/declaration_read.h"

struct registry_choices;

/* In a file that was parsed; RC_INVALID: it has no such URL to replace. */
enum rc urls_choose(
    const struct reader *r, const config_setting_t *root, const struct registry_choices *choices) MUST_USE;
