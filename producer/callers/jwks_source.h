// SPDX-License-Identifier: Apache-2.0
#pragma once
/*
 * Where a key set comes from: a file, or a URL. It is read at start and every `refresh_ms`, so that keys
 * which were taken out are forgotten; and when somebody misses a key, but not more often than every
 * `refetch_ms`, so that invented key ids cost the other side nothing. Whatever fails leaves the old set in
 * use.
 */
#include "base/base.h"
#include "io/loop.h"
#include "jwks.h"

struct http_client;
struct jwks_source;

struct jwks_source_options {
	const char *location; /* "https://..." or a file; borrowed */
	int64_t refetch_ms;
	int64_t refresh_ms;
	struct http_client *http; /* outlives the source */
};

/* Embedded by who waits for keys. */
struct jwks_wait {
	void (*done)(struct jwks_wait *wait); /* once: the set may be a new one, or not */
	struct jwks_wait *next;
};

bool jwks_is_url(const char *location);
/* The set in a file. RC_IO: unreadable. */
struct jwks *jwks_read_file(const char *path, struct err *err) MUST_USE;

struct jwks_source *jwks_source_new(struct loop *loop, const struct jwks_source_options *o);
/* Waits are dropped without their callbacks. Accepts NULL. */
void jwks_source_free(struct jwks_source *s);
/* Until the next turn of the loop; NULL while there has never been one. */
const struct jwks *jwks_source_keys(const struct jwks_source *s);
/* Looks again, for a key that is missed; false when it is too soon, and `wait` is not taken. Never calls back
 * inside. */
bool jwks_source_refetch(struct jwks_source *s, struct jwks_wait *wait) MUST_USE;
