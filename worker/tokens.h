// SPDX-License-Identifier: Apache-2.0
#pragma once
/*
 * Access tokens: one refresh per connection in the fleet (invariant 10). A lease on the connection's row
 * decides who calls the token endpoint; the others read the row until the new version is there.
 */
#include "base/base.h"

struct task;
struct tokens;
struct worker;

struct tokens *tokens_new(struct worker *w);
/* Accepts NULL. */
void tokens_free(struct tokens *t);
/* Gets a newer token than the task's version; the task hears by task_token_ready. One at a time for each
 * task. */
void tokens_refresh(struct tokens *tokens, struct task *t);
/* The task does not want to hear of it any more. What is under way goes on: a rotated pair must not be lost.
 */
void tokens_forget(struct tokens *tokens, struct task *t);
