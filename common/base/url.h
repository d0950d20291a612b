// SPDX-License-Identifier: Apache-2.0
#pragma once
/* The parts of an absolute URL that decide whom a request reaches. Slices of what was given. */
#include "base/base.h"

/* "scheme://user@host:port"; empty when there is no scheme. */
struct str url_origin(struct str url);

/* "host:port", never user, path or query. */
struct str url_host(struct str url);
