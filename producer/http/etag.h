// SPDX-License-Identifier: Apache-2.0
#pragma once
/* Validators of answers (RFC 9110, sections 8.8.3 and 13.1.2): who polls pays for what has changed only. */
#include "base/base.h"
#include "reply.h"

#define ETAG_LEN 34 /* 128 bits in hexadecimal, in quotes */

/* The strong validator of a body. */
void etag_of(struct str body, char ret[ETAG_LEN + 1]);
/* Whether an If-None-Match header (p NULL: none) names it. */
bool etag_matches(struct str if_none_match, const char *etag);
/* Adds the ETag of a 200's body; makes a 304, which goes without the body, of it when the client has the
 * same. */
void etag_apply(struct str if_none_match, struct reply *r);
