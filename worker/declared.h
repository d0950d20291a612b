// SPDX-License-Identifier: Apache-2.0
#pragma once
/* What the two halves of the declared provider share. */
#include "cursor.h"
#include "provider.h"

#define US_PER_S 1000000

/* Where the walk is: from its cursor, or its beginning. `ret` is initialised. */
enum rc walk_position(const struct walk *w, struct position *ret, struct err *err) MUST_USE;

/* "scheme://host:port" of a URL; empty when it has none. */
struct str url_origin(struct str url);
