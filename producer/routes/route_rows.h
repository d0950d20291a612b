// SPDX-License-Identifier: Apache-2.0
#pragma once
/* What the rows of several nouns share; only the files with rows include it. */
#include "base/base.h"
#include "caller.h"
#include "dialects.h"
#include "routes.h"
#include "statements.h"

#define PAGE_DEFAULT "50"
#define PAGE_MAX 200      /* items of a page, each with its tasks summed */
#define NAME_MAX_BYTES 63 /* of a resource */
#define REASON_MAX_BYTES 200

/* clang-format off */
#define TENANT {.name = "tenant_id", .from = PARAM_MADE, .type = PARAM_TENANT}
#define USER {.name = "user_id", .from = PARAM_MADE, .type = PARAM_USER}
#define OPERATES {.name = "operates", .from = PARAM_MADE, .type = PARAM_OPERATES}
#define NEW_ID(called) {.name = (called), .from = PARAM_MADE, .type = PARAM_NEW_ID}
#define PATH_ID(called) {.name = (called), .from = PARAM_PATH, .type = PARAM_UUID, .required = true}
#define LIMIT {.name = "limit", .from = PARAM_QUERY, .type = PARAM_INT, .fallback = PAGE_DEFAULT, .min = 1, .max = PAGE_MAX}
#define CURSOR {.name = "cursor", .from = PARAM_QUERY, .type = PARAM_CURSOR}
#define REASON(must) {.name = "reason", .from = PARAM_BODY, .type = PARAM_TEXT, .required = (must), .min = 1, .max = REASON_MAX_BYTES}
#define TRACEPARENT {.name = "traceparent", .from = PARAM_HEADER, .type = PARAM_TRACEPARENT}
#define IDEMPOTENCY_KEY {.name = "Idempotency-Key", .from = PARAM_HEADER, .type = PARAM_IDEMPOTENCY_KEY}
#define IF_NONE_MATCH {.name = "If-None-Match", .from = PARAM_HEADER, .type = PARAM_IF_NONE_MATCH}
/* clang-format on */

#define PARAMS(list) .params = (list), .nparams = ARRAY_SIZE(list)
#define ROWS(list)                                                                                           \
	{                                                                                                    \
		(list), ARRAY_SIZE(list)                                                                     \
	}
