// SPDX-License-Identifier: Apache-2.0
#pragma once
/* Which of a declaration's verdict rules an answer fits. Pure. */
#include <json.h>

#include "base/base.h"
#include "io/http.h"
#include "sync/declaration.h"

/* One answer, as rules look at it. */
struct rules_answer {
	const struct http_response *response;
	json_object *doc; /* the body as JSON, or NULL */
	bool cursor_sent;
};

/* The first rule that holds, or NULL. */
const struct verdict_rule *rules_find(
    const struct verdict_rule *rules, size_t n, const struct rules_answer *a);

/* The value at a dotted path (numbers index lists), or NULL when there is none or it is null. */
json_object *rules_value(json_object *doc, const char *path);
