// SPDX-License-Identifier: Apache-2.0
#pragma once
/* Which of a declaration's verdict rules an answer fits. Pure. */
#include <json.h>

#include "base/base.h"
#include "io/http.h"
#include "sync/declaration.h"

/* Larger bodies are not looked into: an error is not longer. */
#define RULES_BODY_MAX (64u << 10)

/* One answer, as rules look at it. Fill the first two; the body is parsed when the first rule asks. */
struct rules_answer {
	const struct http_response *response;
	bool cursor_sent;
	bool parsed;
	json_object *doc; /* rules_doc */
};

void rules_answer_done(struct rules_answer *a);

/* The body as JSON, or NULL when it is none or too long. Owned by the answer. */
json_object *rules_doc(struct rules_answer *a);

/* The first rule that holds, or NULL. */
const struct verdict_rule *rules_find(const struct verdict_rule *rules, size_t n, struct rules_answer *a);

/* The value at a dotted path (numbers index lists), or NULL when there is none or it is null. */
json_object *rules_value(json_object *doc, const char *path);
