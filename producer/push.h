// SPDX-License-Identifier: Apache-2.0
#pragma once
/* What this program tells others without being asked: live progress and webhooks, on a session of their own.
 */
#include "base/base.h"
#include "io/loop.h"
#include "settings.h"

struct push;
struct streams;

/* `setup`: SQL of every session. The settings must outlive it. */
struct push *push_new(struct loop *loop, const struct settings *settings, const char *setup);
/* After the server. Accepts NULL. */
void push_free(struct push *p);
struct streams *push_streams(const struct push *p);
