// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "base/base.h"
#include "base/buf.h"

/* Replaces the text by its gzip form, as if blanks followed it up to `bytes` in all. */
void gzip_pack(struct buf *text, size_t bytes);
