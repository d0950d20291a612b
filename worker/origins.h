// SPDX-License-Identifier: Apache-2.0
#pragma once
/* The setting providers.origins: "practicepanther=http://127.0.0.1:9000,bench=https://proxy.example". */
#include "base/base.h"

/* Empty when that provider has none. The slice points into `origins`. */
struct str origin_of(const char *origins, const char *provider);
/* RC_INVALID says which entry is malformed or names an unknown scheme. */
enum rc origins_check(const char *origins, struct err *err) MUST_USE;
