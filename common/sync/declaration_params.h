// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "sync/declaration.h"
#include "sync/declaration_read.h"

bool header_is_safe(const char *name);
/* Whether what is declared of a request can be sent. */
enum rc check_path(const struct reader *r, const config_setting_t *at, const struct template *path) MUST_USE;
enum rc check_param(const struct reader *r, const config_setting_t *at, const struct param *p) MUST_USE;
enum rc check_params(const struct reader *r, const config_setting_t *at, const struct listing *list) MUST_USE;
/* Of an ask. */
enum rc check_body_json(
    const struct reader *r, const config_setting_t *at, const struct resource *ask) MUST_USE;
