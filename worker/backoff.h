// SPDX-License-Identifier: Apache-2.0
#pragma once
/* Waits between tries: exponential with full jitter (AWS Architecture Blog, "Exponential Backoff And
 * Jitter"). */
#include "base/base.h"

/* A random number of milliseconds from 1 to min(max_ms, base_ms * 2^attempt). */
int64_t backoff_ms(int64_t base_ms, int64_t max_ms, int64_t attempt);
