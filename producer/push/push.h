// SPDX-License-Identifier: Apache-2.0
#pragma once
/* What this program tells others without being asked: live progress and webhooks, on a session of their own.
 */
#include "base/base.h"
#include "io/loop.h"
#include "settings.h"

struct crypto_keys;
struct http_client;
struct push;
struct streams;

struct push_options {
	const struct settings *settings;
	const char *setup; /* SQL of every session */
	struct http_client *http;
	const struct crypto_keys *keys;
};

/* What the options point to must outlive it, `setup` but for this call. */
struct push *push_new(struct loop *loop, const struct push_options *o);
/* After the server. Accepts NULL. */
void push_free(struct push *p);
struct streams *push_streams(const struct push *p);
