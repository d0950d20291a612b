// SPDX-License-Identifier: Apache-2.0
#pragma once
/*
 * Heap memory. Nothing here returns NULL: when the system has no memory left the process aborts, since kill
 * -9 at any point is safe by design and inputs are bounded before they are allocated.
 */
#include <stddef.h>

void *mem_alloc(size_t size) __attribute__((malloc, returns_nonnull, alloc_size(1)));
void *mem_zalloc(size_t size) __attribute__((malloc, returns_nonnull, alloc_size(1)));
/* `count` zeroed elements of `size` bytes; aborts when the product overflows. */
void *mem_array(size_t count, size_t size) __attribute__((malloc, returns_nonnull, alloc_size(1, 2)));
void *mem_realloc(void *p, size_t size) __attribute__((returns_nonnull, alloc_size(2)));
char *mem_strdup(const char *s) __attribute__((malloc, returns_nonnull));
/* A NUL-terminated copy of `n` bytes. */
char *mem_strndup(const char *s, size_t n) __attribute__((malloc, returns_nonnull));
/* A NUL-terminated formatted copy. */
char *mem_printf(const char *fmt, ...) __attribute__((malloc, returns_nonnull, format(printf, 1, 2)));

/* For AUTO(mem_free_ptr) char *p. */
void mem_free_ptr(void *p);
