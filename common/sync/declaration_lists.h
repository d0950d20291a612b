// SPDX-License-Identifier: Apache-2.0
#pragma once
/* A resource's lists, one a phase of the walk. For the reading of declarations only. */
#include "sync/declaration.h"

/* Fills res->list but for the plans; `path` stays NULL where there is no such list. */
void lists_view(struct resource *res);
/* Makes the plans; the declaration has been checked. */
void lists_compile(struct resource *res);
