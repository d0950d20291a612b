// SPDX-License-Identifier: Apache-2.0
#pragma once
/* First include of every .c file: standard headers, ownership macros and checked casts that all layers use.
 */
#include <assert.h>
#include <inttypes.h>
#include <stdalign.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/banned.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/str.h"

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
#define MIN(a, b) ((a) < (b) ? (a) : (b))
#define MAX(a, b) ((a) > (b) ? (a) : (b))

/* The struct that embeds `member`, from a pointer to the member. */
#define CONTAINER_OF(ptr, type, member) ((type *)((char *)(ptr)-offsetof(type, member)))

/* A local that is released at the end of its scope: AUTO(free_ptr) char *p = ...; see TAKE to give it away.
 */
#define AUTO(release) __attribute__((cleanup(release)))
/* Moves ownership out of an AUTO variable: return TAKE(p); */
#define TAKE(p)                                                                                              \
	({                                                                                                   \
		__typeof__(p) take_ = (p);                                                                   \
		(p) = NULL;                                                                                  \
		take_;                                                                                       \
	})

#define PRINTF_LIKE(fmt, args) __attribute__((format(printf, fmt, args)))
#define MUST_USE __attribute__((warn_unused_result))
