// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "route_rows.h"

const struct routes routes_google = {NULL, 0};
