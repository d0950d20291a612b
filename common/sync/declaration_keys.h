// SPDX-License-Identifier: Apache-2.0
#pragma once
/* The vocabulary of declarations, as tables. */
#include "sync/declaration_read.h"

extern const struct group declaration_group;
