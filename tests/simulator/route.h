// SPDX-License-Identifier: Apache-2.0
#pragma once
/* Which function answers which method and path. */
#include "simulator.h"

/* Calls the route's function, or answers 404 or 405. */
void route_begin(struct simulator *sim, struct exchange *ex);
