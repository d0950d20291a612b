// SPDX-License-Identifier: Apache-2.0
#pragma once
/*
 * Questions: a task of mode `ask` makes one call to the provider while somebody waits, and leaves how it was
 * answered in the table `asks`. What is declared as an ask keeps the answer's JSON; "test", unless it is
 * declared, asks for the first page of the provider's first resource, "refresh" for new tokens. Of these
 * nothing is kept.
 */
#include "base/base.h"
#include "task.h"

/*
 * What the task asks; NULL: nothing of that name is declared. `name` is the task's resource: "ask_test", of
 * `argued` questions with "_" and 16 hex digits behind it, which tell different arguments apart.
 */
const struct resource *ask_find(const struct provider *p, struct str name, bool argued);
/* Of a task just claimed: its arguments, which its row has in the place of the cursor that it cannot have. */
enum rc ask_take_arguments(struct task *t, struct err *err) MUST_USE;
/* Whether a task's resource is a question. */
bool ask_is(struct str resource);
/* Whether it asks for nothing but new tokens. */
bool ask_is_refresh(const struct provider *p, struct str name);

/* The provider's answer, or none: one refresh of the token, else the end. */
enum task_step ask_read(struct task *t, const struct http_response *res);
enum task_step ask_missing(struct task *t, const struct err *err);
/* Of that question: the step of its token, which is refreshed however good it is, and how that went. */
enum task_step ask_refresh(struct task *t);
enum task_step ask_refreshed(struct task *t, const struct verdict *v);
