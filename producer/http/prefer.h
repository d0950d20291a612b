// SPDX-License-Identifier: Apache-2.0
#pragma once
/* RFC 7240: what a client would rather have. What is malformed or unknown counts as not said. */
#include "base/base.h"

/* The seconds of `wait` in a Prefer header (p NULL: none); 0 when it does not say. */
int64_t prefer_wait_s(struct str header);
