// SPDX-License-Identifier: Apache-2.0
#pragma once
/*
 * uthash as everybody here includes it: hashing by XXH3, since uthash's own falls through its cases, which
 * clang's warnings refuse; and memory by mem.h.
 */
#include "base/base.h"

#include <xxhash.h>

#define HASH_FUNCTION(key, n, hash) ((hash) = (unsigned)XXH3_64bits((key), (n)))
#define uthash_malloc(n) mem_alloc(n)
#define uthash_free(p, n) free(p)

#include <uthash.h>
