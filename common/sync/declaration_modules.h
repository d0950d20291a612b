// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "sync/declaration_read.h"

/*
 * Resources that an operator adds without touching the declaration: beside provider.cfg a file
 * provider.modules lists them, and the declaration's group `module` says how each is synced. They become
 * resources of the tree: `${module}` in the group's texts is the module's name, its columns follow the
 * group's.
 */
enum rc modules_expand(const struct reader *r, config_setting_t *root) MUST_USE;
