// SPDX-License-Identifier: Apache-2.0
#pragma once
/*
 * PracticePanther's records as the swagger of its API v2 has them, as sources for template.h. What they
 * contain on purpose: times with and without a zone, null enums and refs, empty arrays, JSON escapes,
 * non-Latin scripts.
 */
#include "base/base.h"
#include "base/buf.h"

void contact_text(struct buf *ret, uint64_t *rng);
void matter_text(struct buf *ret, uint64_t *rng);
void task_text(struct buf *ret, uint64_t *rng);
