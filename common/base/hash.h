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

/* Takes everything out of a table and calls release(element) for each; `element` and `after` are the caller's
 * variables. */
#define HASH_FREE(head, element, after, release)                                                             \
	do {                                                                                                 \
		(element) = (head);                                                                          \
		HASH_CLEAR(hh, head);                                                                        \
		for (; element; (element) = (after)) {                                                       \
			(after) = (element)->hh.next;                                                        \
			release(element);                                                                    \
		}                                                                                            \
	} while (0)
