// SPDX-License-Identifier: Apache-2.0
#pragma once
/* Text as a JSON string, quotes included. */
#include "base/base.h"
#include "base/buf.h"

void json_string(struct buf *ret, struct str text);
