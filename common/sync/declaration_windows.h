// SPDX-License-Identifier: Apache-2.0
#pragma once
/* Checks of resources that are walked by windows of time. Used by the declaration files only. */
#include "base/base.h"
#include "sync/declaration.h"
#include "sync/declaration_read.h"

/* The group "window". */
enum rc check_window(const struct reader *r, const config_setting_t *at, const struct resource *res) MUST_USE;
/* The resource's records have no identity of their own. */
enum rc check_position(
    const struct reader *r, const config_setting_t *at, const struct resource *res) MUST_USE;
