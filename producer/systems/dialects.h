// SPDX-License-Identifier: Apache-2.0
#pragma once
/* How each of the five systems says what is wrong: its seed's shape, codes and words. */
#include "dialect.h"

extern const struct dialect dialect_practicepanther;
extern const struct dialect dialect_highlevel;
extern const struct dialect dialect_amazon;
extern const struct dialect dialect_amazon_sync; /* of the route that begins a sync */
extern const struct dialect dialect_google;
extern const struct dialect dialect_zoho;
