// SPDX-License-Identifier: Apache-2.0
#pragma once
/* What a process runs, for /version: its build, and the libraries that it found when it was started. */
#include "io/admin.h"

/* Static; the same for every call. */
const struct admin_version *versions_all(size_t *ret_n);
