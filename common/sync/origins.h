// SPDX-License-Identifier: Apache-2.0
#pragma once
/* The setting providers.origins: "practicepanther=http://127.0.0.1:9000,bench=https://proxy.example". */
#include "base/base.h"

/* Empty when that provider has none. The slice points into `origins`. */
struct str origin_of(const char *origins, const char *provider);
/* RC_INVALID says which entry is not just a provider, http or https, a host and a port; it is not repeated.
 */
enum rc origins_check(const char *origins, struct err *err) MUST_USE;
