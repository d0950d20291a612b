// SPDX-License-Identifier: Apache-2.0
#pragma once
/* What both lines of the Finances API have in common: windows of dates. */
#include "amazon.h"

/* The window of dates from two parameters; false, and an answer, when they are wrong. */
bool amazon_posted_read(struct simulator *sim, struct exchange *ex, const char *after, const char *before);
/* As amazon_page, of the events in the window that was read. */
uint64_t *amazon_posted_page(struct exchange *ex, size_t *ret_n, uint64_t *ret_next);
