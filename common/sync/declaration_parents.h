// SPDX-License-Identifier: Apache-2.0
#pragma once
/* Checks of resources that are walked once for each parent. Used by the declaration files only. */
#include "base/base.h"
#include "sync/declaration.h"
#include "sync/declaration_read.h"

/* The group "parent": what it names is there. */
enum rc check_parent(const struct reader *r, const config_setting_t *at, const struct resource *res) MUST_USE;
/* The resource's ${parent.<name>}: each is one of the parent's keys. */
enum rc check_parent_keys(
    const struct reader *r, const config_setting_t *at, const struct resource *res) MUST_USE;
